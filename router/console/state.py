"""Switches and people over HTTP: how everything stands, and the ways to change it while calls go on.

    GET  /switches                  POST /switches/NAME         {"position": "closed", "until": "18:00"}
    GET  /people                    POST /people/NAME/pause     {"reason": "lunch"}
                                    POST /people/NAME/resume
                                    POST /people/NAME/log-in    {"department": "sales"}; none for all
                                    POST /people/NAME/log-out
                                    POST /people/NAME/forward   {"to": "07400 123456", "when": "always"}; no longer
                                    POST /people/NAME/unlock    the PIN that was guessed at

Every change holds from the answer on, outlives a restart and is listed with who asked for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from router.console.body import body
from router.console.door import Door, who
from router.dialplan.dialling import read_forward
from router.dialplan.faults import brief
from router.dialplan.numbers import clean_name
from router.dialplan.question import switch_name, unknown
from router.dialplan.scalars import upcoming
from router.model.department import DialPlan, Person
from router.model.hours import Position, Switch
from router.model.number import NumberKind, PhoneNumber
from router.model.people import ForwardWhen, Standing
from router.model.situation import Situation
from router.rules.hours import department_is_open, is_open
from router.rules.standing import forwarded, may_forward_to


class Keeper(Protocol):
    """Keeps what people set."""

    @property
    def situation(self) -> Situation: ...

    def switch(self, name: str, switch: Switch | None, *, by: str) -> None: ...

    def stand(self, person: str, standing: Standing, *, by: str, what: str) -> None: ...

    def unlock(self, person: str, *, by: str) -> None: ...


class Turned(msgspec.Struct, forbid_unknown_fields=True):
    """until: a time of day or a moment, in the company's zone; until_agrees: until the schedule says the same."""

    position: Literal["open", "closed", "follow"]
    until: str | None = None
    until_agrees: bool = False


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""


class Where(msgspec.Struct, forbid_unknown_fields=True):
    department: str | None = None


