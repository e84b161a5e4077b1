"""One inbound call, from the decision to the end."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import structlog

from router.calls import ring
from router.calls.call import Call
from router.calls.dead_end import dead_end
from router.calls.menu import ask
from router.calls.prompt import play
from router.calls.queue import wait_turn
from router.calls.take_message import take_message
from router.calls.talk import talk
from router.dialplan.replay import noted
from router.model.call import InboundCall
from router.model.decision import RoutingDecision
from router.model.ending import Ending
from router.model.plan import DeadEnd, Menu, Play, Queue, Reject, Ring, Voicemail
from router.model.record import DecisionInputs
from router.rules import endings
from router.rules.explain import step_line
from router.rules.inbound import choose, route

log = structlog.get_logger()

_LOOKS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A decided call. ringing: of the plan's first step, when its people are asked for already."""

    decision: RoutingDecision
    inputs: DecisionInputs
    ringing: ring.Begun | None


def begin(call: Call, facts: InboundCall) -> Begun:
    """Decides, and asks for the phones that are to ring at once.

    Nothing is written down and nothing asked of the caller: whether the call is ours may not be known yet.
    """
    decision = route(facts, call.plan, facts.arrived_at, call.exchange.state.situation)
    inputs = _noted(call, decision, facts.arrived_at)
    match decision.plan.steps:
        case (Ring(screen=False) as step, *_) if call.caller.is_ours is not False:
            return Begun(decision, inputs, ring.begin(call, step))
        case _:
            return Begun(decision, inputs, None)


async def is_ours(call: Call, begun: Begun) -> bool:
    """Whether the call came to us; waits until that is known, and until what was begun is asked for."""
    await asyncio.sleep(0)
    while call.caller.is_ours is None:
        with contextlib.suppress(TimeoutError):
            event = await call.next(_LOOKS_EVERY_S)
            if begun.ringing is not None:
                begun.ringing.rings.take(event)
    return call.caller.is_ours


async def handle(call: Call, facts: InboundCall) -> Ending:
    """Carries a colleague's call to an extension. Never raises because of the caller."""
    begun = begin(call, facts)
    await is_ours(call, begun)
    return await go_on(call, facts, begun)


async def go_on(call: Call, facts: InboundCall, begun: Begun) -> Ending:
    """Carries an inbound call that is ours."""
    decision = begun.decision
    if decision.block is not None:
        call.exchange.state.hit(decision.block)
    decided(call, decision, inputs=begun.inputs)
    return await call.until_left(follow(decision, call, facts, begun.ringing))


async def follow(
    decision: RoutingDecision, call: Call, facts: InboundCall, begun: ring.Begun | None = None
) -> Ending:
    """The plan's steps, read downwards: each ends the call or falls through to the next. begun: the first."""
    steps = deque(decision.plan.steps)
    while steps:
        match steps.popleft():
            case Play(sound=sound, answers=answers):
                await play(call, sound, answers=answers)
            case Ring() as step:
                call.serving = step.department
                leg, begun = await ring.ring(call, step, begun), None
                if leg is not None:
                    return await talk(call, leg)
            case Queue() as step:
                call.serving = step.department
                came = await wait_turn(call, step)
                if isinstance(came, Ending):
                    return came
                if came is not None:
                    return await talk(call, came)
            case Menu() as step:
                decision = await _chosen(call, step, facts, decision)
                steps = deque(decision.plan.steps)
            case Voicemail() as step:
                return await take_message(call, step)
            case DeadEnd(for_s=for_s):
                return await dead_end(call, for_s)
            case Reject(cause=cause, prompt=prompt):
                call.note(f"rejects as {cause.value}")
                if prompt is not None:
                    await play(call, prompt, answers=False)
                return endings.rejected(cause)
            case unknown:
                assert_never(unknown)  # mypy proves the list complete
    return endings.unanswered(call.legs.results)


async def _chosen(call: Call, menu: Menu, facts: InboundCall, before: RoutingDecision) -> RoutingDecision:
    """The decision that follows from what the caller presses."""

    def decide(key: str) -> RoutingDecision | None:
        at, situation = call.exchange.now(), call.exchange.state.situation
        return choose(key, menu, facts, call.plan, at, situation, before=before)

    key, decision = await ask(call, menu, decide)
    inputs = call.record.inputs
    pressed, pressed_at = (*inputs.pressed, key), (*inputs.pressed_at, call.exchange.now())
    decided(call, decision, before, inputs=replace(inputs, pressed=pressed, pressed_at=pressed_at))
    return decision


def _noted(call: Call, decision: RoutingDecision, at: datetime) -> DecisionInputs:
    """What the call was decided by, so that it can be decided again."""
    situation = call.exchange.state.situation
    block = next((block for block in situation.blocks if block.key == decision.block), None)
    return noted(call.record.inputs, situation, at, busy=call.exchange.staff.notable, block=block)


def decided(
    call: Call, decision: RoutingDecision, before: RoutingDecision | None = None, **more: DecisionInputs
) -> None:
    log.info("decided", department=decision.department, because=decision.because)
    call.save(
        department=decision.department if before is None else decision.department or call.record.department,
        is_open=decision.is_open if decision.department or before is None else call.record.is_open,
        rule=decision.rule if before is None else call.record.rule,
        because=decision.because if before is None else f"{call.record.because}; {decision.because}",
        steps=(*call.record.steps, *map(step_line, decision.plan.steps)),
        **more,
    )
