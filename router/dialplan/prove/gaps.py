"""Hours that nobody covers: nobody is rung and no message is taken, or no person is rung for very long."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from router.dialplan.prove.coverage import Held, Line
from router.dialplan.prove.findings import Finding, Level, Topic, Window, length, listed, moment

LONGER_THAN_USUAL = timedelta(days=5)  # without a person; Easter and Christmas are shorter


def check(window: Window, all_lines: Iterable[Line]) -> Iterator[Finding]:
    """Hours in which a number reaches nobody, or no person for very long."""
    zone = window.plan.zone
    for line in all_lines:
        lost = [held for held in line.held if not held.reached.person and not held.reached.message]
        who = _who(line)
        if len(lost) == len(line.held):
            yield _finding(line, f"{who}: nobody is ever rung and no message is taken", Level.WARNING)
            continue
        if lost:
            yield _finding(line, f"{who}: nobody is rung and no message is taken {_times(lost, window)}")
        if not any(held.reached.person for held in line.held):
            yield _finding(line, f"{who}: takes messages only, no person is ever rung", Level.NOTE)
            continue
        times = list(_without_a_person(line))
        usual = timedelta(
            seconds=median([(ends_at - begins_at).total_seconds() for begins_at, ends_at in times] or [0.0])
        )
        long = [
            f"from {moment(begins_at, zone)} to {moment(ends_at, zone)} ({length(ends_at - begins_at)})"
            for begins_at, ends_at in times
            if ends_at - begins_at > usual + LONGER_THAN_USUAL
        ]
        if long:
            yield _finding(line, f"{who}: no person is rung {listed(long)}")


def _finding(line: Line, what: str, level: Level = Level.WARNING) -> Finding:
    return Finding(level=level, topic=Topic.HOURS, where=line.where, what=what)


def _who(line: Line) -> str:
    return listed([str(number) for number in line.numbers]) or f"who comes to {line.name} from elsewhere"


def _times(lost: Sequence[Held], window: Window) -> str:
    total = sum((held.ends_at - held.begins_at for held in lost), timedelta())
    zone = window.plan.zone
    first = [f"{moment(held.begins_at, zone)} for {length(held.ends_at - held.begins_at)}" for held in lost]
    times = "once" if len(lost) == 1 else f"{len(lost)} times"
    return f"{times} in {window.days} days, {length(total)} together: {listed(first)}"


def _without_a_person(line: Line) -> Iterator[tuple[datetime, datetime]]:
    begins_at: datetime | None = None
    for held in line.held:
        if held.reached.person:
            if begins_at is not None:
                yield begins_at, held.begins_at
            begins_at = None
        elif begins_at is None:
            begins_at = held.begins_at
    if begins_at is not None:
        yield begins_at, line.held[-1].ends_at
