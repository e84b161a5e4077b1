"""The self-test of emergency calls: one call to a site's test number, by the trunks that help would be called by.

Nobody's phone is in it; what became of it says the record. It ends no other call, and gives way to one for help.
"""

import asyncio
import contextlib
import math
from dataclasses import dataclass

import structlog

from router.ari.models import Channel
from router.calls.call import Call, Story
from router.calls.exchange import OURS, new_call_id
from router.calls.identity import may_leave, shown_by_trunk
from router.calls.leg import Leg
from router.calls.live import Live
from router.calls.outbound import until_answered
from router.dialplan.replay import trunks_noted
from router.model.call import CallId, Direction
from router.model.decision import CallerIdDecision, TrunkChoice
from router.model.department import DialPlan
from router.model.ending import Ending, Party
from router.model.limits import Site
from router.model.plan import RejectCause
from router.model.record import CallRecord, DecisionInputs
from router.rules import endings
from router.rules.self_test import RULE, call_from, self_test

log = structlog.get_logger()

LISTENS_S = 10.0  # to what the far end reads back


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A test that has begun. decision: what will be sent, by which trunks in turn."""

    call: CallId
    site: Site
    decision: CallerIdDecision


def place(live: Live, plan: DialPlan, site_key: str) -> Placed:
    """Begins a test. Raises ValueError, saying why, where none can be made."""
    site = plan.sites.get(site_key)
    if site is None:
        raise ValueError(f"no site is called {site_key!r}; known: {', '.join(plan.sites) or 'none'}")
    if live.is_draining:
        raise ValueError("the router is stopping and takes no new calls")
    if any(call.record.rule == RULE for call in live.calls.values()):
        raise ValueError("a test is going on; wait for its end")
    if not site.test_number:
        raise ValueError(f"the site {site.key} has no test_number: its country has none, or the plan does not say")
    exchange, now = live.exchange, live.exchange.now()
    call_id, situation = new_call_id(now), exchange.state.situation
    decision = self_test(call_from(call_id, site, now), plan, now, situation)
    if not decision.trunks:
        raise ValueError(decision.because)
    log.info("emergency test", site=site.key, number=site.test_number)
    channel = Channel(id=f"{OURS}{call_id}.test", name=f"test-{site.key}", state="Down")
    record = CallRecord(
        id=call_id,
        direction=Direction.OUTBOUND,
        channel=channel.id,
        caller_number=str(site.caller_id),
        caller_name=f"emergency test of {site.key}",
        called_number=site.test_number,
        called_raw=site.test_number,
        arrived_at=now,
        router=exchange.router,
        dialplan=plan.digest,
        rule=RULE,
        because=decision.because,
        shown=decision.trunks[0].shown,
        steps=tuple(f"dial {choice.trunk}" for choice in decision.trunks),
        inputs=DecisionInputs(called=site.test_number, site=site.key, trunks=trunks_noted(situation)),
    )
    live.carry(channel, _story(site, decision), called_raw=site.test_number, record=record, plan=plan)
    return Placed(call=call_id, site=site, decision=decision)


def _story(site: Site, decision: CallerIdDecision) -> Story:
    async def story(call: Call) -> Ending:
        call.note(f"tests {site.test_number} for {site.key}: {site.location}")
        last: Leg | None = None
        for choice in decision.trunks:
            if not may_leave(call, choice):
                continue
            last = await _try(call, choice, decision)
            if last.is_talking:
                return await _listen(call, last)
        if last is None:
            return endings.rejected(RejectCause.CONGESTION)
        return endings.ending_of_outgoing(last.came_to, last.cause or 0)

    return story


async def _try(call: Call, choice: TrunkChoice, decision: CallerIdDecision) -> Leg:
    """As for help: the next trunk is tried after whatever became of this one."""
    now, trunk = asyncio.get_running_loop().time(), call.plan.trunks[choice.trunk]
    is_last = choice is decision.trunks[-1]
    leg = Leg(
        id=call.name("leg"),
        endpoint=choice.dial,
        trunk=choice.trunk,
        called=decision.called.value,
        shown=choice.shown,
        expires_at=now + call.exchange.limits.outgoing_rings_s,
        silent_at=math.inf if is_last else now + trunk.progress_s,
        causes=trunk.causes,
    )
    call.note(f"dials {choice.trunk}, showing {choice.shown}")
    call.legs.start(leg, variables=shown_by_trunk(choice, decision.name), originator=None)
    await until_answered(call, leg)
    return leg


async def _listen(call: Call, leg: Leg) -> Ending:
    call.save(answered_at=leg.answered_at)
    ends_at = asyncio.get_running_loop().time() + LISTENS_S
    while leg.is_alive and (left_s := ends_at - asyncio.get_running_loop().time()) > 0:
        with contextlib.suppress(TimeoutError):
            await call.next(left_s)
    return endings.answered(Party.US if leg.is_alive else Party.CALLEE, leg.cause or 16)
