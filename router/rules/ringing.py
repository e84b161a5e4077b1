"""Whom a ring or queue step may ring now, in which order, and why not the others.

The orders beside the strategies of Asterisk's app_queue that people know (`calc_metric` in app_queue.c):

- together: ringall.
- in-turn: linear, anew from the top for each call.
- round-robin: rrmemory. Where the next call begins is kept for the department, not for the step. app_queue begins
  after the member it rang last; here the next call begins after the one the last call rang *first*, so that a
  colleague who does not answer moves nobody's turn.
- longest-idle: leastrecent, who has not had a call yet goes first. Only calls of departments count.
- fewest-calls: fewestcalls. Counted since midnight; app_queue counts since it was started.
- random: random.
- weighted: wrandom turned round: twice the weight is twice as often first (app_queue's penalty makes it later).

Whom these cannot tell apart are rung as written. Tiers (`after`) are app_queue's penalties: no order mixes them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from router.model.department import Department, DialPlan
from router.model.ending import LegResult
from router.model.number import NumberKind, PhoneNumber
from router.model.people import ForwardWhen
from router.model.plan import Order, Queue, Ring, Target
from router.model.situation import Situation

PHONE_RINGS_FOR_S = 15.0  # where no limit is written: then the call follows the person's forwarding
_NEVER = datetime.min.replace(tzinfo=UTC)
_EVEN_CHANCE = 0.5

_ON_RESULT = {
    ForwardWhen.NO_ANSWER: LegResult.NO_ANSWER,
    ForwardWhen.BUSY: LegResult.BUSY,
    ForwardWhen.UNREGISTERED: LegResult.UNREACHABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One who may be rung. key: whom the step names, a person or the number of somebody who is none of the plan's.

    person: who is rung, another than `key` when that one forwards to a colleague. endpoint: Asterisk's dial string,
    "" when `number` is dialled by a trunk. after_s: joins so long after the step began, or at once when nobody
    rings any more. for_s: rings no longer, None for the step's own limits. confirm: must press 1.
    is_forwarded: to a number. forward: where the call goes on to, by what came of the phone.
    """

    key: str
    name: str
    person: str | None = None
    endpoint: str = ""
    number: PhoneNumber | None = None
    after_s: float = 0.0
    for_s: float | None = None
    confirm: bool = False
    is_forwarded: bool = False
    forward: Mapping[LegResult, PhoneNumber] = field(default_factory=dict)

    @property
    def whom(self) -> str:
        """Who is rung: by this name they have declined, or not."""
        return self.person or self.key

    def __str__(self) -> str:
        """In words for the trace: "alice", "alice at +447400123456", "bob for alice"."""
        if self.person is None:
            return self.key
        return f"{self.key} at {self.number}" if self.number else self._for()

    def _for(self) -> str:
        return self.whom if self.whom == self.key else f"{self.whom} for {self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUp:
    """offers: in order, earlier tiers first. passed_over: who else the step names, and why they are not rung."""

    offers: tuple[Offer, ...]
    passed_over: tuple[tuple[str, str], ...] = ()


def line_up(
    step: Ring | Queue,
    plan: DialPlan,
    situation: Situation,
    at: datetime,
    *,
    chance: Sequence[float] = (),
    declined: Collection[str] = (),
) -> LineUp:
    """Whom the step may ring at `at`.

    chance: for Order.RANDOM and WEIGHTED, a number from [0, 1) for each target, drawn by whoever asks; without,
    all are equal. declined: keys (as `Offer.whom`) of those who said no to this very call.
    """
    offers, passed_over = [], []
    offering = _Offering(step.department, step.screen, plan, situation, at, declined)
    for target in _in_order(step, situation, chance):
        found = offering.to(target, _limit_s(step))
        if isinstance(found, Offer):
            offers.append(found)
        else:
            passed_over.append((key_of(target), found))
    return LineUp(offers=tuple(offers), passed_over=tuple(passed_over))


