"""Room on a trunk for an emergency call when every channel is taken: another call of ours ends."""

import asyncio
import contextlib

import structlog

from router.calls.call import Call
from router.calls.leg import Leg
from router.model.decision import CallerIdDecision

log = structlog.get_logger()

_ENDED_WITHIN_S = 2.0
_LOOKS_EVERY_S = 0.05


async def make_room(call: Call, decision: CallerIdDecision) -> str | None:
    """Ends the least important outgoing call on one of the decision's trunks. Which trunk has room then."""
    found = _least_important(call, {choice.trunk for choice in decision.trunks})
    if found is None:
        return None
    other, leg = found
    log.warning("call ended to make room for an emergency call", ended=other.id, trunk=leg.trunk)
    other.note(f"ended to make room on {leg.trunk} for an emergency call")
    call.note(f"a call on {leg.trunk} is ended to make room")
    other.legs.cancel(leg)
    await _ended(call, leg)
    return leg.trunk


async def _ended(call: Call, leg: Leg) -> None:
    """Waits for a leg of another call to be over, while this call's own events are read on."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + _ENDED_WITHIN_S
    while leg.is_alive and loop.time() < ends_at:
        with contextlib.suppress(TimeoutError):
            await call.next(_LOOKS_EVERY_S)


def _least_important(call: Call, trunks: set[str]) -> tuple[Call, Leg] | None:
    """What has rung longest goes first; of talks, the one that has hardly begun. No emergency call, ever."""
    legs = [
        (other, leg)
        for other in call.live.calls.values()
        if other is not call and not other.is_emergency
        for leg in other.legs
        if leg.trunk in trunks and leg.is_alive and not leg.is_cancelled
    ]
    ringing = [(other, leg) for other, leg in legs if leg.answered_at is None]
    if ringing:
        return min(ringing, key=lambda found: found[1].dialled_at or call.exchange.now())
    return max(legs, key=lambda found: found[1].answered_at or call.exchange.now(), default=None)
