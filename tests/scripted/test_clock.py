"""The clock that jumps."""

import asyncio

import pytest

from tests.support import clock


def test_time_jumps_to_the_next_timer_and_the_wall_clock_follows() -> None:
    async def scene() -> None:
        began_at = clock.now()
        await asyncio.sleep(86_400)
        assert clock.elapsed_s() == 86_400
        assert (clock.now() - began_at).days == 1
        assert await asyncio.to_thread(sum, [1, 2]) == 3

    clock.run(scene())


def test_a_wait_that_can_never_end_is_reported_with_the_line_that_waits() -> None:
    cleaned: list[str] = []

    async def forgotten() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("up")

    with pytest.raises(clock.Deadlock, match=r"at 0 s these wait:\n.*forgotten > .*Event.wait"):
        clock.run(forgotten())
    assert cleaned == ["up"]


def test_a_wait_kept_alive_by_periodic_timers_is_reported_too() -> None:
    async def ticks() -> None:
        while await asyncio.sleep(3600, result=True):
            pass

    with pytest.raises(clock.Deadlock, match="7 days"):
        clock.run(ticks())
