"""Calls that a plain dialplan carries: recorded when decided, completed when the dialplan reports their end.

The dialplan reports from its `h` extension. A report may be missing (Asterisk killed) or come after a restart of
ours, so what waits here is bounded, ends as failed when it is too old, and is found again in the store.
"""

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from router.model.call import CallId, Direction
from router.model.department import DialPlan
from router.model.ending import Ending, HangupCause, LegResult, Party
from router.model.record import CallRecord, LegRecord, TraceLine
from router.model.trunk import Failure
from router.rules import endings
from router.rules.charges import priced

MOST_PENDING = 5_000
PENDING_FOR = timedelta(hours=12)  # longer than any call; only a lost report waits that long


class Journal(Protocol):
    """Takes records of calls, each as often as it changes, without waiting and without failing."""

    def save(self, record: CallRecord) -> None: ...


Ended = Callable[[CallRecord, "tuple[Offer, ...]", int], None]  # a call that was begun; offers, how many were tried
Find = Callable[[CallId], Awaitable[CallRecord | None]]  # a record by its id, from the store


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One Dial() of the dialplan. dial: its dial string. trunk, person: keys, whichever it is for.

    called, shown: as in `LegRecord`. causes: as `Trunk.causes`.
    """

    dial: str
    trunk: str | None = None
    person: str | None = None
    called: str = ""
    shown: str = ""
    causes: Mapping[int, Failure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the dialplan knows of a call's end.

    status: ${DIALSTATUS}, "" when nothing was dialled. cause: ${HANGUPCAUSE} (Q.850), 0 when not known.
    talked_s: ${ANSWEREDTIME}. offer: which Dial() was the last, counted from 1, 0 when not known, one more than
    there are when all failed. sip: the status that the carrier gave, 0 when not known.
    callee_left: the called party hung up first, which Dial() tells only to a dialplan that uses its option g.
    """

    status: str
    cause: int = 0
    talked_s: float = 0.0
    offer: int = 0
    callee_left: bool = False
    sip: int = 0

    @staticmethod
    def read(status: str, cause: str, talked_s: str, offer: str, left: str, sip: str = "") -> "Report":
        """From the arguments of the AGI; what is not a small number counts as not given."""
        return Report(
            status=status.strip().upper(),
            cause=_number(cause),
            talked_s=float(_number(talked_s)),
            offer=_number(offer),
            callee_left=left.strip().lower() == "callee",
            sip=_number(sip),
        )


_NUMBER = re.compile(r"[0-9]{1,6}")


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text.strip()) else 0


_CAUSE_OF_STATUS = {
    # app_dial.c, for the causes that Asterisk leaves at 0 or 16: nobody answered a live channel.
    "BUSY": HangupCause.USER_BUSY,
    "NOANSWER": HangupCause.NO_ANSWER,
    "CHANUNAVAIL": HangupCause.NO_USER_RESPONSE,
    "CONGESTION": HangupCause.CONGESTION,
    "DONTCALL": HangupCause.CALL_REJECTED,
    "TORTURE": HangupCause.CALL_REJECTED,
}


def ending_of(
    report: Report, direction: Direction, causes: Mapping[int, Failure]
) -> tuple[Ending, LegResult | None]:
    """How the call ended, and what became of its last leg, None for none. causes: of its trunk."""
    if report.status == "ANSWER":
        left = Party.CALLEE if report.callee_left else Party.CALLER
        return endings.answered(left, report.cause or HangupCause.NORMAL_CLEARING), LegResult.ANSWERED
    if report.status in ("CANCEL", ""):
        cause = report.cause or HangupCause.NORMAL_CLEARING
        return endings.abandoned(cause), LegResult.CANCELLED if report.status else None
    if report.status not in _CAUSE_OF_STATUS:
        return endings.failed(), None
    says_nothing = report.cause in (0, HangupCause.NORMAL_CLEARING)
    cause = _CAUSE_OF_STATUS[report.status] if says_nothing else report.cause
    result = endings.leg_result(cause, report.sip or None, causes=causes)
    if direction is Direction.OUTBOUND:
        return endings.ending_of_outgoing(result, cause), result
    return endings.unanswered((result,)), result


@dataclass(frozen=True, slots=True)
class _Pending:
    record: CallRecord
    offers: tuple[Offer, ...]
    plan: DialPlan | None = None


