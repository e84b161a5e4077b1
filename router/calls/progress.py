"""Following a call that is going on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from router.ari.models import Event
from router.calls.call import Call
from router.rules.progress import Step, steps_of


async def steps_while_it_lasts(call: Call, look_every_s: float) -> AsyncGenerator[tuple[Step, ...], None]:
    """What is new, until the call is over; () when nothing was for `look_every_s` seconds.

    Nothing is queued for one who reads slowly: they get all that has happened meanwhile.
    """
    told: set[tuple[str, str]] = set()
    woken = asyncio.Event()

    def wake(_: Event) -> None:
        woken.set()

    call.watchers.append(wake)
    closed = asyncio.ensure_future(call.closed.wait())
    closed.add_done_callback(lambda _: woken.set())
    try:
        while True:
            woken.clear()
            is_over = call.closed.is_set()
            new = tuple(step for step in steps_of(call.as_known()) if (step.what, step.leg) not in told)
            told.update((step.what, step.leg) for step in new)
            if new:
                yield new
            if is_over:
                return
            try:
                async with asyncio.timeout(look_every_s):
                    await woken.wait()
            except TimeoutError:
                yield ()
    finally:
        closed.cancel()
        with contextlib.suppress(ValueError):
            call.watchers.remove(wake)
