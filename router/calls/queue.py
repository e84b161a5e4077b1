"""Waiting for a free member: one fair queue for each department.

The caller waits in a bridge of their own, with music; phones are rung beside it as turns are given, and who takes
the call is put into the bridge. The lease is kept short and renewed, so that nobody waits for a router that is no
more.
"""

import asyncio
import contextlib
from dataclasses import replace

import structlog

from router.ari.models import Event
from router.calls.announce import NEVER, Announcer
from router.calls.call import Call
from router.calls.call_back import keep_place, may_be_called_back
from router.calls.leg import Leg
from router.calls.prompt import key_of
from router.calls.ringing import Ringing
from router.calls.screen import ask_name
from router.calls.waiting_room import Place
from router.model.ending import Ending
from router.model.number import PhoneNumber
from router.model.plan import Music, Order, Queue
from router.model.queue import Waiting
from router.rules.queue import nobody_there, present
from router.rules.ringing import Offer
from router.rules.words import duration

log = structlog.get_logger()

_LEASE_S = 40.0
_RENEWED_AFTER_S = 15.0


async def wait_turn(call: Call, step: Queue) -> Leg | Ending | None:
    """The leg of the member who took the call; the end, for a caller who is called back; None to go on."""
    now = call.exchange.now()
    if (because := _not_worth_it(call, step)) is not None:
        call.note(f"does not wait for {step.department}: {because}")
        return None
    if step.screen:
        await ask_name(call)
    waiting = Waiting(key=call.id, step=step, since=now, declined=frozenset(call.declined))
    place = Place(waiting=waiting, plan=call.plan, tell_news=call.wake)
    waited_s = call.record.waited_s
    call.note(f"waits for {step.department}")
    log.info("waiting", department=step.department, priority=step.priority)
    wait = _Wait(call, step, place)
    call.exchange.waiting.enter(place)
    try:
        came = await wait.over()
    finally:
        wait.leave()
        call.save(waited_s=waited_s + (call.exchange.now() - now).total_seconds())
    return await keep_place(call, place.waiting, came, wait.announcer) if isinstance(came, PhoneNumber) else came


def _not_worth_it(call: Call, step: Queue) -> str | None:
    exchange = call.exchange
    if exchange.waiting.is_full(step.department, step.fullest):
        return f"{step.fullest} wait already"
    if not step.leave_when_nobody:
        return None
    return nobody_there(present(step, call.plan, exchange.state.situation, exchange.now(), call.declined))


class _Wait:
    """One caller's waiting. given: members whose turn it is, until it is known what they did with it."""

    def __init__(self, call: Call, step: Queue, place: Place) -> None:
        self._call = call
        self._step = step
        self._place = place
        self._room = call.exchange.waiting
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + step.longest_s
        self._rings = Ringing(call, step, ends_at=self._ends_at)
        self._given: list[Offer] = []
        self._customer = may_be_called_back(call, step)
        offers_call_back = self._customer is not None
        self.announcer = Announcer(call, step, lambda: self._room.tell(place), offers_call_back=offers_call_back)

    async def over(self) -> Leg | PhoneNumber | None:
        """The leg that took the call, the number to call back, or None to go on."""
        await self._settle()
        renews_at = self._loop.time() + _RENEWED_AFTER_S
        while True:
            self._take_turns()
            if (taken := self._rings.advance()) is not None:
                self.announcer.stop()
                return taken
            self._look_at_given()
            if (because := self._pointless()) is not None:
                self._call.note(f"waits no more: {because}")
                self.announcer.stop()
                return None
            self.announcer.look()
            if self._loop.time() >= renews_at:
                self._call.errands.run(self._call.caller.lease(_LEASE_S))
                renews_at = self._loop.time() + _RENEWED_AFTER_S
            with contextlib.suppress(TimeoutError):
                event = await self._call.next(min(renews_at, self._due_at()) - self._loop.time())
                self._rings.take(event)
                self.announcer.take(event)
                if self._customer is not None and self._asks_for_call_back(event):
                    self._rings.stop()
                    return self._customer

    async def _settle(self) -> None:
        """Answers the caller, who hears music from now on."""
        caller = self._call.caller
        await caller.lease(_LEASE_S)
        await caller.answer()
        await caller.let_hear(Music.HOLD)

    def _due_at(self) -> float:
        rings_at = NEVER if self._rings.is_over else self._rings.due_at
        ends_at = self._ends_at if self._loop.time() < self._ends_at else NEVER
        return min(rings_at, ends_at, self.announcer.next_at)

    # ---- turns

    def _take_turns(self) -> None:
        if self._loop.time() >= self._ends_at:
            self._room.leave(self._call.id)
        offers = self._room.take_up(self._place)
        if offers:
            self._given += offers
            self._call.note(f"rings {', '.join(map(str, offers))}")
            # The room has seen to the tiers.
            self._rings.begin(replace(offer, after_s=0.0) for offer in offers)

    def _look_at_given(self) -> None:
        """Who did not take the call leaves the turn to the next.

        Not before their forwarding has been tried as well, unless others ring beside them.
        """
        over = {str(offer) for offer, _ in self._rings.over}
        for offer in tuple(self._given):
            if self._rings.is_over or (self._step.order is Order.TOGETHER and str(offer) in over):
                self._given.remove(offer)
                self._room.not_taken(self._place, offer, declined=self._call.declined)
                self._release(offer)
        self._rings.over.clear()

    def _release(self, offer: Offer) -> None:
        if offer.person not in self._call.legs.people:
            self._room.release(self._place, offer)

    def leave(self) -> None:
        """Whoever was to be rung is free for others, also where that failed."""
        self._room.leave(self._call.id)
        for offer in self._given:
            self._release(offer)

    def _pointless(self) -> str | None:
        if not self._rings.is_over or self._place.offers:
            return None
        if self._loop.time() >= self._ends_at:
            return f"{duration(self._step.longest_s)} are over"
        return self._place.pointless if self._step.leave_when_nobody else None

    def _asks_for_call_back(self, event: Event) -> bool:
        offer = self._step.call_back
        return offer is not None and key_of(self._call, event) == offer.key
