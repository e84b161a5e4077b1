"""What was logged, and a way to wait for it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Never

import structlog

Entry = MutableMapping[str, Any]


class Logs:
    """A structlog processor that keeps entries and prints none."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._came = asyncio.Event()

    def __call__(self, logger: object, method: str, entry: Entry) -> Never:
        self.entries.append(entry)
        self._came.set()
        raise structlog.DropEvent

    def of(self, level: str) -> list[Entry]:
        return [entry for entry in self.entries if entry["level"] == level]

    async def first(self, level: str) -> Entry:
        """The first entry of a level, once it is there."""
        while not self.of(level):
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), timeout=5)
        return self.of(level)[0]
