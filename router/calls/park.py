"""Parking: a party waits on a slot, with music, until any colleague's phone dials the slot."""

import asyncio
import contextlib

import structlog

from router.ari.models import Event, PlaybackFinished
from router.calls.call import Call
from router.calls.come_back import come_back
from router.calls.hand_over import ask_for, taken
from router.calls.leg import Leg
from router.calls.refer import Refer
from router.calls.talk import talk
from router.model.department import Parking
from router.model.ending import Ending
from router.model.plan import Music, RejectCause
from router.rules import endings

log = structlog.get_logger()

_TOLD_WITHIN_S = 8.0  # PlaybackFinished may never come


def free_slot(call: Call, parking: Parking) -> str | None:
    """The first slot on which nobody waits; None when all are taken."""
    return next((slot.value for slot in parking.slots if slot.value not in call.live.parked), None)


async def park(call: Call, parking: Parking, refer: Refer, by: str) -> Ending | None:
    """Parks the caller for the phone that asked; None when there is no room. Its display is not ours to write:

    the slot is said to it, digit by digit, before it is let go of.
    """
    slot = free_slot(call, parking)
    if slot is None:
        return None
    call.live.parked[slot] = call
    try:
        call.note(f"parked on {slot} by {by}")
        log.info("parked", slot=slot, by=by)
        await call.caller.lease(parking.for_s)
        await call.caller.let_hear(Music.HOLD)
        leg = await _until_taken(call, parking.for_s, refer, slot)
    finally:
        del call.live.parked[slot]
        refer.answered()
    if leg is not None:
        return await talk(call, leg)
    call.note(f"nobody took the call from {slot}")
    return await come_back(call, by)


async def _until_taken(call: Call, for_s: float, refer: Refer, slot: str) -> Leg | None:
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    saying = call.name("slot")
    call.feed.add(saying)
    media = ",".join(f"sound:digits/{digit}" for digit in slot)
    call.errands.run(refer.hear(media, saying))
    try:
        while (left_s := began_at + for_s - loop.time()) > 0:
            event: Event | None = None
            with contextlib.suppress(TimeoutError):
                event = await call.next(min(left_s, _TOLD_WITHIN_S))
            if isinstance(event, PlaybackFinished) or refer.has_left or loop.time() >= began_at + _TOLD_WITHIN_S:
                refer.answered()
                call.frees(refer.by)
            if event is not None and (leg := taken(call, event)) is not None:
                return leg
        return None
    finally:
        call.feed.drop(saying)


async def retrieve(call: Call, slot: str) -> Ending:
    """A colleague's phone has dialled a slot: it talks with whoever waits there."""
    parked = call.live.parked.get(slot)
    if parked is None:
        call.note(f"nobody is parked on {slot}")
        return endings.rejected(RejectCause.UNALLOCATED)
    call.note(f"takes the call parked on {slot}")
    return await call.until_left(ask_for(parked, by=call))
