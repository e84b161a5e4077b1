"""The bench's own small ARI client: requests by HTTP, events to one reader.

Not `router.ari`, which it helps to prove. Nothing here retries or hides anything.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

Json = dict[str, Any]


class AriError(Exception):
    """Asterisk refused a request of the bench."""


class BenchAri:
    """One application on one Asterisk. on_event is called in the reader's task, in order, and must not wait."""

    def __init__(self, port: int, user: str, secret: str, app: str, on_event: Callable[[Json], None]) -> None:
        self.url = f"http://127.0.0.1:{port}/ari"
        self.app = app
        self._on_event = on_event
        token = base64.b64encode(f"{user}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}
        self._http: aiohttp.ClientSession
        self._reader: asyncio.Task[None]
        self._socket: aiohttp.ClientWebSocketResponse

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=10)
        self._http = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        try:
            self._socket = await self._http.ws_connect(f"{self.url}/events?app={self.app}", max_msg_size=0)
        except BaseException:
            await self._http.close()
            raise
        self._reader = asyncio.create_task(self._read(), name=f"events of {self.app}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()
        await self._http.close()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._on_event(json.loads(message.data))

    async def request(self, method: str, path: str, body: Json | None = None, **query: str) -> Any:
        """The JSON of the answer, None without one. Raises AriError for a status of 400 and more."""
        status, raw = await self.raw(method, path, body, **query)
        if status >= 400:
            raise AriError(f"{method} {path}: {status} {raw.decode(errors='replace')}")
        return json.loads(raw) if raw else None

    async def raw(self, method: str, path: str, body: Json | None = None, **query: str) -> tuple[int, bytes]:
        """path: parts already percent-encoded."""
        url = URL(f"{self.url}/{path}", encoded=True).with_query(query)
        async with self._http.request(method, url, json=body) as response:
            return response.status, await response.read()
