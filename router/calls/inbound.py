"""One inbound call, from the decision to the end."""

from typing import assert_never

import structlog

from router.calls.call import Call
from router.calls.prompt import play
from router.calls.ring import ring
from router.calls.take_message import take_message
from router.calls.talk import talk
from router.model.call import InboundCall
from router.model.ending import Ending
from router.model.plan import Play, Reject, Ring, RoutePlan, Voicemail
from router.rules import endings
from router.rules.explain import step_line
from router.rules.inbound import route

log = structlog.get_logger()


async def handle(call: Call, facts: InboundCall) -> Ending:
    """Carries an inbound call, or a colleague's call to an extension. Never raises because of the caller."""
    decision = route(facts, call.plan, at=facts.arrived_at)
    log.info("decided", department=decision.department, because=decision.because)
    call.save(
        department=decision.department,
        is_open=decision.is_open,
        rule=decision.rule,
        because=decision.because,
        steps=tuple(map(step_line, decision.plan.steps)),
    )
    return await call.until_left(follow(decision.plan, call))


async def follow(plan: RoutePlan, call: Call) -> Ending:
    """The plan's steps, read downwards: each ends the call or falls through to the next."""
    for step in plan.steps:
        match step:
            case Play(sound=sound, answers=answers):
                await play(call, sound, answers=answers)
            case Ring():
                leg = await ring(call, step)
                if leg is not None:
                    return await talk(call, leg)
            case Voicemail():
                return await take_message(call, step)
            case Reject(cause=cause):
                call.note(f"rejects as {cause.value}")
                return endings.rejected(cause)
            case _:
                assert_never(step)  # mypy proves the list complete
    return endings.unanswered(call.legs.results)
