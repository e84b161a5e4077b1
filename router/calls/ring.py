"""Ringing people: one loop over the events of all legs, whichever order they are tried in."""

import asyncio
import contextlib
import random

import structlog

from router.calls.call import Call
from router.calls.confirm import ASKED_FOR_S
from router.calls.leg import Leg
from router.calls.ringing import Ringing, said, situation_for
from router.calls.screen import ask_name
from router.model.plan import Order, Ring
from router.rules.ringing import LineUp, line_up

log = structlog.get_logger()


async def ring(call: Call, step: Ring) -> Leg | None:
    """Rings the step's people; the leg of who took the call first, None when nobody did.

    The caller hears ringing or music at once. Who could not take the call is passed over; when all have been, or
    have refused, the step ends there. The others stop ringing as "answered elsewhere".
    """
    if step.screen:
        await ask_name(call)
    loop = asyncio.get_running_loop()
    rings = Ringing(call, step, ends_at=loop.time() + step.for_s)
    lined_up = _line_up(call, step)
    # Errands begin in the order they are given, and the phones are to ring first of all.
    rings.begin(lined_up.offers)
    beside = []
    if not rings.is_over:
        beside = [
            call.errands.run(call.caller.let_hear(step.music)),
            call.errands.run(call.caller.lease(step.for_s + (ASKED_FOR_S if _may_ask(lined_up) else 0.0))),
        ]
    call.note(said(lined_up.offers, lined_up.passed_over))
    try:
        if beside:
            await asyncio.wait(beside)
    finally:  # behind the requests, which are on their way by now
        log.info("ringing", who=[str(offer) for offer in lined_up.offers], order=step.order.value)
    for errand in beside:
        errand.result()
    while True:
        taken = rings.advance()
        if taken is not None or rings.is_over:
            return taken
        with contextlib.suppress(TimeoutError):
            rings.take(await call.next(rings.due_at - loop.time()))


def _line_up(call: Call, step: Ring) -> LineUp:
    by_chance = step.order in (Order.RANDOM, Order.WEIGHTED)
    chance = [random.random() for _ in step.targets] if by_chance else ()
    now = call.exchange.now()
    lined_up = line_up(step, call.plan, situation_for(call), now, chance=chance, declined=call.declined)
    if step.order is Order.ROUND_ROBIN and step.department is not None and lined_up.offers:
        call.exchange.state.turns[step.department] = lined_up.offers[0].key
    return lined_up


def _may_ask(lined_up: LineUp) -> bool:
    """Whether somebody may pick up and take the call only after the step's end."""
    return any(offer.confirm or offer.forward for offer in lined_up.offers)
