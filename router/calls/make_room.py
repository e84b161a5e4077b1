"""Room on a trunk for an emergency call when every channel is taken: another ends, of ours or of a dialplan."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from router.calls.call import Call
from router.calls.leg import Leg
from router.model.call import CallId
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan

if TYPE_CHECKING:
    from router.calls.live import Live

log = structlog.get_logger()

_ENDED_WITHIN_S = 2.0
_LOOKS_EVERY_S = 0.05
_AT_ONCE_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """A call that has a channel of a trunk and may be ended. since: it rings, or talks if it has been answered.

    end: begins to end it, saying which trunk it is ended on. is_over: whether the channel is free.
    """

    call: CallId
    trunk: str
    since: datetime
    has_answered: bool
    end: Callable[[], None]
    is_over: Callable[[], bool]


Elsewhere = Callable[[Collection[str]], Awaitable[list[Occupant]]]  # of calls we do not carry, on these trunks


async def make_room(call: Call, decision: CallerIdDecision) -> str | None:
    """Ends the least important outgoing call on the decision's trunks of one country. Which has room then."""
    occupant = await free_channel(call.live, _in_one_country(call.plan, decision))
    if occupant is None:
        return None
    call.note(f"a call on {occupant.trunk} is ended to make room")
    await _ended(call, occupant)
    return occupant.trunk


async def make_room_at_once(live: "Live", decision: CallerIdDecision, plan: DialPlan) -> CallerIdDecision:
    """For an emergency call that a dialplan carries: it waits for us no longer than a moment, then dials anyway.

    The decision, with the trunk first on which room is made.
    """
    if not decision.trunks or not live.exchange.trunks.is_full(plan.trunks[decision.trunks[0].trunk]):
        return decision
    occupant = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_AT_ONCE_S):
            occupant = await free_channel(live, _in_one_country(plan, decision))
    if occupant is None:
        return decision
    for _ in range(round(_AT_ONCE_S / _LOOKS_EVERY_S)):
        if occupant.is_over():
            break
        await asyncio.sleep(_LOOKS_EVERY_S)
    return with_room(decision, occupant.trunk)


def with_room(decision: CallerIdDecision, trunk: str) -> CallerIdDecision:
    """The decision with the trunk first on which room was made."""
    return replace(decision, trunks=tuple(sorted(decision.trunks, key=lambda choice: choice.trunk != trunk)))


async def free_channel(live: "Live", trunks: Collection[str]) -> Occupant | None:
    """Begins to end the least important call on one of these trunks; None where there is none."""
    elsewhere = await live.elsewhere(trunks)
    found = least_important([*occupants(live, trunks), *elsewhere])
    if found is not None:
        log.warning("call ended to make room for an emergency call", ended=found.call, trunk=found.trunk)
        found.end()
    return found


def least_important(occupants: Collection[Occupant]) -> Occupant | None:
    """What has rung longest goes first; of talks, the one that has hardly begun."""
    ringing = [occupant for occupant in occupants if not occupant.has_answered]
    if ringing:
        return min(ringing, key=lambda occupant: occupant.since)
    return max(occupants, key=lambda occupant: occupant.since, default=None)


def occupants(live: "Live", trunks: Collection[str]) -> Iterator[Occupant]:
    """Of our own calls. No emergency call, ever."""
    for call in live.calls.values():
        for leg in call.legs if not call.is_emergency else ():
            if leg.trunk is not None and leg.trunk in trunks and leg.is_alive and not leg.is_cancelled:
                yield _occupant(call, leg, leg.trunk)


def _occupant(call: Call, leg: Leg, trunk: str) -> Occupant:
    def end() -> None:
        call.note(f"ended to make room on {trunk} for an emergency call")
        call.legs.cancel(leg)

    return Occupant(
        call=call.id,
        trunk=trunk,
        since=leg.answered_at or leg.dialled_at or call.exchange.now(),
        has_answered=leg.answered_at is not None,
        end=end,
        is_over=lambda: not leg.is_alive,
    )


def _in_one_country(plan: DialPlan, decision: CallerIdDecision) -> set[str]:
    """The decision's trunks that lead where the first one does: by the others help may not be the nearest."""
    country_of = {choice.trunk: plan.trunks[choice.trunk].country or plan.country for choice in decision.trunks}
    return {trunk for trunk, country in country_of.items() if country == country_of[decision.trunks[0].trunk]}


async def _ended(call: Call, occupant: Occupant) -> None:
    """Waits for another call to be over, while this call's own events are read on."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + _ENDED_WITHIN_S
    while not occupant.is_over() and loop.time() < ends_at:
        with contextlib.suppress(TimeoutError):
            await call.next(_LOOKS_EVERY_S)
