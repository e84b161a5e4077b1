"""What a call carried by a plain dialplan counts for: trunks, accounts, mails at once, and whose phone is in use.

The dialplan tells of a call when it asks, when it goes on to another trunk, and when it is over. So its channel is
counted on the first trunk until then, and what the trunks before the last one came to is that they failed: nothing
else makes the dialplan go on to the next, except in an emergency. Of many phones that ring nobody knows who
answers; whoever is rung alone has their phone in use.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from router.fastagi.pending import Offer
from router.model.alert import Alert
from router.model.call import CallId
from router.model.decision import CallerIdDecision, CallTo
from router.model.department import DialPlan
from router.model.ending import LegResult
from router.model.record import CallRecord
from router.rules import alerts

log = structlog.get_logger()


class TrunkCounts(Protocol):
    """As `calls.trunks.Trunks`."""

    def holds(self, trunk: str, channel: str, call: CallId) -> None: ...
    def leaves(self, trunk: str, channel: str, call: CallId) -> None: ...
    def dials(self, trunk: str) -> bool: ...
    def answered(self, trunk: str) -> None: ...
    def came_to(self, trunk: str, result: LegResult, *, has_rung: bool, probed: bool) -> None: ...


class AccountBook(Protocol):
    """As `calls.spending.Accounts`."""

    def begins(
        self, channel: str, call: CallId, decision: CallerIdDecision, plan: DialPlan, trunk: str, *, again: bool
    ) -> None: ...
    def assumed(self, channel: str, *, is_answered: bool) -> None: ...
    def answered(self, channel: str, at: datetime | None = None) -> None: ...
    def leaves(self, channel: str, call: CallId) -> None: ...
    def is_told(self, subject: str) -> bool: ...


class Phones(Protocol):
    """As `calls.staff.Staff`."""

    def rings(self, person: str, call: CallId) -> None: ...
    def rings_no_more(self, person: str, call: CallId) -> None: ...
    def talks(self, person: str, call: CallId) -> None: ...
    def talked(self, person: str, call: CallId) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """first: the trunk that was to be dialled first; trunk: whose channel is counted now. None for no trunk.

    is_probe: by the call an open breaker of the first one is tried. channel: the caller's, in Asterisk.
    """

    decision: CallerIdDecision
    plan: DialPlan
    by: alerts.Calling
    first: str | None
    trunk: str | None
    is_probe: bool
    channel: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A call that has a channel of a trunk. channel: the caller's, in Asterisk. since: when it was decided."""

    call: CallId
    trunk: str
    channel: str
    since: datetime


