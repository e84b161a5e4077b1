"""Music that leads nowhere, for callers who would only try again when refused."""

import asyncio
import contextlib

from router.calls.call import Call
from router.model.ending import Ending
from router.model.plan import Music, RejectCause
from router.rules import endings
from router.rules.words import duration


async def dead_end(call: Call, for_s: float) -> Ending:
    """Lets the caller hear music until they give up, `for_s` seconds at most."""
    ending = call.ends_as = endings.rejected(RejectCause.REJECTED)  # the dialplan would ring people for them
    call.note(f"music for {duration(for_s)} at most, then the end")
    await call.caller.lease(for_s)
    await call.caller.answer()
    await call.caller.let_hear(Music.HOLD)
    ends_at = asyncio.get_running_loop().time() + for_s
    with contextlib.suppress(TimeoutError):
        while True:
            await call.next(ends_at - asyncio.get_running_loop().time())
    return ending
