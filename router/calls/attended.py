"""Attended transfer: a colleague talks with two, and leaves them to each other (REFER with Replaces, RFC 5589).

Which call goes on is decided by whom it belongs to: the one whose caller stays. When both callers were the
colleague's own phone, the first party becomes the caller of a new call.
"""

import structlog

from router.ari.models import Channel
from router.calls.call import Call
from router.calls.hand_over import Comes, give_caller, give_leg
from router.calls.leg import Leg
from router.calls.parties import on_its_own
from router.calls.refer import Refer
from router.calls.talk import talk
from router.dialplan.numbers import read_number
from router.model.call import endpoint_of
from router.model.ending import Ending, Party
from router.rules import endings

log = structlog.get_logger()


def consulted(call: Call, second: Channel, by: str) -> Call | None:
    """The other call of the same colleague, whose channel the REFER names; None for anybody else's."""
    if call.plan.person_at.get(endpoint_of(second.name)) != by:
        return None
    other = call.live.call_with(second.id)
    return other if other is not call else None


async def join(call: Call, partner: Leg, refer: Refer, other: Call, second: Channel) -> Ending | None:
    """Bridges the parties of both calls. second: the colleague's channel in the other. None: it has just ended."""
    theirs = other.partner
    if theirs is None or not theirs.is_talking or other.caller.hangup.gone is not None:
        return None
    call.note(f"{refer.by} joins it with the call {other.id}")
    other.note(f"{refer.by} joins it with the call {call.id}")
    log.info("attended transfer", by=refer.by, other=other.id)
    other_stays = theirs.id == second.id  # the colleague was called: the caller of the other call is the party
    if refer.leg is not None:
        leg = give_caller(other, to=call) if other_stays else give_leg(theirs, of=other, to=call)
        refer.answered()
        return await talk(call, leg)
    call.ends_as = endings.answered(Party.CALLER)
    if other_stays:
        other.feed.push(Comes(leg=give_leg(partner, of=call, to=other)))
    else:
        _together(call, partner, other, theirs, refer)
    refer.answered()
    await refer.over()
    return call.ends_as


def _together(call: Call, partner: Leg, other: Call, theirs: Leg, refer: Refer) -> None:
    """Neither call's caller stays."""
    met: list[Leg] = []

    async def story(new: Call) -> Ending:
        return await new.until_left(talk(new, met[0]))

    called = read_number(other.record.called_number, call.plan)
    new = on_its_own(partner, of=call, by=refer.by or "", story=story, called=called)
    met.append(give_leg(theirs, of=other, to=new))
