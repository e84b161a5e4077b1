"""Menus: a prompt, and keys that are heard while it plays."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from router.calls.call import Call
from router.calls.digits import is_whole, meant
from router.calls.prompt import hear, key_of, media, next_key
from router.model.decision import RoutingDecision
from router.model.department import DialPlan
from router.model.plan import Menu, RoutePlan

log = structlog.get_logger()

MOST_MENUS = 30  # in one call: a plan whose menus lead to each other must let the caller go at last

Decide = Callable[[str], RoutingDecision | None]


async def ask(call: Call, menu: Menu, decide: Decide) -> tuple[str, RoutingDecision]:
    """What the caller pressed, and what follows. decide: None for what means nothing; "" always means something.

    The prompt is played on the caller's own channel, where it stops at once; while it plays, whatever else is asked
    of the channel would wait.
    """
    call.menus += 1
    if call.menus > MOST_MENUS:
        return "", _without_menus(call, _nothing_chosen(decide))
    await call.caller.step_aside()
    await call.caller.answer()
    extensions = dialled_in(menu, call.plan)
    keys = {key for key, _ in menu.choices}
    longest = max(map(len, extensions), default=1)
    pressed = ""
    for _ in range(menu.tries):
        await call.caller.lease(call.exchange.limits.prompt_s + menu.wait_s * longest)
        call.note(f"asks by the menu {menu.menu}")
        pressed = pressed or await hear(call, media(call, menu.prompt), partial(key_of, call))
        pressed = pressed or await next_key(call, menu.wait_s)
        while pressed and not is_whole(pressed, keys, extensions):
            further = await next_key(call, menu.wait_s)
            if not further:
                break
            pressed += further
        if not pressed:
            continue
        chosen = meant(pressed)
        decision = decide(chosen)
        if decision is not None:
            log.info("chosen", menu=menu.menu, key=chosen)
            call.note(f"the caller pressed {chosen}")
            return chosen, decision
        pressed = await _invalid(call, menu, chosen)
    return "", _nothing_chosen(decide)


def dialled_in(menu: Menu, plan: DialPlan) -> frozenset[str]:
    """The extensions a caller may dial in the menu: people's and departments'."""
    if not menu.extensions:
        return frozenset()
    return frozenset(key for key in (*plan.person_of, *plan.department_of) if key.isdecimal())


async def _invalid(call: Call, menu: Menu, chosen: str) -> str:
    """Tells the caller that it meant nothing. The key pressed meanwhile, which begins their next choice."""
    call.note(f"the caller pressed {chosen}, which means nothing")
    if menu.invalid is None:
        return ""
    await call.caller.lease(call.exchange.limits.prompt_s)
    return await hear(call, media(call, menu.invalid), partial(key_of, call))


def _nothing_chosen(decide: Decide) -> RoutingDecision:
    decision = decide("")
    assert decision is not None  # as `Decide` promises
    return decision


def _without_menus(call: Call, decision: RoutingDecision) -> RoutingDecision:
    log.warning("too many menus in one call", most=MOST_MENUS)
    call.note(f"was asked by {MOST_MENUS} menus; goes on without any more")
    steps = tuple(step for step in decision.plan.steps if not isinstance(step, Menu))
    return replace(decision, plan=RoutePlan(steps=steps))
