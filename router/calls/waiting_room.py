"""The waiting room: everyone who waits for a department's members, and the turns they are given.

One for the router, so that departments which share a member never offer two calls to that person. A turn is given
as soon as somebody is free; what becomes of it is the caller's own story (`queue`) or the call-back's.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from router.calls.staff import Staff
from router.calls.state import State
from router.model.call import CallId
from router.model.department import DialPlan
from router.model.plan import Order
from router.model.queue import Waiting
from router.model.situation import Situation
from router.rules import queue as rules
from router.rules.ringing import LineUp, Offer, line_up

_LOOK_EVERY_S = 1.0  # while anyone waits: wrapping up ends, a tier's time comes, without anything being told
_TALKS_KEPT = 20


@dataclass(slots=True, kw_only=True)
class Place:
    """One in the room. tell_news: called, without waiting, once until the offers are taken up.

    is_caller: somebody on the line, not one who is to be called back. suits: which offers are of use.
    offers: members whose turn it is to be rung, not taken up yet. pointless: why no member could come soon.
    """

    waiting: Waiting
    plan: DialPlan
    tell_news: Callable[[], None]
    is_caller: bool = True
    suits: Callable[[Offer], bool] = lambda offer: True
    offers: list[Offer] = field(default_factory=list)
    pointless: str | None = None
    has_news: bool = False

    def wake(self) -> None:
        if not self.has_news:
            self.has_news = True
            self.tell_news()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a caller may be told. position: 1 for whoever is next. minutes: None when not known, or none at all."""

    position: int
    minutes: int | None


class WaitingRoom:
    """now: aware UTC. Gives turns while `run` runs."""

    def __init__(self, staff: Staff, state: State, now: Callable[[], datetime]) -> None:
        self._staff = staff
        self._state = state
        self._now = now
        self._places: dict[str, Place] = {}
        self._talks_s: dict[str, deque[float]] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        end = self._staff.on_change(self._staff_changed)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_EVERY_S if self._places else None):
                        await self._changed.wait()
                self._changed.clear()
                self._give_turns()
        finally:
            end()

    def _staff_changed(self) -> None:
        if self._places:
            self._changed.set()

    # ---- coming and going

    def is_full(self, department: str, fullest: int) -> bool:
        return self._state.waiting.get(department, 0) >= fullest

    def enter(self, place: Place) -> None:
        self._places[place.waiting.key] = place
        self._count(place, 1)
        self._changed.set()

    def leave(self, key: str) -> None:
        """Members who were offered and not rung yet are free for others. Twice is once."""
        place = self._places.pop(key, None)
        if place is None:
            return
        self._count(place, -1)
        for offer in self.take_up(place):
            self.release(place, offer)
        self._changed.set()

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def _count(self, place: Place, more: int) -> None:
        if place.is_caller:
            department, counts = place.waiting.department, self._state.waiting
            counts[department] = counts.get(department, 0) + more
            if not counts[department]:
                del counts[department]

    # ---- turns

    def take_up(self, place: Place) -> list[Offer]:
        """The members whom the place has to ring now. Each is followed by `not_taken`, or by leaving."""
        offers, place.offers, place.has_news = place.offers, [], False
        return offers

    def not_taken(self, place: Place, offer: Offer, *, declined: Collection[str]) -> None:
        """Who did not decline may be offered it again, once the others have been.

        declined: who did, as `Offer.whom`: also a colleague to whom the member's phone is forwarded.
        """
        one = place.waiting
        place.waiting = replace(
            one,
            rung=one.rung - {offer.whom},
            missed={**one.missed, str(offer): self._now()},
            declined=one.declined.union(declined),
        )
        self._changed.set()

    def release(self, place: Place, offer: Offer) -> None:
        """A member who was reserved for the place, and whose phone does not ring for it, is free for others."""
        if offer.person is not None:
            self._staff.rings_no_more(offer.person, CallId(place.waiting.key))

    def _give_turns(self) -> None:
        look = _Look(self._state.situation, self._now())
        for place in tuple(self._places.values()):
            place.pointless = rules.nobody_there(look.there(place))
            if place.pointless and place.waiting.step.leave_when_nobody:
                place.wake()
        rung = frozenset[str]().union(*(place.waiting.rung for place in self._places.values()))

        def free(one: Waiting) -> list[Offer]:
            place = self._places[one.key]
            found = rules.candidates(one, look.free(place), look.there(place), look.at)
            return [offer for offer in found if offer.whom not in rung and place.suits(offer)]

        for one, offer in rules.turns([place.waiting for place in self._places.values()], free):
            self._offer(self._places[one.key], offer)

    def _offer(self, place: Place, offer: Offer) -> None:
        one = place.waiting
        if one.step.order is Order.ROUND_ROBIN and not one.rung and not one.missed:
            self._state.turns[one.department] = offer.key
        place.offers.append(offer)
        place.waiting = replace(one, rung=one.rung | {offer.whom})
        if offer.person is not None:
            self._staff.rings(offer.person, CallId(one.key))  # reserved, before their phone rings
        place.wake()

    # ---- what they are told

    def tell(self, place: Place) -> Told:
        """Also for one whose time is over, for whom somebody who has picked up may still decide."""
        one, look = place.waiting, _Look(self._state.situation, self._now())
        places = (self._places | {one.key: place}).values()
        others = [other.waiting for other in places if other.waiting.department == one.department]
        unserved = [other for other in others if other is one or not other.rung]
        seconds = rules.wait_s(
            rules.position(one.key, unserved),
            free=len(look.free(place).offers),
            working=len(look.there(place).offers),
            talks_s=self._talks_s.get(one.department, ()),
        )
        minutes = rules.minutes(seconds) if seconds else None
        return Told(position=rules.position(one.key, others), minutes=minutes)

    def talked(self, department: str, seconds: float) -> None:
        """One of the department's talks is over. seconds: how long it kept its member, wrapping up included."""
        self._talks_s.setdefault(department, deque(maxlen=_TALKS_KEPT)).append(seconds)


class _Look:
    """The line-ups of one moment. Those who wait in the same queue share them: many wait where many work."""

    def __init__(self, situation: Situation, at: datetime) -> None:
        self.at = at
        self._situation = situation
        self._found: dict[tuple[object, ...], LineUp] = {}

    def there(self, place: Place) -> LineUp:
        """Who could take a call of the place, now or soon."""
        return self._shared(rules.present, place)

    def free(self, place: Place) -> LineUp:
        """Who could take it now."""
        step = place.waiting.step
        if step.order not in (Order.RANDOM, Order.WEIGHTED):
            return self._shared(line_up, place)
        chance = [random.random() for _ in step.targets]  # drawn anew for each
        return line_up(step, place.plan, self._situation, self.at, chance=chance, declined=place.waiting.declined)

    def _shared(self, find: Callable[..., LineUp], place: Place) -> LineUp:
        one = place.waiting
        key = (find, place.plan.digest, one.step, one.declined)
        if key not in self._found:
            self._found[key] = find(one.step, place.plan, self._situation, self.at, declined=one.declined)
        return self._found[key]
