"""What the running service tells of itself: health for a watchdog, readings for Prometheus."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from router.calls.trunks import Trunks
from router.console.health import Part
from router.console.metrics import Reading
from router.service.calendars import Calendars
from router.service.plan import PlanInForce
from router.store.contract import Store

if TYPE_CHECKING:
    from router.service import Service


def health(service: "Service") -> Mapping[str, Part]:
    connected = service.socket.is_connected
    ready = connected and service.looked_through == service.socket.connections
    backlog = service.journal.backlog
    return {
        "asterisk": Part(
            good=ready,
            says="connected" if ready else "being looked through" if connected else "not connected",
        ),
        "calls": Part(
            good=not service.live.is_draining,
            says="stopping" if service.live.is_draining else f"{len(service.live.calls)} live",
        ),
        "dial plan": Part(good=not service.plan.refused, says=_plan_words(service.plan), needed=False),
        "calendars": _calendars(service.calendars),
        "trunks": _trunks(service.trunks),
        "redirections": _redirections(service.redirects.followed),
        "records": Part(good=backlog < 1000, says=f"{backlog} wait for the store", needed=False),
    }


def _calendars(calendars: Calendars) -> Part:
    stale, ages_s = calendars.stale(), calendars.ages_s()
    says = "; ".join(stale.values()) if stale else f"{len(ages_s)} read"
    return Part(good=not stale, says=says, needed=False)


def _trunks(trunks: Trunks) -> Part:
    troubles = dict(trunks.troubles())
    says = "; ".join(troubles.values()) if troubles else f"{len(trunks.known)} can carry calls"
    return Part(good=not troubles, says=says, needed=False)


def _redirections(followed: frozenset[str]) -> Part:
    says = f"followed past every rule: {', '.join(sorted(followed))}" if followed else "not followed"
    return Part(good=not followed, says=says, needed=False)


def _plan_words(plan: PlanInForce) -> str:
    in_force = f"{plan.current.digest[:12]} since {plan.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"{in_force}; a newer one was refused: {plan.refused[0]}" if plan.refused else in_force


def readings(service: "Service") -> Sequence[Reading]:
    return (
        Reading(name="callrouter_live_calls", help="Calls going on now.", read=lambda: len(service.live.calls)),
        Reading(
            name="callrouter_calls",
            help="Calls that ended, by outcome.",
            read=lambda: service.live.ended,
            counts=True,
            label="outcome",
        ),
        Reading(
            name="callrouter_waiting_callers",
            help="Callers waiting for a free member, by department.",
            read=lambda: service.state.waiting,
            label="department",
        ),
        Reading(
            name="callrouter_trunk_channels",
            help="Channels in use, both ways, by trunk.",
            read=lambda: {trunk.key: service.trunks.state(trunk.key).channels for trunk in service.trunks.known},
            label="trunk",
        ),
        Reading(
            name="callrouter_trunk_in_trouble",
            help="1 while calls pass the trunk over: it is full, fails, or is away.",
            read=lambda: _in_trouble(service.trunks),
            label="trunk",
        ),
        Reading(
            name="callrouter_trunk_failures",
            help="Calls that failed technically, by trunk.",
            read=lambda: service.trunks.failures,
            counts=True,
            label="trunk",
        ),
        Reading(
            name="callrouter_calendar_age_seconds",
            help="Since a calendar was last read well, by calendar; +Inf for one that never was.",
            read=lambda: service.calendars.ages_s(),
            label="calendar",
        ),
        Reading(
            name="callrouter_call_backs",
            help="Customers to be called back.",
            read=lambda: len(service.state.call_backs),
        ),
        Reading(
            name="callrouter_asterisk_connected",
            help="1 while the events socket is there.",
            read=lambda: float(service.socket.is_connected),
        ),
        Reading(
            name="callrouter_asterisk_reconnects",
            help="Times the events socket was lost and came back.",
            read=lambda: service.socket.reconnects,
            counts=True,
        ),
        Reading(name="callrouter_events", help="Events read.", read=lambda: service.socket.events, counts=True),
        Reading(
            name="callrouter_records_waiting",
            help="Call records not yet in the store.",
            read=lambda: service.journal.backlog,
        ),
        Reading(
            name="callrouter_voicemail_oldest_waiting_seconds",
            help="Age of the oldest message whose e-mail is not delivered.",
            read=lambda: _oldest_waiting_s(service.store),
        ),
        Reading(
            name="callrouter_agi_sessions",
            help="FastAGI sessions served.",
            read=lambda: service.agi.served,
            counts=True,
        ),
    )


def _in_trouble(trunks: Trunks) -> Mapping[str, float]:
    troubles = dict(trunks.troubles())
    return {trunk.key: float(trunk.key in troubles) for trunk in trunks.known}


async def _oldest_waiting_s(store: Store) -> float:
    oldest = await store.oldest_waiting()
    return (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
