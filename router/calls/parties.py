"""A party whom a colleague called, and now leaves to others, goes on as the caller of a call of its own."""

from router.ari.models import Channel
from router.calls.call import Call, Story
from router.calls.exchange import new_call_id
from router.calls.hand_over import give_leg, who
from router.calls.leg import Leg
from router.model.call import Direction
from router.model.number import PhoneNumber
from router.model.record import CallRecord, DecisionInputs


def on_its_own(leg: Leg, *, of: Call, by: str, story: Story, called: PhoneNumber) -> Call:
    """Makes the leg's channel the caller of a new call. called: where it goes, as its record says."""
    party = who(leg, of)
    now = of.exchange.now()
    record = CallRecord(
        id=new_call_id(now),
        direction=Direction.OUTBOUND if leg.trunk else Direction.INTERNAL,
        channel=leg.id,
        caller_number=party.shown,
        caller_name=party.name,
        called_number=str(called),
        called_country=called.country,
        called_type=called.use,
        called_raw=str(called),
        arrived_at=now,
        router=of.exchange.router,
        trunk=leg.trunk,
        person=by,
        department=of.record.department,
        dialplan=of.plan.digest,
        inputs=DecisionInputs(
            caller=party.number.raw if party.number else "", name=party.name, called=str(called), is_internal=True
        ),
        transferred_from=of.id,
    )
    channel = Channel(id=leg.id, name=f"{leg.endpoint}-", state="Up")
    new = of.live.carry(channel, story, called_raw=str(called), record=record, plan=of.plan)
    new.calling = party
    give_leg(leg, of=of, to=new)
    return new
