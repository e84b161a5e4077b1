"""The hang-up scope and cleanup that runs to its end, in every order of events."""

import asyncio

import pytest

from router.calls.scope import Gone, HangupScope, HungUp, finish

LEFT = Gone(hung_up=True, cause=16)


async def test_a_hang_up_ends_the_block_at_its_wait_with_one_plain_exception() -> None:
    scope, reached = HangupScope(), []
    asyncio.get_running_loop().call_later(1.0, scope.trip, LEFT)
    with pytest.raises(HungUp) as hung_up:
        async with scope:
            reached.append("waits")
            await asyncio.sleep(10.0)
            reached.append("never")
    assert hung_up.value.gone == LEFT
    assert reached == ["waits"]
    await asyncio.sleep(1.0)  # the task is not cancelled any more


async def test_a_party_who_left_before_the_block_does_not_enter_it() -> None:
    scope = HangupScope()
    scope.trip(LEFT)
    with pytest.raises(HungUp):
        async with scope:
            raise AssertionError("not reached")


async def test_leaving_after_the_block_disturbs_nobody() -> None:
    scope = HangupScope()
    async with scope:
        pass
    scope.trip(LEFT)
    await asyncio.sleep(1.0)


async def test_the_first_leaving_counts() -> None:
    scope = HangupScope()
    scope.trip(LEFT)
    scope.trip(Gone(hung_up=False))
    assert scope.gone == LEFT


@pytest.mark.parametrize("first", ["hang-up", "shutdown"])
async def test_a_shutdown_in_the_same_tick_passes_through_as_a_cancellation(first: str) -> None:
    scope = HangupScope()

    async def call() -> None:
        async with scope:
            await asyncio.sleep(10.0)

    task = asyncio.create_task(call())
    await asyncio.sleep(0.1)
    if first == "hang-up":
        scope.trip(LEFT)
        task.cancel()
    else:
        task.cancel()
        scope.trip(LEFT)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_shutdown_alone_is_no_hang_up() -> None:
    async def call() -> None:
        async with HangupScope():
            await asyncio.sleep(10.0)

    task = asyncio.create_task(call())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_blocks_own_error_passes_through() -> None:
    with pytest.raises(KeyError):
        async with HangupScope():
            raise KeyError


async def test_cleanup_runs_to_its_end_however_often_it_is_cancelled() -> None:
    done = []

    async def cleanup() -> str:
        await asyncio.sleep(1.0)
        done.append("clean")
        return "clean"

    task = asyncio.create_task(finish(cleanup(), 5.0))
    for _ in range(3):
        await asyncio.sleep(0.1)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["clean"]


async def test_cleanup_has_a_limit() -> None:
    with pytest.raises(TimeoutError):
        await finish(asyncio.sleep(60.0), 1.0)


async def test_cleanup_that_is_not_disturbed_gives_its_result_and_its_error() -> None:
    async def fails() -> None:
        raise KeyError("what went wrong")

    assert await finish(asyncio.sleep(0.1, "result"), 1.0) == "result"
    with pytest.raises(KeyError):
        await finish(fails(), 1.0)
