"""What would become of recorded calls under another dial plan: each decided by both, the differences grouped."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from router.dialplan.replay import Replayed, replay
from router.model.call import CallId
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan
from router.model.plan import Step
from router.model.record import CallRecord
from router.rules.explain import step_text

EXAMPLES = 3  # told of each group


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One call that changes. old, new: what becomes of it, in words."""

    id: CallId
    at: datetime
    caller: str
    called: str
    old: str
    new: str


@dataclass(slots=True, kw_only=True)
class Group:
    """Calls that change in the same way, and whose deciding rules are the same."""

    change: str
    old_rule: str
    new_rule: str
    calls: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Diff:
    """calls: all that were replayed; changed: those that differ, in groups."""

    old: DialPlan
    new: DialPlan
    calls: int = 0
    changed: int = 0
    _groups: dict[tuple[str, str, str], Group] = field(default_factory=dict)

    def add(self, record: CallRecord) -> None:
        """Decides the call by both plans."""
        self.calls += 1
        before, after = replay(record, self.old), replay(record, self.new)
        change = _change(before, after)
        if change is None:
            return
        self.changed += 1
        key = (change, before.rule, after.rule)
        group = self._groups.setdefault(key, Group(change=change, old_rule=before.rule, new_rule=after.rule))
        group.calls += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(
                Example(
                    id=record.id,
                    at=record.arrived_at,
                    caller=record.caller_number,
                    called=record.called_number or record.called_raw,
                    old=_words(before, after),
                    new=_words(after, before),
                )
            )

    @property
    def groups(self) -> tuple[Group, ...]:
        """The largest first."""
        return tuple(sorted(self._groups.values(), key=lambda group: -group.calls))


def _change(old: Replayed, new: Replayed) -> str | None:
    """What is different for the caller, the greatest difference only; None when nothing is."""
    if new.is_refused is not old.is_refused:
        return "are refused" if new.is_refused else "are no longer refused"
    if bool(old.routed) is not bool(new.routed) or _goes_to(old) != _goes_to(new):
        return "go elsewhere"
    if not new.routed:
        return _outgoing(old.caller_id, new.caller_id)
    if new.department != old.department:
        return f"reach {new.department or 'no department'}, not {old.department or 'none'}"
    if new.is_open is not old.is_open:
        return f"find {new.department} {'open' if new.is_open else 'closed'}"
    if _texts(new) != _texts(old):
        return "take other steps"
    return "are treated otherwise" if _told(new) != _told(old) else None


def _outgoing(old: CallerIdDecision | None, new: CallerIdDecision | None) -> str | None:
    if old is None or new is None:
        return None
    if old.refused != new.refused and not (old.refused and new.refused):
        return "are refused" if new.refused else "are no longer refused"
    if old.pin != new.pin:
        return "ask for a PIN first" if new.pin else "no longer ask for a PIN"
    if old.shown != new.shown:
        return "show another caller ID"
    if [choice.trunk for choice in old.trunks] != [choice.trunk for choice in new.trunks]:
        return "take other trunks"
    return "are dialled otherwise" if (old.trunks, old.name) != (new.trunks, new.name) else None


def _goes_to(of: Replayed) -> object:
    return None if of.caller_id is None else of.caller_id.to


def _texts(of: Replayed) -> tuple[str, ...]:
    return tuple(map(step_text, of.plan_steps))


def _told(of: Replayed) -> tuple[tuple[Step, ...], int]:
    return of.plan_steps, of.routed[-1].priority


def _words(of: Replayed, other: Replayed) -> str:
    """What becomes of the call; in full where the short form would not tell it from the other."""
    if of.routed:
        is_open = {True: " (open)", False: " (closed)", None: ""}[of.is_open]
        steps = _texts(of) if _texts(of) != _texts(other) or not other.routed else of.steps
        where = f"{of.department}{is_open}: " if of.department else ""
        return where + (", ".join(steps) or "nothing")
    decision = of.caller_id
    if decision is None or not decision.trunks:
        return f"refused: {decision.refused}" if decision is not None and decision.refused else "nothing"
    trunks = ", ".join(choice.trunk for choice in decision.trunks)
    return f"{'asks for a PIN, ' if decision.pin else ''}shows {of.shown or 'nothing'} by {trunks}"


def lines(diff: Diff) -> Iterator[str]:
    """For a person: how many calls change, in which way, by which rules, and some of them."""
    yield f"{diff.changed:,} of {diff.calls:,} calls change" + (":" if diff.changed else "")
    for group in diff.groups:
        rules = dict.fromkeys((group.old_rule or "no rule", group.new_rule or "no rule"))
        yield f"{group.calls:,} {group.change}  ({' -> '.join(rules)})"
        for example in group.examples:
            local = example.at.astimezone(diff.new.zone)
            yield f"    {local:%a %d %b %Y %H:%M} {example.caller} to {example.called} ({example.id})"
            yield f"      old: {example.old}"
            yield f"      new: {example.new}"
