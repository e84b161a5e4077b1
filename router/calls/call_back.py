"""A waiting caller who presses a key is called back: they hang up and keep their place."""

from router.calls.announce import Announcer
from router.calls.call import Call
from router.dialplan.numbers import public_number, read_number
from router.model.call import Direction, OutboundCall
from router.model.decision import CallTo
from router.model.ending import Ending, Party
from router.model.number import PhoneNumber
from router.model.plan import Queue
from router.model.queue import CallBack, Waiting, call_back_key
from router.rules import endings
from router.rules.caller_id import choose_caller_id


def may_be_called_back(call: Call, step: Queue) -> PhoneNumber | None:
    """The number to call, None when it is not offered, withheld, or none that our trunks may call."""
    number = public_number(call.record.caller_number, call.plan.country)
    if step.call_back is None or call.record.direction is not Direction.INBOUND or number is None:
        return None
    by = next((target.person for target in step.targets if target.endpoint), None)
    facts = OutboundCall(
        id=call.id, by=by, called=number, placed_at=call.exchange.now(), department=step.department
    )
    decision = choose_caller_id(facts, call.plan, at=facts.placed_at)
    return number if by is not None and decision.to is CallTo.TRUNKS else None


async def keep_place(call: Call, one: Waiting, customer: PhoneNumber, announcer: Announcer) -> Ending:
    """Notes the customer, tells them so and lets them go. Who asks twice keeps the earlier place."""
    state = call.exchange.state
    if call_back_key(one.department, customer.value) not in state.call_backs:
        state.keep_call_back(
            CallBack(
                department=one.department,
                number=customer,
                name=call.record.caller_name,
                called=read_number(call.record.called_raw, call.plan, call.trunk),
                call=call.id,
                router=call.exchange.router,
                since=one.since,
                asked_at=call.exchange.now(),
                priority=one.step.priority,
            )
        )
    call.is_called_back = True
    call.note(f"asks to be called back by {one.department}")
    await announcer.confirm_call_back()
    return endings.call_back(Party.US)
