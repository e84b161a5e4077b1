"""A feed: the events of some subjects, in order, for one task to read.

Bounded and loud: a feed that overflows raises, it never drops in silence. A deque and one future in place of
asyncio.Queue: an event is taken only by code that runs to its end, so a cancelled reader loses none.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from router.ari.errors import FeedOverflow
from router.ari.models import Event


class Source(Protocol):
    """Whoever hands out events by subject: `Ari`."""

    def listen(self, subject: str, push: Callable[[Event], None]) -> Callable[[], None]: ...


class Feed:
    """Listens from construction until closed; `with` closes it."""

    __slots__ = ("_events", "_overflowed", "_size", "_source", "_unlisten", "_waiter")

    def __init__(self, source: Source, *subjects: str, size: int = 256) -> None:
        self._source = source
        self._size = size
        self._events: deque[Event] = deque()
        self._overflowed = False
        self._waiter: asyncio.Future[None] | None = None
        self._unlisten: dict[str, Callable[[], None]] = {}
        for subject in subjects:
            self.add(subject)

    def add(self, subject: str) -> None:
        """Listens to one more subject; nothing happens when it does already."""
        if subject not in self._unlisten:
            self._unlisten[subject] = self._source.listen(subject, self.push)

    def drop(self, subject: str) -> None:
        """Stops listening to a subject. What it brought before stays in the feed."""
        if unlisten := self._unlisten.pop(subject, None):
            unlisten()

    def push(self, event: Event) -> None:
        """Adds an event, from the reader or from whoever found out that one was missed."""
        if len(self._events) >= self._size:
            self._overflowed = True
        else:
            self._events.append(event)
        self._wake()

    @property
    def unread(self) -> tuple[Event, ...]:
        """What the reader has yet to see, oldest first."""
        return tuple(self._events)

    async def next(self, limit_s: float | None = None) -> Event:
        """The oldest event not read yet, waiting for one up to `limit_s` seconds (None: for ever).

        Raises TimeoutError at the limit and FeedOverflow once events were lost. For one reader at a time.
        """
        if not self._events and not self._overflowed:
            await self._wait(limit_s)
        if self._overflowed:
            raise FeedOverflow(f"more than {self._size} events waited for {', '.join(self._unlisten) or 'nothing'}")
        if not self._events:
            raise TimeoutError
        return self._events.popleft()

    async def _wait(self, limit_s: float | None) -> None:
        if self._waiter is not None:
            raise RuntimeError("a feed has one reader at a time")
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None if limit_s is None else loop.call_later(limit_s, self._wake)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Stops listening to everything. Twice is once."""
        for subject in tuple(self._unlisten):
            self.drop(subject)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
