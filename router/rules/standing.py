"""What people may set for themselves, and what comes of it; by phone, by command or by HTTP alike."""

from dataclasses import replace
from datetime import datetime

from router.model.call import CallId, OutboundCall
from router.model.decision import CallTo
from router.model.department import DialPlan, Person
from router.model.number import NumberKind, PhoneNumber
from router.model.people import ForwardWhen, Standing
from router.rules.caller_id import choose_caller_id


def forwarded(before: Standing, person: Person, when: ForwardWhen, to: PhoneNumber | None) -> Standing:
    """to: None for no longer, which also switches off the plan's own forwarding."""
    forward = {case: number for case, number in before.forward.items() if case is not when}
    if to is not None or when in person.forward:
        forward[when] = to
    return replace(before, forward=forward)


def may_forward_to(person: str, to: PhoneNumber, plan: DialPlan, at: datetime) -> bool:
    """To a colleague, or to a number the person could call."""
    if to.kind is NumberKind.EXTENSION:
        return plan.person_of.get(to.value, person) != person
    call = OutboundCall(id=CallId(""), by=person, called=to, placed_at=at)
    return choose_caller_id(call, plan, at).to is CallTo.TRUNKS
