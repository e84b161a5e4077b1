"""Calling customers back when it is their turn: a member's phone rings first, then the customer's.

The customer is dialled through the one gate of all outgoing calls. An entry outlives the router, and stays until
somebody of the department has talked with the customer or it is given up.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from router.calls import arrival, outbound
from router.calls.call import Call, Story
from router.calls.live import Live
from router.calls.ringing import has_declined
from router.calls.waiting_room import Place
from router.model.call import InboundCall
from router.model.caller import CallerId
from router.model.department import DialPlan
from router.model.ending import Ending, LegResult
from router.model.plan import Order, Queue
from router.model.queue import CallBack, Waiting
from router.rules import endings
from router.rules import queue as rules
from router.rules.inbound import queue_of
from router.rules.ringing import Offer

_LOOK_EVERY_S = 1.0  # while there are entries


class CallBacks:
    """Gives this router's entries their places in the waiting room, and carries out their turns, while it runs."""

    def __init__(self, live: Live, plan: Callable[[], DialPlan]) -> None:
        self._live = live
        self._plan = plan
        self._exchange = live.exchange
        self._room = live.exchange.waiting
        self._state = live.exchange.state
        self._changed = asyncio.Event()
        self._under_way: set[str] = set()  # a member's phone rings, or the customer's
        self._placed: dict[str, Place] = {}

    async def run(self) -> None:
        end = self._exchange.staff.on_change(self._staff_changed)
        try:
            while True:
                if self._state.call_backs or self._placed:
                    await asyncio.sleep(_LOOK_EVERY_S)
                else:
                    await self._changed.wait()
                self._changed.clear()
                self._look()
        finally:
            end()
            for key in tuple(self._placed):
                self._leave(key)

    def _staff_changed(self) -> None:
        if self._state.call_backs:
            self._changed.set()

    def _look(self) -> None:
        now, entries = self._exchange.now(), self._state.call_backs
        for key in self._placed.keys() - entries.keys() - self._under_way:
            self._leave(key)
        for key, entry in tuple(entries.items()):
            if key in self._under_way:
                continue
            if (because := rules.call_back_is_over(entry, now)) is not None:  # also of a router that is no more
                self._leave(key)
                self._state.end_call_back(entry, because)
                continue
            if entry.router != self._exchange.router:
                continue
            step = self._step(entry) if rules.call_back_is_due(entry, now) else None
            if step is None or not self._is_current(self._placed.get(key)):
                self._leave(key)
            if step is not None and not self._live.is_draining and key not in self._placed:
                self._enter(entry, step)

    def _is_current(self, place: Place | None) -> bool:
        return place is not None and place.plan is self._plan() and not self._live.is_draining

    def _step(self, entry: CallBack) -> Queue | None:
        """The queue the customer stands in by the plan and at the hour of now; None while it is closed."""
        now = self._exchange.now()
        as_it_came = InboundCall(
            id=entry.call,
            caller=CallerId(number=entry.number, name=entry.name),
            called=entry.called,
            arrived_at=now,
        )
        return queue_of(entry.department, as_it_came, self._plan(), now, self._state.situation)

    def _enter(self, entry: CallBack, step: Queue) -> None:
        order = Order.IN_TURN if step.order is Order.TOGETHER else step.order  # one attempt at a time
        its = replace(step, priority=entry.priority, order=order)
        place = Place(
            waiting=Waiting(key=entry.key, step=its, since=entry.since),
            plan=self._plan(),
            tell_news=lambda: self._serve(place),
            is_caller=False,
            suits=lambda offer: bool(offer.endpoint),  # a mobile's voicemail would talk with the customer
        )
        self._placed[entry.key] = place
        self._room.enter(place)

    def _leave(self, key: str) -> None:
        self._placed.pop(key, None)
        self._room.leave(key)

    def _serve(self, place: Place) -> None:
        """A member's turn: their phone rings."""
        entry = self._state.call_backs.get(place.waiting.key)
        for offer in self._room.take_up(place):
            if entry is None or not self._is_current(place):
                self._room.not_taken(place, offer, declined=())
                self._room.release(place, offer)
                continue
            self._under_way.add(entry.key)
            self._live.ring_first(
                offer.whom,
                entry.number.value,
                self._story(place, entry, offer),
                department=entry.department,
                because=f"call back for {entry.department}, asked for at {entry.asked_at:%Y-%m-%d %H:%M %Z}",
                transferred_from=entry.call,
            )

    def _story(self, place: Place, entry: CallBack, offer: Offer) -> Story:
        async def story(call: Call) -> Ending:
            try:
                return await self._call_back(call, place, entry, offer)
            finally:
                self._under_way.discard(entry.key)
                self._room.release(place, offer)

        return story

    async def _call_back(self, call: Call, place: Place, entry: CallBack, offer: Offer) -> Ending:
        leg = arrival.first_leg(call, offer.whom, place.waiting.step.each_s)
        shown = f"call back: {entry.name or entry.number}"
        ending = await outbound.ring_first(call, leg, entry.number.value, shown)
        if ending is not None:
            self._room.not_taken(place, offer, declined={offer.whom} if has_declined(leg) else ())
            self._rest_if_nobody_takes_it(place)
            return ending
        self._leave(entry.key)
        current = self._state.call_backs.get(entry.key)
        if current is None:
            call.note("somebody has talked with the customer meanwhile")
            return endings.unanswered((LegResult.CANCELLED,))
        self._attempted(call, current)
        call.serving = entry.department
        call.occupies(offer.whom, entry.department)
        self._room.release(place, offer)  # they talk: their phone rings no more
        return await arrival.placed(call, offer.whom, department=entry.department)

    def _rest_if_nobody_takes_it(self, place: Place) -> None:
        """Everyone who is there has been rung: their phones are left in peace for a while."""
        one, now = place.waiting, self._exchange.now()
        there = rules.present(one.step, place.plan, self._state.situation, now, one.declined).offers
        entry = self._state.call_backs.get(one.key)
        if entry is not None and all(str(offer) in one.missed for offer in there):
            self._leave(one.key)
            self._state.keep_call_back(replace(entry, next_at=now + rules.CALL_BACK_PAUSE))

    def _attempted(self, call: Call, entry: CallBack) -> None:
        """Counted before the customer is dialled: a router that dies meanwhile does not begin anew."""
        attempts = entry.attempts + 1
        call.note(f"attempt {attempts} of {rules.CALL_BACK_ATTEMPTS}")
        next_at = self._exchange.now() + rules.CALL_BACK_PAUSE
        self._state.keep_call_back(replace(entry, attempts=attempts, next_at=next_at))
