"""The dial plan in force over HTTP: loading it anew, asking what it would do, and who changed what.

POST /reload     {} -> the digest in force, since when, whether it changed; 422 with every fault
POST /explain    {"called": "020 7946 0100", "caller": "07400 123456"} or with "by"; see `dialplan.question`
GET  /changes    ?last=50
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from router.console.body import body
from router.console.door import Door, who
from router.dialplan.question import Question, asked, explain
from router.dialplan.scalars import moment
from router.model.change import Change
from router.model.department import DialPlan
from router.model.situation import Situation

MOST_CHANGES = 1000

Reload = Callable[[str], Awaitable[dict[str, Any]]]
Changes = Callable[[int], Awaitable[Sequence[Change]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDesk:
    """reload: by whom -> what is told of it; raises `door.Refused`. changes: the newest so many."""

    plan: Callable[[], DialPlan]
    situation: Callable[[], Situation]
    now: Callable[[], datetime]
    reload: Reload
    changes: Changes

    def routes(self, door: Door) -> list[web.RouteDef]:
        return [
            door.post("/reload", self.load_anew),
            door.post("/explain", self.say_why),
            door.get("/changes", self.list_changes),
        ]

    async def load_anew(self, request: web.Request) -> dict[str, Any]:
        return await self.reload(who(request))

    async def say_why(self, request: web.Request) -> dict[str, Any]:
        question = await body(request, Question)
        plan = self.plan()
        at = moment(question.at, plan.zone) if question.at else self.now()
        answer = explain(asked(question, plan, at, self.situation()), plan)
        return {"lines": answer.lines, "told": answer.told}

    async def list_changes(self, request: web.Request) -> dict[str, Any]:
        last = request.query.get("last", "50")
        if not last.isdecimal() or not 1 <= int(last[:9]) <= MOST_CHANGES:
            raise ValueError(f"last is a number from 1 to {MOST_CHANGES}")
        return {"changes": await self.changes(int(last))}