def follow(
    offer: Offer,
    result: LegResult,
    step: Ring | Queue,
    plan: DialPlan,
    situation: Situation,
    at: datetime,
    *,
    declined: Collection[str] = (),
) -> Offer | str | None:
    """Where the person's forwarding leads once their phone came to `result`, or why not; None for nowhere."""
    to = offer.forward.get(result)
    if to is None:
        return None
    offering = _Offering(step.department, step.screen, plan, situation, at, declined)
    return offering.forwarded(replace(offer, for_s=None), to)


def refit(
    offer: Offer, step: Ring | Queue, situation: Situation, at: datetime, *, declined: Collection[str] = ()
) -> str | None:
    """Why one lined up before may not be rung any more; None when they may."""
    if offer.whom in declined:
        return "declined this call"
    if offer.person is None:
        return None
    if offer.number is None:
        return misfit(offer.person, step.department, situation, at)
    off_duty = _off_duty(offer.person, step.department, situation, at)
    return off_duty or (None if offer.is_forwarded else _engaged(offer.person, situation))


def misfit(person: str, department: str | None, situation: Situation, at: datetime) -> str | None:
    """Why a person's phone is not rung for a department's call now; None when it may be.

    department: None when their own extension was dialled: then pausing, logging out and wrapping up do not count.
    """
    activity = situation.activity(person)
    unregistered = "not registered" if activity.is_registered is False else None
    return _off_duty(person, department, situation, at) or _engaged(person, situation) or unregistered


def is_unattended(department: Department, plan: DialPlan, situation: Situation, at: datetime) -> bool:
    """Whether no member of the department could take a call now, not even where they forward it to."""
    offering = _Offering(department.key, False, plan, situation, at, ())
    members = (Target(person=key, endpoint=plan.people[key].endpoint) for key in department.members)
    return not any(isinstance(offering.to(target, PHONE_RINGS_FOR_S), Offer) for target in members)


def key_of(target: Target) -> str:
    """As `Offer.key`: the person also where it is their mobile that rings."""
    return target.person or str(target.number)


def _off_duty(person: str, department: str | None, situation: Situation, at: datetime) -> str | None:
    if department is None:
        return None
    standing, activity = situation.standing(person), situation.activity(person)
    if standing.is_paused:
        return f"paused{f': {standing.reason}' if standing.reason else ''}"
    if department in standing.logged_out:
        return f"logged out of {department}"
    if activity.wraps_up_until is not None and at < activity.wraps_up_until:
        return "wrapping up"
    return None


def _engaged(person: str, situation: Situation) -> str | None:
    activity = situation.activity(person)
    if activity.is_talking:
        return "on another call"
    return "being rung for another call" if activity.is_ringing else None


