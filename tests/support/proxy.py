"""A TCP proxy whose connections can be cut, in place of a network cable."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes between whoever connects to `port` on loopback and `to_port`."""

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.accepted = 0
        self._to_port = to_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._refuses = False

    def cut(self, *, refuse: bool = False) -> None:
        """Resets every connection; with `refuse` new ones too, until `mend`."""
        self._refuses = refuse
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self._refuses = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        self.accepted += 1
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there_writer}
        try:
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        finally:
            for each in (writer, there_writer):
                self._writers.discard(each)
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut(refuse=True)
