from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

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
