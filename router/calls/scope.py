"""Two small pieces of structure: a scope that ends when a party hangs up, and cleanup that runs to its end."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """How a channel left us. hung_up: False when it went back to the dialplan, as when its lease ran out.

    given: it did not leave, but belongs to another call now. cause: Q.850, tech_cause: SIP status or None.
    """

    hung_up: bool
    given: bool = False
    cause: int = 16
    tech_cause: int | None = None


class HungUp(Exception):
    """The party a scope listens for has left."""

    def __init__(self, gone: Gone) -> None:
        super().__init__(f"left with cause {gone.cause}")
        self.gone = gone


class HangupScope:
    """A scope like `asyncio.timeout()`, tripped by an event in place of a clock.

    It takes note from construction on: entering it after the party left raises `HungUp` at once. Inside, `trip`
    cancels the task at its current wait and leaving the block turns that into one plain `HungUp`. A shutdown's
    own cancellation passes through as CancelledError, also when both come in the same tick. Entered once.
    """

    def __init__(self) -> None:
        self.gone: Gone | None = None
        self.tripped = asyncio.Event()
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._cancelled_by_us = False

    def trip(self, gone: Gone) -> None:
        """The party left. Synchronous, may be called again; the first time counts."""
        if self.gone is not None:
            return
        self.gone = gone
        self.tripped.set()
        if self._task is not None:
            self._cancelled_by_us = True
            self._task.cancel()

    async def __aenter__(self) -> Self:
        if self.gone is not None:
            raise HungUp(self.gone)
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancelling = self._task.cancelling()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if not self._cancelled_by_us or task is None or self.gone is None:
            return
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise HungUp(self.gone) from error


async def finish(work: Awaitable[T], limit_s: float) -> T:
    """Runs `work` to its end even when we are cancelled meanwhile, again and again; then passes that on.

    Cleanup goes through here, otherwise a second cancellation leaks legs and bridges.
    Raises TimeoutError when the work takes longer than `limit_s` seconds, and what the work raises.
    """
    task = asyncio.ensure_future(_within(work, limit_s))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen, so that it is not reported as never retrieved
        raise cancelled
    return task.result()


async def _within(work: Awaitable[T], limit_s: float) -> T:
    async with asyncio.timeout(limit_s):
        return await work