class PendingCalls:
    """Knows the calls whose end has not been reported, oldest first. router: our name in their records.

    ended: told once of each that was begun here.
    """

    def __init__(
        self,
        journal: Journal,
        find: Find,
        most: int = MOST_PENDING,
        *,
        router: str = "",
        ended: Ended = lambda record, offers, tried: None,
    ) -> None:
        self._ended = ended
        self._journal = journal
        self._find = find
        self._most = most
        self._router = router
        self._calls: OrderedDict[CallId, _Pending] = OrderedDict()
        self._missing: set[CallId] = set()  # whose channel was gone when it was last looked for

    def __len__(self) -> int:
        return len(self._calls)

    def begin(self, record: CallRecord, offers: tuple[Offer, ...], plan: DialPlan) -> None:
        record = replace(record, router=self._router)
        self._journal.save(record)
        self._calls[record.id] = _Pending(record, offers, plan)
        self._forget(record.arrived_at)

    def note(self, call_id: CallId, what: str, at: datetime) -> None:
        """Puts a line into the record of a call whose end is awaited."""
        if (pending := self._calls.get(call_id)) is not None:
            trace = (*pending.record.trace, TraceLine(at=at, what=what))
            self._calls[call_id] = replace(pending, record=replace(pending.record, trace=trace))

    def offer(self, call_id: CallId, number: int) -> Offer | None:
        """What the dialplan dials by the route of this number, counted from 1; None for none."""
        pending = self._calls.get(call_id)
        return pending.offers[number - 1] if pending is not None and 1 <= number <= len(pending.offers) else None

    def close(self, call_id: CallId, ending: Ending, at: datetime) -> None:
        """Ends a call of which the dialplan will report nothing."""
        if (pending := self._calls.pop(call_id, None)) is not None:
            self._over(pending, replace(pending.record, ended_at=at, ending=ending))

    async def report(self, call_id: CallId, report: Report, at: datetime) -> bool:
        """Completes a call. False when there is no such call or it has ended already. Raises what `find` raises."""
        pending = self._calls.pop(call_id, None)
        if pending is None:
            record = await self._find(call_id)
            if record is None or record.ending is not None:
                return False
            pending = _Pending(record, ())
        self._over(pending, _completed(pending, report, at), min(report.offer, len(pending.offers)))
        return True

    def _over(self, pending: _Pending, record: CallRecord, tried: int = 0) -> None:
        self._journal.save(record)
        self._ended(record, pending.offers, tried)

    def look_through(self, channels: Collection[str], listed_at: datetime) -> None:
        """Ends the calls whose channel is gone and whose report is lost. channels: ids of all that Asterisk has.

        A report is on its way for a moment, so the channel must be missing twice.
        """
        missing = {
            call
            for call, pending in self._calls.items()
            if pending.record.arrived_at < listed_at
            and pending.record.channel
            and pending.record.channel not in channels
        }
        for call in missing & self._missing:
            self._lose(call, listed_at)
        self._missing = missing - self._missing

    def _forget(self, now: datetime) -> None:
        while self._calls:
            oldest = next(iter(self._calls.values())).record
            if len(self._calls) <= self._most and now - oldest.arrived_at < PENDING_FOR:
                return
            self._lose(oldest.id, now)

    def _lose(self, call: CallId, at: datetime) -> None:
        pending = self._calls.pop(call)
        line = TraceLine(at=at, what="the dialplan never reported the end of this call")
        trace = (*pending.record.trace, line)
        self._over(pending, replace(pending.record, ended_at=at, ending=endings.failed(), trace=trace))


def _completed(pending: _Pending, report: Report, at: datetime) -> CallRecord:
    record = pending.record
    number = min(report.offer, len(pending.offers))
    offer = pending.offers[number - 1] if number else None
    ending, result = ending_of(report, record.direction, offer.causes if offer else {})
    answered_at = at - timedelta(seconds=report.talked_s) if result is LegResult.ANSWERED else None
    legs = record.legs
    if result is not None and offer is not None:
        leg = LegRecord(
            id=f"{record.id}-{number}",
            endpoint=offer.dial,
            person=offer.person,
            trunk=offer.trunk,
            dialled_at=record.arrived_at,
            answered_at=answered_at,
            ended_at=at,
            result=result,
            cause=report.cause or None,
            tech_cause=report.sip or None,
            called=offer.called,
            shown=offer.shown,
        )
        legs = (*legs, priced(leg, pending.plan) if pending.plan is not None else leg)
    line = TraceLine(at=at, what=f"the dialplan reports {report.status or 'no Dial'}, cause {report.cause}")
    return replace(
        record, answered_at=answered_at, ended_at=at, ending=ending, legs=legs, trace=(*record.trace, line)
    )
