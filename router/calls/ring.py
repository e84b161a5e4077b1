"""Ringing people: one loop over the events of all legs, whichever order they are tried in."""

import asyncio
from collections import deque

import structlog

from router.calls.call import Call
from router.calls.leg import Leg
from router.model.plan import Order, Ring, Target

log = structlog.get_logger()


async def ring(call: Call, step: Ring) -> Leg | None:
    """Rings the step's people; the leg that answered first, None when nobody did.

    The caller hears ringing or music at once. Who is not registered or on another call through us is passed over;
    when all have been, or have refused, the step ends there. The others stop ringing as "answered elsewhere".
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + step.for_s
    waiting = deque(target for target in step.targets if not _is_busy(call, target))
    who = [target.person or str(target.number) for target in waiting]
    ringing: list[Leg] = []
    beside: list[asyncio.Task[None]] = []
    if waiting:
        # Errands begin in the order they are given, and the phones are to ring first of all.
        _start_next(call, step, waiting, ringing, ends_at)
        beside = [
            call.errands.run(call.caller.let_hear(step.music)),
            call.errands.run(call.caller.lease(step.for_s)),
        ]
    call.note(f"rings {', '.join(who) or 'nobody: all are on other calls'}")
    log.info("ringing", who=who, order=step.order.value)
    if beside:
        await asyncio.wait(beside)
        for errand in beside:
            errand.result()

    while True:
        if answered := _first_answered(ringing):
            for leg in ringing:
                if leg is not answered:
                    call.legs.cancel(leg, answered_elsewhere=True)
            return answered
        ringing = [leg for leg in ringing if leg.is_ringing]
        if not ringing and waiting:
            _start_next(call, step, waiting, ringing, ends_at)
        if not ringing:
            return None
        now = loop.time()
        try:
            await call.next(min(leg.expires_at for leg in ringing) - now)
        except TimeoutError:
            for leg in ringing:
                if leg.expires_at <= loop.time():
                    call.legs.cancel(leg, timed_out=True)
            if loop.time() >= ends_at:
                waiting.clear()


def _start_next(call: Call, step: Ring, waiting: deque[Target], ringing: list[Leg], ends_at: float) -> None:
    """Everyone who waits when they ring together, else the next one."""
    now = asyncio.get_running_loop().time()
    expires_at = ends_at if step.each_s is None else min(ends_at, now + step.each_s)
    while waiting:
        target = waiting.popleft()
        leg = Leg(
            id=call.name("leg"),
            endpoint=target.endpoint,
            person=target.person,
            expires_at=expires_at,
            shows_caller=not call.shows,
        )
        ringing.append(leg)
        call.legs.start(leg, variables=call.shows, originator=call.channel.id)
        if step.order is Order.IN_TURN:
            return


def _first_answered(ringing: list[Leg]) -> Leg | None:
    """Events of one socket are in order, so the first to be up is the first that answered, also of two at once."""
    return next((leg for leg in ringing if leg.answered_at is not None and leg.is_alive), None)


def _is_busy(call: Call, target: Target) -> bool:
    return target.person is not None and call.exchange.staff.is_talking(target.person)
