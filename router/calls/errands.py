"""Requests that must reach their end whatever becomes of the call that made them.

A request cancelled on its way may still take effect: a leg created after we hung it up rings for ever. So requests
that make something run as errands, and a call lets go of what it holds only after its errands are settled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from router.ari.errors import AriError, Unreachable
from router.calls.scope import HungUp

log = structlog.get_logger()
T = TypeVar("T")

_ASKED_AGAIN_AFTER_S = 0.5


class Errands:
    """Each is owned here until done. Their time is bounded by the transport's limit on a request."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Starts `work` beside the call. An AriError of an errand nobody awaits is logged, a bug is reported."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs `work` and waits for it; cancelled meanwhile, it still reaches its end."""
        return await asyncio.shield(self.run(work))

    async def settled(self) -> None:
        """Waits until none is running."""
        while self._running:
            await asyncio.wait(self._running)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        match task.exception():
            case None:
                pass
            case AriError() | HungUp() as error:
                log.info("request failed", error=str(error))
            case error:
                log.error("errand failed", exc_info=error)


async def insist(ask: Callable[[], Awaitable[object]]) -> None:
    """For letting go: asks once more when Asterisk does not answer, and raises no AriError.

    ask: a request that may be repeated. What could not be done after all is found by the next reconciling.
    """
    for is_last in (False, True):
        try:
            await ask()
            return
        except Unreachable as error:
            if is_last:
                log.warning("could not let go", error=str(error))
                return
        except AriError as error:
            log.info("letting go was refused", error=str(error))
            return
        await asyncio.sleep(_ASKED_AGAIN_AFTER_S)
