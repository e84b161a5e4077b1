"""Those who are being rung for one caller: their legs from the first request to the one who takes the call.

Nothing here waits. Whoever reads the call's events passes each to `take`, then asks `advance` what has come of it,
and again at `due_at`. So one loop serves a ring step, and another, with more to do, a queue.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from router.ari.models import ChannelDtmfReceived, Event
from router.calls.alerts import limit_reached
from router.calls.call import Call
from router.calls.confirm import Asking
from router.calls.hand_over import taken
from router.calls.identity import ring_phone, shown_by_trunk
from router.calls.leg import Leg
from router.calls.ways_out import ways_left
from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, TrunkChoice
from router.model.department import Forwarded
from router.model.ending import LegResult
from router.model.plan import Order, Queue, Ring
from router.model.situation import Situation
from router.rules import endings
from router.rules.caller_id import choose_caller_id
from router.rules.identity import shown_name
from router.rules.ringing import Offer, follow, refit


@dataclass(slots=True, kw_only=True, eq=False)
class Rung:
    """One who rings, or has picked up. decision: how the number is called; left: trunks that may still be tried."""

    offer: Offer
    leg: Leg
    decision: CallerIdDecision | None = None
    left: tuple[TrunkChoice, ...] = ()
    asking: Asking | None = None

    @property
    def due_at(self) -> float:
        return self.leg.due_at if self.asking is None else self.asking.ends_at


class Ringing:
    """ends_at: loop time at which the step ends; who has picked up by then may still decide.

    over: who has been rung and did not take the call, oldest first, with what came of it. In a queue whoever is
    given to `begin` rings at once: there the waiting room says whose turn it is.
    """

    def __init__(self, call: Call, step: Ring | Queue, *, ends_at: float) -> None:
        self.over: list[tuple[Offer, LegResult]] = []
        self._call = call
        self._step = step
        self._loop = asyncio.get_running_loop()
        self._is_queue = isinstance(step, Queue)
        self._is_together = self._is_queue or step.order is Order.TOGETHER
        self._began_at = self._loop.time()
        self._ends_at = ends_at
        self._waiting: deque[Offer] = deque()
        self._rung: list[Rung] = []
        self._picked_up: Leg | None = None  # by somebody who is not rung

    @property
    def is_over(self) -> bool:
        """Nobody rings any more, and nobody is to."""
        return not self._rung and not self._waiting

    @property
    def due_at(self) -> float:
        """Loop time at which something is to be done, whatever events come."""
        due = [rung.due_at for rung in self._rung]
        if self._waiting and self._is_together:
            due.append(self._began_at + self._waiting[0].after_s)
        return min(due, default=self._loop.time())

    def begin(self, offers: Iterable[Offer], *, is_fresh: bool = True) -> None:
        """Adds those who are to be rung; who is due rings at once. is_fresh: lined up this very moment."""
        self._waiting.extend(offers)
        self._start_due(is_fresh=is_fresh)

    def take(self, event: Event) -> None:
        self._picked_up = self._picked_up or taken(self._call, event)
        if isinstance(event, ChannelDtmfReceived):
            for rung in self._rung:
                if rung.asking is not None and rung.leg.id == event.channel.id:
                    rung.asking.take(event.digit)

    def advance(self) -> Leg | None:
        """Does what is due. The leg of who has taken the call: the first in the order of the events."""
        answered = next((rung for rung in self._rung if rung.leg.is_talking), None)
        leg = answered.leg if answered is not None else self._picked_up
        if leg is not None:
            self._stop_others(answered)
            return leg
        now = self._loop.time()
        for rung in tuple(self._rung):
            self._look_at(rung, now)
        if now >= self._ends_at:
            self._waiting.clear()
        self._start_due()
        return None

    def stop(self) -> None:
        """Nobody is to be rung any more."""
        self._waiting.clear()
        for rung in self._rung:
            self._call.legs.cancel(rung.leg)
        self._rung.clear()

    # ---- who rings

    def _start_due(self, *, is_fresh: bool = False) -> None:
        """is_fresh: who waits was looked at just now."""
        due_s = math.inf if self._is_queue else self._loop.time() - self._began_at
        while self._waiting:
            if not self._rung:
                due_s = max(due_s, self._waiting[0].after_s)  # the next tier need not wait for nobody
            elif not self._is_together:
                return
            if self._waiting[0].after_s > due_s:
                return
            self._start(self._waiting.popleft(), is_fresh=is_fresh)

    def _start(self, offer: Offer, *, is_fresh: bool) -> None:
        why = "rings already" if self._rings_already(offer) else None if is_fresh else self._misfit(offer)
        if why is not None:
            self._call.note(f"passes over {offer}: {why}")
        elif offer.number is None:
            self._ring(offer)
        elif (decision := self._leaving(offer)) is not None:
            self._dial(offer, decision, decision.trunks)

    def _rings_already(self, offer: Offer) -> bool:
        """Whether that phone rings for this caller: of two who are rung, one may forward to the other."""
        reached = (offer.endpoint, offer.number)
        return any((rung.offer.endpoint, rung.offer.number) == reached for rung in self._rung)

    def _misfit(self, offer: Offer) -> str | None:
        call = self._call
        return refit(offer, self._step, situation_for(call), call.exchange.now(), declined=call.declined)

    def _ring(self, offer: Offer) -> None:
        leg = self._leg(offer, offer.endpoint)
        self._rung.append(Rung(offer=offer, leg=leg))
        ring_phone(self._call, leg, self._step)

    def _dial(self, offer: Offer, decision: CallerIdDecision, trunks: Sequence[TrunkChoice]) -> bool:
        """By the first of the trunks that may be tried now, if one may: whether it is.

        No early media: with more than one leg in the bridge nothing passes.
        """
        call = self._call
        choices = ways_left(call, trunks)
        if not choices:
            return False
        choice, *left = choices
        trunk = call.plan.trunks[choice.trunk]
        leg = self._leg(offer, choice.dial, trunk=choice.trunk)
        leg.causes = trunk.causes
        leg.shown = choice.shown or "withheld"
        if left:
            leg.silent_at = self._loop.time() + trunk.progress_s
        self._rung.append(Rung(offer=offer, leg=leg, decision=decision, left=tuple(left)))
        is_again = any(tried.person == offer.person and tried.called == leg.called for tried in call.legs)
        call.exchange.accounts.begins(leg.id, call.id, decision, call.plan, choice.trunk, again=is_again)
        call.note(f"dials {offer} by {choice.trunk}, showing {choice.shown or 'nothing'}")
        name = self._name(choice, decision.name)
        call.legs.start(leg, variables=shown_by_trunk(choice, name), originator=None)
        return True

    def _leg(self, offer: Offer, endpoint: str, *, trunk: str | None = None) -> Leg:
        now = self._loop.time()
        limits = [self._ends_at - now, self._step.each_s, offer.for_s]
        return Leg(
            id=self._call.name("leg"),
            endpoint=endpoint,
            person=offer.person,
            trunk=trunk,
            called=offer.number.value if trunk is not None and offer.number is not None else "",
            expires_at=now + min(limit for limit in limits if limit is not None),
            confirm=offer.confirm,
        )

    def _leaving(self, offer: Offer) -> CallerIdDecision | None:
        """How a number is called, by the rules and the hour of this moment; None when it may not be."""
        call, plan = self._call, self._call.plan
        assert offer.number is not None
        department = self._step.department
        if department is None and offer.person is None:  # a rule's own step: for whom the number called is
            department = plan.department_of.get(call.record.called_number, next(iter(plan.departments), None))
        outbound = OutboundCall(
            id=call.id,
            by=offer.person,
            called=offer.number,
            placed_at=call.exchange.now(),
            department=department,
            forwarded=department is not None,
            by_choice=offer.is_forwarded,
            caller=call.calling,
        )
        decision = choose_caller_id(outbound, plan, outbound.placed_at, call.exchange.state.situation)
        if decision.to is not CallTo.TRUNKS or not decision.trunks:
            if decision.exceeded:
                limit_reached(call, decision)
            call.note(f"passes over {offer}: {decision.refused or decision.because}")
            return None
        return decision

    def _name(self, choice: TrunkChoice, company: str) -> str:
        """What stands beside the number: the caller's name, the company's, or nothing beside a hidden one."""
        call = self._call
        if not choice.shown or choice.forwarded is Forwarded.OWN:
            return company if choice.shown else ""
        name = shown_name(call.calling, call.plan, self._step.label, call.looked_up)
        return name or (company if choice.shown == choice.asserted else "")

    # ---- what comes of it

    def _look_at(self, rung: Rung, now: float) -> None:
        leg, legs = rung.leg, self._call.legs
        if leg.is_asked and rung.asking is None:
            rung.asking = Asking(self._call, leg)
        elif leg.is_ringing and rung.due_at <= now:
            legs.cancel(leg, timed_out=True)
        if not leg.is_ringing:
            self._rung.remove(rung)
            self._go_on(rung, now)

    def _go_on(self, rung: Rung, now: float) -> None:
        """After a leg that came to nothing: another trunk, the person's own forwarding, or no more."""
        call, offer, leg = self._call, rung.offer, rung.leg
        result = leg.came_to
        may_try_next = endings.is_technical(result) and now < self._ends_at
        if may_try_next and rung.decision is not None and self._dial(offer, rung.decision, rung.left):
            return
        self.over.append((offer, result))
        if has_declined(leg):
            call.note(f"{offer} declined")
            call.declined.add(offer.whom)
        elif now < self._ends_at:
            self._follow(offer, result)

    def _follow(self, offer: Offer, result: LegResult) -> None:
        call, at = self._call, self._call.exchange.now()
        following = follow(offer, result, self._step, call.plan, situation_for(call), at, declined=call.declined)
        if isinstance(following, Offer):
            self._waiting.appendleft(replace(following, after_s=0.0))
        elif following is not None:
            call.note(f"passes over {offer}: {following}")

    def _stop_others(self, answered: Rung | None) -> None:
        for rung in self._rung:
            if rung is answered:
                continue
            if rung.leg.is_asked and rung.asking is not None:
                rung.asking.too_late()
            else:
                self._call.legs.cancel(rung.leg, answered_elsewhere=True)
        self._rung.clear()
        self._waiting.clear()


def has_declined(leg: Leg) -> bool:
    """Whether the person said no. Many phones send "busy" for the reject key: then they have rung before it."""
    return leg.came_to is LegResult.REJECTED or (leg.came_to is LegResult.BUSY and leg.rang_at is not None)


def situation_for(call: Call) -> Situation:
    """The situation as this call is to see it: whom it rings itself is not being rung for another."""
    situation, own = call.exchange.state.situation, call.legs.people
    if not own:
        return situation
    return replace(situation, activities=call.exchange.staff.seen_by(call.id, own))


def said(offers: Sequence[Offer], passed_over: Sequence[tuple[str, str]]) -> str:
    """A line for the trace."""
    rings = ", ".join(map(str, offers)) or "nobody"
    not_rung = "; ".join(f"{who} {why}" for who, why in passed_over)
    return f"rings {rings}{f' ({not_rung})' if not_rung else ''}"
