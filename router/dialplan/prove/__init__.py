"""The plan proves itself before it goes live: what will happen at every number, and what is wrong with it.

Nothing is sampled: what changes over time is found at its boundaries (`rules.timeline`), and what a caller reaches
between two of them is decided by the very rules that decide calls. Loops and steps that end in silence are refused
at load; here is what only time, or the whole of the plan, shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from router.dialplan.prove import coverage, gaps, hours, matching, people
from router.dialplan.prove.coverage import Line
from router.dialplan.prove.findings import Finding, Level, Topic, Window
from router.model.department import DialPlan
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation

DAYS = 400
CHANGES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What happens at these numbers now, and from which moments on something else."""

    numbers: tuple[str, ...]
    name: str
    now: str
    changes: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """findings: by topic, in the order of the plan. coming: the next changes at each number."""

    begins_at: datetime
    ends_at: datetime
    findings: tuple[Finding, ...]
    coming: tuple[Coming, ...] = field(default=())

    def count(self, level: Level) -> int:
        return sum(finding.level is level for finding in self.findings)


def prove(
    plan: DialPlan,
    begins_at: datetime,
    days: int = DAYS,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
    unread: Mapping[str, str] | None = None,
) -> Proof:
    """begins_at: aware. situation: switches, and what of its calendars is known beside the files of the plan.

    unread: why a calendar could not be read, by its key. Takes seconds for a large plan: not for the event loop.
    """
    window = window_of(plan, begins_at, days, situation)
    lines = coverage.lines(window)
    found = [
        *matching.check(window),
        *people.check(plan),
        *gaps.check(window, lines),
        *hours.check(window, unread or {}),
    ]
    topics = list(Topic)
    found.sort(key=lambda finding: (topics.index(finding.topic), list(Level).index(finding.level)))
    return Proof(
        begins_at=window.begins_at,
        ends_at=window.ends_at,
        findings=tuple(found),
        coming=tuple(_coming(line) for line in lines if line.numbers),
    )


def window_of(plan: DialPlan, begins_at: datetime, days: int, situation: Situation) -> Window:
    """What of time is looked through, with the calendars that are files."""
    begins_at = begins_at.astimezone(UTC)
    known = Situation(switches=situation.switches, feeds={**plan.copies, **situation.feeds})
    return Window(plan=plan, begins_at=begins_at, ends_at=begins_at + timedelta(days=days), situation=known)


def _coming(line: Line) -> Coming:
    following: Sequence[coverage.Held] = line.held[1 : CHANGES + 1]
    return Coming(
        numbers=tuple(map(str, line.numbers)),
        name=line.name,
        now=line.held[0].reached.words,
        changes=tuple((held.begins_at, held.reached.words) for held in following),
    )
