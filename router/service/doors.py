"""What may be asked of the running service over HTTP, put together from its parts."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from router.calls import self_test
from router.calls.for_help import MayNotEnd
from router.calls.progress import steps_while_it_lasts
from router.console.blocks import Blocks
from router.console.dialling import dialling_route
from router.console.door import Door, Forbidden, Refused, Unavailable
from router.console.live_calls import CallDesk, Steps
from router.console.plan import PlanDesk
from router.console.self_test import self_test_route
from router.console.state import Standings
from router.console.trunks import TrunkDesk
from router.model.call import CallId
from router.model.record import CallRecord
from router.service.plan import PlanRefused

if TYPE_CHECKING:
    from router.service import Service


def routes(service: "Service", token: str) -> list[web.RouteDef]:
    door = Door(token, lambda: "the router is stopping" if service.is_stopping else None)
    desk = PlanDesk(
        plan=lambda: service.plan.current,
        situation=lambda: service.state.situation,
        now=service.now,
        reload=lambda by: _reload(service, by),
        changes=service.store.changes,
    )
    standings = Standings(plan=lambda: service.plan.current, keeper=service.state, now=service.now)
    blocks = Blocks(plan=lambda: service.plan.current, keeper=service.state, now=service.now)
    trunks = TrunkDesk(
        plan=lambda: service.plan.current, situation=lambda: service.state.situation, now=service.now
    )
    return [
        dialling_route(door, lambda by, to, department: _place(service, by, to, department)),
        self_test_route(door, lambda site: _self_test(service, site)),
        *CallDesk(
            hang_up=lambda call_id, by: _hang_up(service, call_id, by),
            live=lambda call_id, every_s: _steps(service, call_id, every_s),
            past=lambda call_id: _past(service, call_id),
        ).routes(door),
        *desk.routes(door),
        *standings.routes(door),
        *blocks.routes(door),
        *trunks.routes(door),
    ]


def _place(service: "Service", by: str, to: str, department: str | None) -> CallId:
    if not service.socket.is_connected:
        raise Unavailable("the router is not connected to Asterisk; its log says why")
    return service.live.place(by, to, department)


def _hang_up(service: "Service", call_id: CallId, by: str) -> bool:
    try:
        return service.live.hang_up(call_id, by)
    except MayNotEnd as error:
        raise Forbidden(str(error)) from error


def _self_test(service: "Service", site: str) -> dict[str, Any]:
    if not service.socket.is_connected:
        raise Unavailable("the router is not connected to Asterisk; its log says why")
    placed = self_test.place(service.live, service.plan.current, site)
    return {
        "call": placed.call,
        "number": placed.site.test_number,
        "site": placed.site.key,
        "location": placed.site.location,
        "trunks": [{"trunk": choice.trunk, "shows": choice.shown} for choice in placed.decision.trunks],
    }


def _steps(service: "Service", call_id: CallId, every_s: float) -> Steps | None:
    call = service.live.call(call_id)
    return None if call is None else steps_while_it_lasts(call, every_s)


async def _past(service: "Service", call_id: CallId) -> CallRecord | None:
    return service.journal.unwritten.get(call_id) or await service.store.call(call_id)


async def _reload(service: "Service", by: str) -> dict[str, Any]:
    try:
        has_changed = await service.plan.reload(by)
    except PlanRefused as refused:
        raise Refused("the dial plan is refused; the old one stays", refused.faults) from refused
    plan = service.plan.current
    return {
        "company": plan.company,
        "digest": plan.digest,
        "since": service.plan.since,
        "changed": has_changed,
        "tests": len(plan.tests),
    }
