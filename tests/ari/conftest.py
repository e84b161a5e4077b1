import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import structlog
import uvloop

from router.ari.http import HttpTransport
from tests.ari.logs import Logs
from tests.ari.server import AriServer


@pytest.fixture
async def server() -> AsyncIterator[AriServer]:
    async with AriServer() as server:
        yield server


@pytest.fixture
async def http(server: AriServer) -> AsyncIterator[HttpTransport]:
    async with HttpTransport(server.access) as http:
        yield http


@pytest.fixture
def logs() -> Iterator[Logs]:
    logs = Logs()
    structlog.configure(processors=[structlog.processors.add_log_level, logs])
    yield logs
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.ari.socket.FIRST_PAUSE_S", 0.001)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop the service runs on, whose clock and transports differ from asyncio's own."""
    return {"uvloop": uvloop.new_event_loop}
