"""An event loop whose clock jumps to the next timer: a ring of 20 s takes no time, and takes exactly 20 s.

Nothing on it is real: no sockets, and work given to a thread is done at once. So when nothing is ready and no timer
is set, nothing will ever happen, and that is said at once in place of a test that hangs.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import CoroutineType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

A_TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Europe/London"))
_LONGEST_S = 7 * 86_400.0  # periodic timers would keep a forgotten wait alive for ever
_AT_ONCE_S = 1e-6  # sums such as 0.1 + 0.2 and 0.3 are the same moment


class Deadlock(AssertionError):
    """Tasks wait, and nothing that could wake them will ever happen."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """starts_at: aware, what `now` says at the beginning; `time` begins at 0."""

    def __init__(self, starts_at: datetime = A_TUESDAY) -> None:
        self._passed_s = 0.0
        self._starts_at = starts_at.astimezone(UTC)
        super().__init__(_Jump(self._jump))
        self._clock_resolution = _AT_ONCE_S

    def time(self) -> float:
        return self._passed_s

    def now(self) -> datetime:
        """The wall clock: aware, UTC, moving with `time`."""
        return self._starts_at + timedelta(seconds=self._passed_s)

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Does the work here and now: a thread would finish at some other moment on every run."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            raise Deadlock(f"nothing will ever happen; at {self._passed_s:g} s these wait:\n{self._waiting()}")
        self._passed_s += timeout
        if self._passed_s > _LONGEST_S:
            raise Deadlock(
                f"{_LONGEST_S / 86_400:g} days passed and it is not over; these wait:\n{self._waiting()}"
            )

    def _waiting(self) -> str:
        return "\n".join(sorted(f"  {task.get_name()}: {_where(task)}" for task in asyncio.all_tasks(self)))


class _Jump(selectors.DefaultSelector):
    """Where a loop would sleep until a socket is ready or a timer is due."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            self._jump(timeout)
        return ready


def _where(task: asyncio.Task[Any]) -> str:
    """File, line and name of each await, outermost first: the last one is what the task waits for."""
    steps: list[str] = []
    awaited: object = task.get_coro()
    while isinstance(awaited, CoroutineType) and awaited.cr_frame is not None:
        code = awaited.cr_frame.f_code
        steps.append(f"{code.co_filename.rpartition('/')[2]}:{awaited.cr_frame.f_lineno} {code.co_qualname}")
        awaited = awaited.cr_await
    return " > ".join(steps) or repr(task)


def run(main: Coroutine[Any, Any, T], *, starts_at: datetime = A_TUESDAY) -> T:
    """Runs `main` on a clock that jumps, from `starts_at` on. What it leaves running is cancelled."""
    with asyncio.Runner(loop_factory=lambda: JumpingLoop(starts_at)) as runner:
        try:
            return runner.run(main)
        except Deadlock:
            with suppress(Deadlock):
                runner.close()  # cleanup may wait for ever as well; the first report is the one to show
            raise


def now() -> datetime:
    """The wall clock of the running JumpingLoop: aware, UTC."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop), "this test does not run on the jumping clock"
    return loop.now()


def elapsed_s() -> float:
    """Seconds since the running loop began."""
    return asyncio.get_running_loop().time()