class Watch:
    """router: our name. alert: has a mail sent. note: puts a line into the change log."""

    def __init__(
        self,
        trunks: TrunkCounts,
        accounts: AccountBook,
        phones: Phones,
        alert: Callable[[Alert], None],
        note: Callable[[str], None],
        *,
        router: str = "",
    ) -> None:
        self._trunks = trunks
        self._accounts = accounts
        self._phones = phones
        self._alert = alert
        self._note = note
        self._router = router
        self._calls: dict[CallId, _Watched] = {}

    def occupies(self, record: CallRecord, offers: tuple[Offer, ...]) -> None:
        """A call in or out, from now until `ended`. offers: what the dialplan is to dial."""
        if record.person is not None:
            self._phones.talks(record.person, record.id)
        if (called := _called(offers)) is not None:
            self._phones.rings(called, record.id)

    def begins(self, record: CallRecord, decision: CallerIdDecision, phone: str, plan: DialPlan) -> None:
        """An outgoing call as it was decided. `ended` follows unless it was refused. phone: its endpoint."""
        by = alerts.calling(record.person, phone, plan)
        if decision.exceeded:
            self._limit_reached(record, decision, by, plan)
        if decision.to not in (CallTo.TRUNKS, CallTo.EMERGENCY):
            return
        trunk = decision.trunks[0].trunk if decision.trunks else None
        is_probe = False
        if trunk is not None:
            is_probe = self._trunks.dials(trunk)
            self._trunks.holds(trunk, _channel(record.id), record.id)
            self._accounts.begins(_channel(record.id), record.id, decision, plan, trunk, again=False)
            self._accounts.assumed(_channel(record.id), is_answered=True)
        self._calls[record.id] = _Watched(
            decision=decision,
            plan=plan,
            by=by,
            first=trunk,
            trunk=trunk,
            is_probe=is_probe,
            channel=record.channel,
            since=record.arrived_at,
        )
        if decision.to is CallTo.EMERGENCY:
            log.warning("emergency call", number=str(decision.called), by=record.person, phone=phone)
            words = alerts.emergency_placed(decision, by)
            self._send(record, plan, plan.emergency.alert, "placed", words, record.arrived_at)

    def goes_on(self, call: CallId, trunk: str) -> None:
        """The dialplan dials another trunk for the call: there it has its channel now, and its price."""
        watched = self._calls.get(call)
        if watched is None or watched.trunk is None or watched.trunk == trunk:
            return
        channel = _channel(call)
        self._accounts.assumed(channel, is_answered=False)
        self._accounts.leaves(channel, call)
        self._trunks.leaves(watched.trunk, channel, call)
        self._trunks.holds(trunk, channel, call)
        self._accounts.begins(channel, call, watched.decision, watched.plan, trunk, again=True)
        self._accounts.assumed(channel, is_answered=True)
        self._calls[call] = replace(watched, trunk=trunk)

    def __contains__(self, call: CallId) -> bool:
        """Whether the call goes out by a trunk and its end is awaited."""
        return call in self._calls

    def carried(self, trunks: Collection[str]) -> tuple[Carried, ...]:
        """The calls that have a channel on one of these trunks, but for those for help."""
        return tuple(
            Carried(call=call, trunk=watched.trunk, channel=watched.channel, since=watched.since)
            for call, watched in self._calls.items()
            if watched.trunk in trunks and watched.trunk and watched.decision.to is not CallTo.EMERGENCY
        )

    def ended(self, record: CallRecord, offers: tuple[Offer, ...], tried: int) -> None:
        """record: complete, its last leg that of the last offer that was tried. tried: how many were."""
        if record.person is not None:
            self._phones.talked(record.person, record.id)
        if (called := _called(offers)) is not None:
            self._phones.rings_no_more(called, record.id)
        watched = self._calls.pop(record.id, None)
        if watched is None:
            return
        came_to = _came_to(record, offers, tried)
        if watched.trunk is not None:
            self._judge(watched, came_to)
            channel = _channel(record.id)
            self._accounts.assumed(channel, is_answered=False)
            if record.answered_at is not None:
                self._accounts.answered(channel, record.answered_at)
            self._accounts.leaves(channel, record.id)
            self._trunks.leaves(watched.trunk, channel, record.id)
        if watched.decision.to is CallTo.EMERGENCY and record.ended_at is not None:
            talked_s = record.talked_s or 0.0
            words = alerts.emergency_ended(
                watched.decision, watched.by, record.ending, talked_s, _in_words(came_to)
            )
            to = watched.plan.emergency.alert
            self._send(record, watched.plan, to, "ended", words, record.ended_at)

    def _judge(self, watched: _Watched, came_to: list[tuple[str, LegResult]]) -> None:
        if watched.decision.to is CallTo.EMERGENCY:
            came_to = came_to[-1:]  # it goes on to the next trunk whatever the others said
        if watched.is_probe and watched.first and watched.first not in dict(came_to):
            came_to = [(watched.first, LegResult.CANCELLED), *came_to]  # tells nothing: the next call probes it
        for trunk, result in came_to:
            if result is LegResult.ANSWERED:
                self._trunks.answered(trunk)
            else:
                is_probe = watched.is_probe and trunk == watched.first
                self._trunks.came_to(trunk, result, has_rung=False, probed=is_probe)

    def _limit_reached(
        self, record: CallRecord, decision: CallerIdDecision, by: alerts.Calling, plan: DialPlan
    ) -> None:
        if self._accounts.is_told(decision.exceeded):
            return
        self._note(f"a call to {decision.called} was refused: {decision.refused}")
        self._send(record, plan, plan.alerts, "limit", alerts.limit_reached(decision, by), record.arrived_at)

    def _send(
        self,
        record: CallRecord,
        plan: DialPlan,
        to: tuple[str, ...],
        what: str,
        words: alerts.Words,
        at: datetime,
    ) -> None:
        if to:
            self._alert(words.mail(to, plan, key=f"{record.id}-{what}", router=self._router, at=at))


def _called(offers: tuple[Offer, ...]) -> str | None:
    """The one person whose phone rings first, where it is one."""
    return offers[0].person if offers else None


def _came_to(record: CallRecord, offers: tuple[Offer, ...], tried: int) -> list[tuple[str, LegResult]]:
    if not tried:
        return []
    last = record.legs[-1].result if record.legs else None
    results = [*(LegResult.CONGESTED for _ in offers[: tried - 1]), last or LegResult.CANCELLED]
    return [(offer.trunk, result) for offer, result in zip(offers, results, strict=False) if offer.trunk]


def _in_words(came_to: list[tuple[str, LegResult]]) -> list[tuple[str, str]]:
    """Of an emergency call, where only what the last trunk said is known."""
    return [*((trunk, "not answered") for trunk, _ in came_to[:-1]), *((t, last.value) for t, last in came_to[-1:])]


def _channel(call: CallId) -> str:
    """What stands for the channel on a trunk, whose name the dialplan does not tell."""
    return f"agi-{call}"
