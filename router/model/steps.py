"""The steps of a department, an inbound rule or a menu, as written: names not yet looked up for one call."""

from dataclasses import dataclass

from router.model.number import PhoneNumber
from router.model.plan import Announcements, CallBackOffer, DeadEnd, Music, Order, Play, Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One who may be rung. person: key, None for a bare number. is_owner: who looks after the caller, by contacts.

    number: rung by a trunk in place of the person's phone, as their mobile is. after_s: joins so long after the
    step began, or at once when nobody rings any more. for_s: a limit of their own. weight: for Order.WEIGHTED, at
    least 1. confirm: must press 1 before the caller is connected.
    """

    person: str | None
    number: PhoneNumber | None = None
    after_s: float = 0.0
    for_s: float | None = None
    weight: int = 1
    confirm: bool = False
    is_owner: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RingStep:
    """members: departments already expanded, in the order written, nobody twice.

    screen: the caller says their name first, and who answers hears it and decides. ringtone: Alert-Info of the
    phones, "" for their own.
    """

    members: tuple[Member, ...]
    for_s: float
    order: Order
    each_s: float | None
    music: Music
    screen: bool = False
    ringtone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStep:
    """Callers wait their turn for members who are free. each_s: how long one phone rings for one caller.

    longest_s: a caller who has waited so long goes on to the next step. fullest: with so many waiting, a new caller
    goes on at once. leave_when_nobody: so does everyone when no member could take a call soon (all logged out,
    paused or without a phone), now or later.
    """

    members: tuple[Member, ...]
    order: Order
    each_s: float
    longest_s: float
    fullest: int
    leave_when_nobody: bool = True
    announce: Announcements | None = None
    call_back: CallBackOffer | None = None
    screen: bool = False
    ringtone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailStep:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class HopStep:
    """Goes on in another department, by that department's own hours.

    priority: of the caller in a queue there, higher first; ringtone: of its phones; each kept from there on.
    """

    department: str
    priority: int = 0
    ringtone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuStep:
    menu: str


DepartmentStep = Play | RingStep | QueueStep | VoicemailStep | HopStep | MenuStep | Reject | DeadEnd
