"""A party whom nobody took comes back to the colleague who passed them on or parked them."""

from router.calls.call import Call
from router.calls.ring import ring
from router.calls.take_message import take_message
from router.calls.talk import talk
from router.model.ending import Ending, Party
from router.model.plan import Ring, Target, Voicemail
from router.rules import endings
from router.rules.inbound import PERSON_RINGS_FOR_S
from router.rules.layers import department_for


async def come_back(call: Call, by: str) -> Ending:
    """Rings the phone of `by` again; else the department's voicemail, where it has one, ends the call."""
    person = call.plan.people[by]
    call.note(f"returns to {by}")
    call.frees(by)
    call.serving = None
    target = Target(person=by, endpoint=person.endpoint, name=person.name)
    step = Ring(department=None, targets=(target,), for_s=PERSON_RINGS_FOR_S, label="returned")
    leg = await ring(call, step)
    if leg is not None:
        return await talk(call, leg)
    key = call.record.department or department_for(by, call.plan)
    department = call.plan.departments.get(key or "")
    if department is None or department.mailbox is None:
        return endings.answered(Party.US)
    box = department.mailbox
    step_on = Voicemail(department=department.key, greeting=box.greeting, longest_s=box.longest_s)
    return await take_message(call, step_on)
