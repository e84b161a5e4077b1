"""Ringing people: one loop over the events of all legs, whichever order they are tried in."""

import asyncio
import contextlib
import math
import random
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from router.calls.call import Call
from router.calls.caller import DIALPLAN_LEASE_S
from router.calls.confirm import ASKED_FOR_S
from router.calls.leg import Leg
from router.calls.ringing import Ringing, said, situation_for
from router.calls.screen import ask_name
from router.model.plan import Order, Ring
from router.rules.ringing import LineUp, Offer, line_up

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Begun:
    """A ring step whose people are lined up. ends_at: loop time."""

    rings: Ringing
    lined_up: LineUp
    ends_at: float
    is_asked: bool  # for those who are to ring at once


def begin(call: Call, step: Ring) -> Begun:
    """Lines the step's people up and asks for their phones. Numbers are another matter: limits, prices, trunks."""
    ends_at = asyncio.get_running_loop().time() + step.for_s
    rings, lined_up = Ringing(call, step, ends_at=ends_at), _line_up(call, step)
    is_asked = all(offer.number is None for offer in lined_up.offers)
    if is_asked:
        rings.begin(lined_up.offers)
    return Begun(rings, lined_up, ends_at, is_asked)


async def ring(call: Call, step: Ring, begun: Begun | None = None) -> Leg | None:
    """Rings the step's people; the leg of who took the call first, None when nobody did.

    The caller hears ringing or music at once. Who could not take the call is passed over; when all have been, or
    have refused, the step ends there. The others stop ringing as "answered elsewhere".
    begun: the step, when it was begun before.
    """
    is_fresh = begun is None
    if begun is None:
        if step.screen:
            await ask_name(call)
        begun = begin(call, step)
    rings, offers = begun.rings, begun.lined_up.offers
    if step.order is Order.ROUND_ROBIN and step.department is not None and offers:
        call.exchange.state.turns[step.department] = offers[0].key
    if not begun.is_asked:
        rings.begin(offers, is_fresh=is_fresh)
    beside = _Beside(call)
    if not rings.is_over:
        beside.run(call.caller.let_hear(step.music))
    call.note(said(offers, begun.lined_up.passed_over))
    log.info("ringing", who=[str(offer) for offer in offers], order=step.order.value)
    loop = asyncio.get_running_loop()
    may_last_until = begun.ends_at + (ASKED_FOR_S if _may_ask(offers) else 0.0)
    lease_at = _lease_at(call, may_last_until)
    while True:
        taken = rings.advance()
        if taken is not None or rings.is_over:
            await beside.done()
            return taken
        if lease_at <= loop.time():
            lease_at = math.inf
            beside.run(call.caller.lease(may_last_until - loop.time()))
        with contextlib.suppress(TimeoutError):
            rings.take(await call.next(min(rings.due_at, lease_at) - loop.time()))
        beside.look()


def _lease_at(call: Call, may_last_until: float) -> float:
    """Loop time at which the caller's lease is to be made the step's own.

    While the one there is lasts that costs nobody anything; one that outlasts the step, a prompt's, would leave the
    caller to a router that hangs.
    """
    now, margin_s = asyncio.get_running_loop().time(), call.exchange.limits.lease_margin_s
    there_is = call.caller.leased_until
    is_too_long = there_is > max(may_last_until + margin_s, now + DIALPLAN_LEASE_S)
    return now if is_too_long else there_is - margin_s


def _line_up(call: Call, step: Ring) -> LineUp:
    by_chance = step.order in (Order.RANDOM, Order.WEIGHTED)
    chance = [random.random() for _ in step.targets] if by_chance else ()
    now = call.exchange.now()
    return line_up(step, call.plan, situation_for(call), now, chance=chance, declined=call.declined)


def _may_ask(offers: Iterable[Offer]) -> bool:
    """Whether somebody may pick up and take the call only after the step's end."""
    return any(offer.confirm or offer.forward for offer in offers)


class _Beside:
    """Requests for the caller while people ring. Only the end waits for them, and a failure is the story's."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._asked: list[asyncio.Task[None]] = []

    def run(self, request: Coroutine[Any, Any, None]) -> None:
        task = self._call.errands.run(request)
        task.add_done_callback(self._wake)
        self._asked.append(task)

    def _wake(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._call.wake()

    def look(self) -> None:
        """Raises what a request failed with."""
        for task in self._asked:
            if task.done():
                task.result()

    async def done(self) -> None:
        """Whoever was taken is not to be talked to while the caller's ringing is still on its way."""
        if any(not task.done() for task in self._asked):
            await asyncio.wait(self._asked)
        self.look()
