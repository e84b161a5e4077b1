"""Menus: a prompt, and keys that are heard while it plays."""

from collections.abc import Callable

from router.calls.call import Call
from router.model.decision import RoutingDecision
from router.model.plan import Menu

Decide = Callable[[str], RoutingDecision | None]


async def ask(call: Call, menu: Menu, decide: Decide) -> tuple[str, RoutingDecision]:
    """What the caller pressed, and what follows. decide: None for what means nothing; "" always means something."""
    raise NotImplementedError