@dataclass(frozen=True, slots=True)
class _Offering:
    department: str | None
    screen: bool
    plan: DialPlan
    situation: Situation
    at: datetime
    declined: Collection[str]

    def to(self, target: Target, limit_s: float) -> Offer | str:
        """The offer for a target of the step, or why there is none. limit_s: of the step."""
        if key_of(target) in self.declined:
            return "declined this call"
        offer = Offer(
            key=key_of(target),
            person=target.person,
            name=target.name,
            endpoint=target.endpoint,
            number=target.number,
            after_s=target.after_s,
            for_s=target.for_s,
            confirm=target.confirm or self.screen,
        )
        if target.person is None:
            return offer
        if off_duty := _off_duty(target.person, self.department, self.situation, self.at):
            return off_duty
        if target.number is not None:
            return _engaged(target.person, self.situation) or offer
        return self._phone(offer, target.person, limit_s)

    def _phone(self, offer: Offer, person: str, limit_s: float) -> Offer | str:
        forward = self._forwarding(person)
        activity, engaged = self.situation.activity(person), _engaged(person, self.situation)
        if engaged:
            to = forward.get(ForwardWhen.BUSY)
            if self.department is None:
                to = to or forward.get(ForwardWhen.ALWAYS)
            elif activity.is_ringing:
                to = None  # nobody is offered two of their departments' calls at once, not on two phones either
            return self.forwarded(offer, to) if to else engaged
        if (always := forward.get(ForwardWhen.ALWAYS)) is not None:
            return self.forwarded(offer, always)
        if activity.is_registered is False:
            to = forward.get(ForwardWhen.UNREGISTERED)
            return self.forwarded(offer, to) if to else "not registered"
        if not forward:
            return offer
        for_s = offer.for_s
        if for_s is None and ForwardWhen.NO_ANSWER in forward:
            for_s = min(PHONE_RINGS_FOR_S, limit_s / 2)
        by_result = {result: forward[when] for when, result in _ON_RESULT.items() if when in forward}
        return replace(offer, for_s=for_s, forward=by_result)

    def forwarded(self, offer: Offer, to: PhoneNumber) -> Offer | str:
        """The offer in place of `offer`. Not forwarded again: two who forward to each other would never end."""
        if to.kind is not NumberKind.EXTENSION:
            return replace(offer, endpoint="", number=to, confirm=True, is_forwarded=True, forward={})
        colleague = self.plan.people.get(self.plan.person_of.get(to.value, ""))
        if colleague is None:
            return f"forwards to {to}, which is no person's extension"
        if colleague.key in self.declined:
            return f"forwards to {colleague.key}, who declined this call"
        if away := misfit(colleague.key, self.department, self.situation, self.at):
            return f"forwards to {colleague.key}: {away}"
        return replace(
            offer,
            person=colleague.key,
            name=colleague.name,
            endpoint=colleague.endpoint,
            number=None,
            forward={},
        )

    def _forwarding(self, person: str) -> Mapping[ForwardWhen, PhoneNumber]:
        known, set_by_them = self.plan.people.get(person), self.situation.standing(person).forward
        if not set_by_them:
            return known.forward if known else {}
        own = {**(known.forward if known else {}), **set_by_them}
        return {when: to for when, to in own.items() if to is not None}


def _limit_s(step: Ring | Queue) -> float:
    return step.for_s if isinstance(step, Ring) else step.each_s


def _in_order(step: Ring | Queue, situation: Situation, chance: Sequence[float]) -> list[Target]:
    """The targets by the step's order, tiers apart."""
    targets = step.targets
    match step.order:
        case Order.TOGETHER | Order.IN_TURN:
            ordered = list(targets)
        case Order.ROUND_ROBIN:
            ordered = _after(situation.turns.get(step.department or ""), targets)
        case Order.LONGEST_IDLE:
            ordered = sorted(targets, key=lambda target: _idle_since(target, situation))
        case Order.FEWEST_CALLS:
            ordered = sorted(targets, key=lambda target: _calls_today(target, situation))
        case Order.RANDOM | Order.WEIGHTED:
            ordered = _by_chance(targets, chance, is_weighted=step.order is Order.WEIGHTED)
    return sorted(ordered, key=lambda target: target.after_s)


def _after(last: str | None, targets: Sequence[Target]) -> list[Target]:
    begins = next((n + 1 for n, target in enumerate(targets) if key_of(target) == last), 0)
    return [*targets[begins:], *targets[:begins]]


def _idle_since(target: Target, situation: Situation) -> tuple[bool, datetime]:
    """A number that is nobody's comes after all people: nothing is known of it."""
    since = situation.activity(target.person).idle_since if target.person else None
    return target.person is None, since or _NEVER


def _calls_today(target: Target, situation: Situation) -> tuple[bool, int]:
    return target.person is None, situation.activity(target.person).calls_today if target.person else 0


def _by_chance(targets: Sequence[Target], chance: Sequence[float], *, is_weighted: bool) -> list[Target]:
    """Weighted: drawn without putting back, the largest u^(1/w) first (Efraimidis and Spirakis, 2006)."""
    drawn = [chance[n] if n < len(chance) else _EVEN_CHANCE for n in range(len(targets))]
    if is_weighted:
        drawn = [-(u ** (1 / max(target.weight, 1))) for u, target in zip(drawn, targets, strict=True)]
    return [targets[n] for n in sorted(range(len(targets)), key=drawn.__getitem__)]
