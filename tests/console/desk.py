"""The doors of a running service, without the service: what people set is kept in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from router.calls.staff import Staff
from router.calls.state import State
from router.console.app import console_app, listening
from router.console.blocks import Blocks
from router.console.door import Door
from router.console.metrics import Metrics
from router.console.plan import PlanDesk
from router.console.state import Standings
from router.console.trunks import TrunkDesk
from router.model.change import Change
from router.model.department import DialPlan
from tests.calls.house import Entries
from tests.rules.acme import acme

TOKEN = "a-token-of-some-length"
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Desk:
    """plan, now: what the service finds. reloaded: by whom. refuses: raised by a reload. away: why nothing goes."""

    plan: DialPlan = field(default_factory=acme)
    now: datetime = TUESDAY
    token: str = TOKEN
    away: str | None = None
    refuses: Exception | None = None
    reloaded: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.staff = Staff(lambda: self.now)
        self.state = State(Entries(), self.staff, lambda: self.now, lambda: self.plan)

    async def _reload(self, by: str) -> dict[str, Any]:
        if self.refuses is not None:
            raise self.refuses
        self.reloaded.append(by)
        return {"company": "Acme Ltd", "digest": "abc", "since": self.now, "changed": True, "tests": 3}

    async def changes(self, last: int = 50) -> Sequence[Change]:
        return tuple(reversed(self.state._changes))[:last]

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Desk"]:
        door = Door(self.token, lambda: self.away)
        standings = Standings(plan=lambda: self.plan, keeper=self.state, now=lambda: self.now)
        plan = PlanDesk(
            plan=lambda: self.plan,
            situation=lambda: self.state.situation,
            now=lambda: self.now,
            reload=self._reload,
            changes=self.changes,
        )
        blocks = Blocks(plan=lambda: self.plan, keeper=self.state, now=lambda: self.now)
        trunks = TrunkDesk(plan=lambda: self.plan, situation=lambda: self.state.situation, now=lambda: self.now)
        desks = (standings, plan, blocks, trunks)
        app = console_app(dict, Metrics(()), [route for desk in desks for route in desk.routes(door)])
        async with listening(app, "127.0.0.1", 0) as self.port:
            yield self

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of one request of somebody who holds the token."""
        headers = {"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        data = {"data": body} if isinstance(body, str | bytes) else {"json": body}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, **data) as answer,  # type: ignore[arg-type]
        ):
            return answer.status, await answer.json()
