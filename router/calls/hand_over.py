"""Parties that go from one live call to another: nothing that happens to them is missed on the way.

The books of both calls change in one tick. The call that a party leaves ends by itself: its talk finds the partner
gone, or its caller's scope trips; whatever else it holds it lets go of as ever.
"""

import asyncio
from typing import Any

import structlog

from router.ari.events import subjects
from router.ari.models import Event
from router.calls.call import Call
from router.calls.leg import Leg
from router.calls.scope import Gone
from router.dialplan.dialling import read_dialled
from router.model.call import endpoint_of
from router.model.caller import CallerId
from router.model.ending import Ending
from router.model.plan import RejectCause
from router.rules import endings

log = structlog.get_logger()

_TAKEN_WITHIN_S = 2.0


class Comes(Event, frozen=True, kw_only=True):
    """Told to a call that was given a leg: it takes the place of the one it talked with."""

    leg: Any  # a Leg; events are structs, which cannot hold it by its name


class Wanted(Event, frozen=True, kw_only=True):
    """Told to a call whose caller somebody wants to talk with: by picking it up, or from a parking slot."""

    by: Any  # a Call


def give_leg(leg: Leg, *, of: Call, to: Call) -> Leg:
    """Makes a leg of one call a leg of another. As the other knows it."""
    unread = [event for event in of.feed.unread if leg.id in subjects(event)]
    given = Leg.of(leg.record())
    given.is_dialled, given.party = True, who(leg, of)
    given.ended_at = given.result = given.cause = None
    to.is_emergency |= of.is_emergency
    to.legs.add(given)  # before it is released: in neither call it would be on nobody's account any more
    of.legs.release(leg)
    of.wake()
    for event in unread:
        to.feed.push(event)
    return given


def give_caller(of: Call, *, to: Call) -> Leg:
    """Makes the caller's channel of one call a leg of another, which thereby ends."""
    endpoint = endpoint_of(of.channel.name)
    person = of.plan.person_at.get(endpoint)
    leg = Leg(
        id=of.channel.id,
        endpoint=endpoint,
        person=person,
        trunk=of.trunk if person is None else None,
        party=of.calling,
        answered_at=of.exchange.now(),
        is_created=True,
        is_dialled=True,
    )
    to.is_emergency |= of.is_emergency
    to.legs.add(leg)
    of.caller.hangup.trip(Gone(hung_up=True, given=True))
    return leg


def who(leg: Leg, call: Call) -> CallerId:
    """Whom a leg of the call reaches, as a colleague's phone is to show them."""
    if leg.party is not None:
        return leg.party
    person = call.plan.people.get(leg.person or "")
    if person is not None and leg.trunk is None:
        return CallerId(number=person.extension, name=person.name)
    return CallerId(number=read_dialled(call.record.called_raw, call.plan, call.record.person).called)


async def ask_for(other: Call, *, by: Call) -> Ending:
    """Offers the caller of `by` to another call, which decides in its own time, once, whom it goes on with.

    When it takes them, this call's scope trips; else this returns, and they are refused.
    """
    await by.caller.answer()
    await by.caller.lease(0)
    by.wants = other.id
    other.feed.push(Wanted(by=by))
    try:
        await asyncio.sleep(_TAKEN_WITHIN_S)  # cut short by the scope
    finally:
        by.wants = None
    by.note("came too late")
    return endings.rejected(RejectCause.REJECTED)


def taken(call: Call, event: Event) -> Leg | None:
    """For a call that could do with whoever wants its caller: they are its leg from now on. None for all else."""
    if not isinstance(event, Wanted) or event.by.wants != call.id or event.by.caller.hangup.gone is not None:
        return None
    event.by.wants = None
    event.by.note(f"goes on in the call {call.id}")
    log.info("caller taken", by=event.by.record.person, from_call=event.by.id)
    return give_caller(event.by, to=call)