class Forward(msgspec.Struct, forbid_unknown_fields=True):
    """to: as dialled, or "mobile" for the person's own; None for no longer."""

    to: str | None = None
    when: ForwardWhen = ForwardWhen.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Switches and people of the plan in force."""

    plan: Callable[[], DialPlan]
    keeper: Keeper
    now: Callable[[], datetime]

    def routes(self, door: Door) -> list[web.RouteDef]:
        return [
            door.get("/switches", self.switches),
            door.post("/switches/{name}", self.turn),
            door.get("/people", self.people),
            door.post("/people/{name}/pause", self.pause),
            door.post("/people/{name}/resume", self.resume),
            door.post("/people/{name}/log-in", self.log_in),
            door.post("/people/{name}/log-out", self.log_out),
            door.post("/people/{name}/forward", self.forward),
            door.post("/people/{name}/unlock", self.unlock),
        ]

    # ---- switches

    async def switches(self, _: web.Request) -> dict[str, Any]:
        plan, at, situation = self.plan(), self.now(), self.keeper.situation
        verdicts = {
            f"department:{key}": department_is_open(department, plan, at, situation)
            for key, department in plan.departments.items()
        } | {f"schedule:{key}": is_open(schedule, at, situation) for key, schedule in plan.schedules.items()}
        return {
            name: {
                "is_open": verdict.is_open,
                "because": verdict.because,
                "switch": _switch(situation.switches.get(name), plan.zone),
            }
            for name, verdict in verdicts.items()
        }

    async def turn(self, request: web.Request) -> dict[str, Any]:
        wanted = await body(request, Turned)
        plan, by, now = self.plan(), who(request), self.now()
        name = switch_name(request.match_info["name"], plan)
        switch = None
        if wanted.position != "follow":
            position = Position(wanted.position)
            _check_closed(name, position, plan)
            until = upcoming(wanted.until, now.astimezone(plan.zone)) if wanted.until else None
            switch = Switch(position=position, set_at=now, set_by=by, until=until, until_agrees=wanted.until_agrees)
        elif wanted.until or wanted.until_agrees:
            raise ValueError("what follows its schedule does so for ever: until goes with open and closed")
        self.keeper.switch(name, switch, by=by)
        return {name: (await self.switches(request))[name]}

    # ---- people

    async def people(self, _: web.Request) -> dict[str, Any]:
        plan, at, situation = self.plan(), self.now(), self.keeper.situation
        return {key: _told(person, plan, situation, at) for key, person in plan.people.items()}

    async def pause(self, request: web.Request) -> dict[str, Any]:
        reason = clean_name((await body(request, Reason)).reason)
        what = f"paused{f': {reason}' if reason else ''}"
        return self._stands(request, what, lambda before, _: replace(before, is_paused=True, reason=reason))

    async def resume(self, request: web.Request) -> dict[str, Any]:
        return self._stands(
            request, "takes calls again", lambda before, _: replace(before, is_paused=False, reason="")
        )

    async def log_in(self, request: web.Request) -> dict[str, Any]:
        keys, words = self._departments(request, (await body(request, Where)).department)
        return self._stands(
            request,
            f"logged into {words}",
            lambda before, _: replace(before, logged_out=before.logged_out - keys),
        )

    async def log_out(self, request: web.Request) -> dict[str, Any]:
        keys, words = self._departments(request, (await body(request, Where)).department)
        return self._stands(
            request,
            f"logged out of {words}",
            lambda before, _: replace(before, logged_out=before.logged_out | keys),
        )

    async def forward(self, request: web.Request) -> dict[str, Any]:
        wanted = await body(request, Forward)
        plan, person = self.plan(), self._person(request)
        if wanted.to is None:
            what = f"forwards calls no longer ({wanted.when.value})"
            return self._stands(request, what, lambda before, who: forwarded(before, who, wanted.when, None))
        to = person.mobile if wanted.to == "mobile" else read_forward(wanted.to, plan, person.key)
        if to is None:
            raise ValueError(f"{person.key} has no mobile in the dial plan")
        if not may_forward_to(person.key, to, plan, self.now()):
            raise ValueError(f'{person.key} cannot forward calls to "{brief(wanted.to)}": {_why_not(to)}')
        what = f"forwards calls to {to} ({wanted.when.value})"
        return self._stands(request, what, lambda before, who: forwarded(before, who, wanted.when, to))

    def _person(self, request: web.Request) -> Person:
        plan, name = self.plan(), request.match_info["name"]
        if name not in plan.people:
            raise ValueError(unknown("nobody is called", name, plan.people))
        return plan.people[name]

    async def unlock(self, request: web.Request) -> dict[str, Any]:
        person = self._person(request)
        if person.pin is None:
            raise ValueError(f"{person.key} has no PIN")
        self.keeper.unlock(person.key, by=who(request))
        return {person.key: _told(person, self.plan(), self.keeper.situation, self.now())}

    def _departments(self, request: web.Request, wanted: str | None) -> tuple[frozenset[str], str]:
        """Those of the person: the one asked for, or all. In words too."""
        plan, person = self.plan(), self._person(request)
        theirs = {key for key, department in plan.departments.items() if person.key in department.members}
        if wanted is not None and wanted not in theirs:
            raise ValueError(unknown(f"{person.key} is in no department that is called", wanted, theirs))
        if not theirs:
            raise ValueError(f"{person.key} is in no department")
        keys = frozenset({wanted} if wanted is not None else theirs)
        return keys, ", ".join(sorted(keys))

    def _stands(
        self, request: web.Request, what: str, change: Callable[[Standing, Person], Standing]
    ) -> dict[str, Any]:
        person = self._person(request)
        before = self.keeper.situation.standing(person.key)
        self.keeper.stand(person.key, change(before, person), by=who(request), what=f"{person.key} {what}")
        return {person.key: _told(person, self.plan(), self.keeper.situation, self.now())}


def _switch(switch: Switch | None, zone: ZoneInfo) -> Any:
    """Ends in the zone in which it was asked for."""
    ends_at = switch.until.astimezone(zone) if switch is not None and switch.until is not None else None
    return msgspec.to_builtins(replace(switch, until=ends_at) if switch is not None else None)


def _why_not(to: PhoneNumber) -> str:
    match to.kind:
        case NumberKind.INVALID:
            return f"it {to.fault or 'is neither an extension nor a number'}"
        case NumberKind.EXTENSION:
            return "it is their own extension, or nobody's"
        case _:
            return "they could not call it either"


def _check_closed(name: str, position: Position, plan: DialPlan) -> None:
    department = plan.departments.get(name.removeprefix("department:")) if name.startswith("department:") else None
    if department is not None and position is Position.CLOSED and not department.closed:
        raise ValueError(f"{department.key} has no steps for when it is closed")


def _told(person: Person, plan: DialPlan, situation: Situation, at: datetime) -> dict[str, Any]:
    standing, activity = situation.standing(person.key), situation.activity(person.key)
    wraps_up = activity.wraps_up_until if activity.wraps_up_until and at < activity.wraps_up_until else None
    return {
        "name": person.name,
        "departments": [key for key, each in plan.departments.items() if person.key in each.members],
        "is_registered": activity.is_registered,
        "is_talking": activity.is_talking,
        "is_ringing": activity.is_ringing,
        "wraps_up_until": wraps_up,
        "idle_since": activity.idle_since,
        "calls_today": activity.calls_today,
        "is_paused": standing.is_paused,
        "reason": standing.reason,
        "logged_out": sorted(standing.logged_out),
        "forward": _forwarding(person, standing),
    }


def _forwarding(person: Person, standing: Standing) -> Mapping[str, str]:
    """Where calls go in which case, by the plan and by what the person has set."""
    forward = {**person.forward, **standing.forward}
    return {when.value: str(to) for when, to in forward.items() if to is not None}
