"""`GET /trunks`: what the trunks are doing, as calls see it now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from router.console.door import Door
from router.model.department import DialPlan
from router.model.situation import Situation
from router.rules.trunks import breaker_text, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkDesk:
    """Trunks of the plan in force."""

    plan: Callable[[], DialPlan]
    situation: Callable[[], Situation]
    now: Callable[[], datetime]

    def routes(self, door: Door) -> list[web.RouteDef]:
        return [door.get("/trunks", self.trunks)]

    async def trunks(self, _: web.Request) -> dict[str, Any]:
        plan, situation, at = self.plan(), self.situation(), self.now()
        told = {}
        for key, trunk in plan.trunks.items():
            state = situation.trunk(key)
            told[key] = {
                "channels": state.channels,
                "most_channels": trunk.channels,
                "breaker": breaker_text(state, at, trunk.breaker),
                "failures_in_a_row": state.breaker.failures,
                "is_online": state.is_online,
                "not_taken": standing(trunk, state, at).because,
            }
        return told
