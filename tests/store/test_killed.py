"""A router killed at any step of keeping a message: the message is there once, or Asterisk still has it.

A child process is killed (SIGKILL) at its n-th step that touches the disk or the database, for each n until it
comes to the end. What it leaves is then what the next start finds.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event
from sqlalchemy.engine import Engine

from router.model.message import DeliveryState
from router.store.database import migrate, open_store
from router.store.engines import Database
from router.store.schema import messages
from tests.support.messages import facts, speech

MOST_STEPS = 60


def killed_at(step: int, url: str, sounds: Path) -> bool:
    """Keeps a message in a child process that is killed before its step number `step`. False if there was none."""
    child = os.fork()
    if child == 0:
        try:
            count_down(step)
            asyncio.run(keep_and_recover(url, sounds))
        except BaseException:
            os._exit(2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def count_down(step: int) -> None:
    """From here on each step counts, and the n-th ends the process."""
    left = step

    def counted(work: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            tick()
            return work(*args, **kwargs)

        return counting

    def tick(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = counted(os.fsync)
    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    Path.open = counted(Path.open)  # type: ignore[method-assign]
    event.listen(Engine, "before_cursor_execute", tick)
    event.listen(Engine, "commit", tick)
    event.listen(Engine, "engine_disposed", tick)


async def keep_and_recover(url: str, sounds: Path) -> None:
    store = await open_store(url, sounds)
    await store.keep(speech(1), facts())
    await store.close()


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded")
def test_a_message_is_never_lost_and_never_doubled(url: str, tmp_path: Path) -> None:
    asyncio.run(migrate(url))
    safe_on_disk = False
    for step in range(1, MOST_STEPS):
        sounds = tmp_path / f"sounds-{step}"
        asyncio.run(no_messages(url))
        is_killed = killed_at(step, url, sounds)
        was_there = asyncio.run(next_start(url, sounds, is_safe=safe_on_disk))
        safe_on_disk = safe_on_disk or was_there
        assert sorted(path.name for path in sounds.rglob("*")) == ["incoming", "vm-1.json", "vm-1.wav"]
        if not is_killed:
            break
    else:
        pytest.fail(f"still not through after {MOST_STEPS} steps")
    assert safe_on_disk
    assert step > 10


async def next_start(url: str, sounds: Path, *, is_safe: bool) -> bool:
    """Whether the message was there by itself; then fetches it once more from Asterisk, as a router does.

    is_safe: a kill at an earlier step left it safe, so that this one must have too.
    """
    store = await open_store(url, sounds)
    await store.recover()
    was_there = await store.message("vm-1") is not None
    assert was_there or not is_safe

    kept = await store.keep(speech(1), facts())

    assert await store.read_sound(kept) == speech(1)
    [(message, delivery)] = await store.deliveries()
    assert message == kept
    assert delivery.state is DeliveryState.WAITING
    assert delivery.attempts == 0
    await store.close()
    return was_there


async def no_messages(url: str) -> None:
    database = Database(url)
    async with database.writing(durable=True) as connection:
        await connection.execute(delete(messages))
    await database.close()
