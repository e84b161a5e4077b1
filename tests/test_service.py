"""The service's supervision of its parts, without any of them."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from router.console.door import Unavailable
from router.service import Service
from router.service.doors import _place
from tests.support.clock import run


async def supervised(part: Any) -> "asyncio.Task[None]":
    task = asyncio.create_task(Service._supervised(cast(Any, None), "part", part))
    await asyncio.sleep(1.0)
    return task


def test_a_part_that_fails_is_started_again() -> None:
    starts: list[float] = []

    async def fails() -> None:
        starts.append(asyncio.get_running_loop().time())
        raise RuntimeError("a bug")

    async def main() -> None:
        task = await supervised(fails)
        await asyncio.sleep(200.0)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    run(main())
    assert starts[:6] == [0.0, 2.0, 6.0, 14.0, 30.0, 60.0], "sooner at first, every 30 s in the end"


def test_a_part_that_had_been_well_is_started_again_at_once() -> None:
    starts: list[float] = []

    async def fails_now_and_then() -> None:
        starts.append(asyncio.get_running_loop().time())
        await asyncio.sleep(3600.0)
        raise RuntimeError("a bug")

    async def main() -> None:
        task = await supervised(fails_now_and_then)
        await asyncio.sleep(9000.0)
        task.cancel()
        await asyncio.wait({task})

    run(main())
    assert starts == [0.0, 3602.0, 7204.0]


def test_a_port_that_is_taken_is_told_in_one_line_without_a_traceback() -> None:
    async def listens() -> None:
        raise OSError(98, "address already in use: 127.0.0.1:4573")

    async def main() -> None:
        task = await supervised(listens)
        await asyncio.sleep(300.0)
        task.cancel()
        await asyncio.wait({task})

    with capture_logs() as logs:
        run(main())

    assert len(logs) == 1, "and once only"
    assert "127.0.0.1:4573" in logs[0]["error"] and "settings" in logs[0]["do"]
    assert "exc_info" not in logs[0]


def test_click_to_call_is_refused_while_asterisk_is_away() -> None:
    service = SimpleNamespace(socket=SimpleNamespace(is_connected=False))

    with pytest.raises(Unavailable, match="not connected to Asterisk"):
        _place(cast(Any, service), "alice", "020 7946 0999", None)


def test_a_part_that_fails_while_it_stops_does_not_keep_the_router() -> None:
    """With a full disk the router did not stop: the journal was started anew instead."""

    async def stops_badly() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise OSError("no space left on device")

    async def main() -> None:
        task = await supervised(stops_badly)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=60.0)
        assert done

    run(main())
