"""How a call is getting on, as steps read from its record, for whoever follows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.model.ending import Outcome, Party
from router.model.record import CallRecord, LegRecord

_REFUSED = (Outcome.REJECTED, Outcome.INVALID_NUMBER, Outcome.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """what: such as "agent ringing" or "ended". leg: the id of the leg it happened to, "" for the call. at: UTC."""

    what: str
    at: datetime
    leg: str = ""
    more: tuple[tuple[str, Any], ...] = ()


def steps_of(record: CallRecord) -> tuple[Step, ...]:
    """In order of time. The agent is the person whose phone rings first; all other legs are to whom they want."""
    steps = [Step(what="placed", at=record.arrived_at, more=_told(by=record.person, called=record.called_number))]
    for leg in record.legs:
        steps += _of_agent(leg) if leg.id == record.channel else _of_other(leg)
    steps.sort(key=lambda step: step.at)
    if record.ending is not None:
        steps.append(_ended(record))
    return tuple(steps)


def _of_agent(leg: LegRecord) -> Iterator[Step]:
    if leg.rang_at is not None:
        yield _step("agent ringing", leg.rang_at, leg)
    if leg.answered_at is not None:
        yield _step("agent answered", leg.answered_at, leg)
    elif leg.ended_at is not None:
        yield _step("agent not reached", leg.ended_at, leg, **_failure(leg))


def _of_other(leg: LegRecord) -> Iterator[Step]:
    if leg.dialled_at is not None:
        shown = {"trunk": leg.trunk, "shown": leg.shown} if leg.trunk is not None else {"person": leg.person}
        yield _step("dialled", leg.dialled_at, leg, **shown)
    if leg.rang_at is not None:
        yield _step("ringing", leg.rang_at, leg)
    if leg.answered_at is not None:
        yield _step("answered", leg.answered_at, leg)
    elif leg.ended_at is not None:
        yield _step("not reached", leg.ended_at, leg, **_failure(leg))


def _ended(record: CallRecord) -> Step:
    ending = record.ending
    assert ending is not None
    return Step(
        what="ended",
        at=record.ended_at or record.arrived_at,
        more=_told(
            outcome=ending.outcome.value,
            by=ending.by.value,
            cause=int(ending.cause),
            because=record.because if ending.by is Party.US and ending.outcome in _REFUSED else None,
            talked_s=round(record.talked_s, 1),
            called_country=record.called_country,
            called_type=record.called_type,
        ),
    )


def _failure(leg: LegRecord) -> dict[str, Any]:
    return {"result": leg.result.value if leg.result else None, "cause": leg.cause, "tech_cause": leg.tech_cause}


def _step(what: str, at: datetime, leg: LegRecord, **more: Any) -> Step:
    return Step(what=what, at=at, leg=leg.id, more=_told(**more))


def _told(**more: Any) -> tuple[tuple[str, Any], ...]:
    """What is known of it."""
    return tuple((key, value) for key, value in more.items() if value is not None)
