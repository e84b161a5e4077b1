"""Picking up: a colleague's phone takes a call that rings at another's."""

import structlog

from router.calls.call import Call
from router.calls.hand_over import ask_for
from router.model.ending import Ending
from router.model.plan import RejectCause
from router.rules import endings

log = structlog.get_logger()


async def pick_up(call: Call, argument: str) -> Ending:
    """argument: extension of the person or department it rings at; "" for any of the person's own departments.

    Of several the one that came first. Whether somebody answers it meanwhile is decided by that call, once.
    """
    ringing = _ringing(call, argument)
    if ringing is None:
        call.note(f"nothing rings at {argument or 'a department of theirs'} that could be picked up")
        return endings.rejected(RejectCause.UNALLOCATED)
    call.note(f"picks up the call {ringing.id}")
    log.info("picks up", by=call.record.person, ringing=ringing.id)
    return await call.until_left(ask_for(ringing, by=call))


def _ringing(call: Call, argument: str) -> Call | None:
    if call.record.person is None:
        return None
    plan = call.plan
    person, department = plan.person_of.get(argument), plan.department_of.get(argument)
    if argument and person is None and department is None:
        return None
    mine = {key for key, one in plan.departments.items() if call.record.person in one.members}
    wanted = {department} if argument else mine
    for other in call.live.calls.values():  # in the order they came
        # Whose channel is the caller's own is rung first, to place a call: nobody waits there yet.
        legs = [leg for leg in other.legs if leg.is_ringing and leg.id != other.channel.id]
        rung = {leg.person for leg in legs if leg.person is not None}
        if (
            other is not call
            and other.caller.is_ours
            and rung
            and (person in rung if person is not None else other.serving in wanted)
        ):
            return other
    return None
