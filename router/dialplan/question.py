"""What would become of a call: one that never was, under any circumstances, or a recorded one, said in words.

A question becomes the record of a call, as it would have been noted, and is decided by replaying it: so `explain`,
the running service and a recorded call are answered by the same lines of code.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from router.dialplan.faults import Suggest, brief
from router.dialplan.replay import Replayed, noted, replay
from router.model.call import CallId, Direction, Verification
from router.model.department import DialPlan
from router.model.hours import Position
from router.model.number import dialable
from router.model.plan import Queue, Ring
from router.model.record import CallRecord, DecisionInputs
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules.accounts import used
from router.rules.charges import rate_by
from router.rules.explain import inbound_lines, outbound_lines, step_text
from router.rules.ringing import line_up

WITHHELD = "withheld"
NO_NUMBERS = (WITHHELD, "unknown")  # of callers: hidden, and none that came


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call as somebody describes it. Exactly one of caller (from outside, or a colleague's extension) and by.

    at: such as "2026-12-25 10:00", "" for now. pressed: keys in the menus. switched: department or schedule ->
    "open" or "closed". paused: people.
    """

    called: str
    caller: str | None = None
    by: str | None = None
    at: str = ""
    department: str | None = None
    withhold: bool = False
    name: str = ""
    trunk: str | None = None
    verified: Verification = Verification.NONE
    pressed: tuple[str, ...] = ()
    switched: Mapping[str, Position] = field(default_factory=dict)
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """lines: for a person. told: for a program, plain values: the decision; in `costs` what an outgoing call costs,
    by trunk; in `then` the decisions that follow, in an internal call or on a key; in `rings` who would ring."""

    lines: tuple[str, ...]
    told: dict[str, Any]


def asked(
    question: Question, plan: DialPlan, at: datetime, situation: Situation = NOTHING_KNOWN_AT_ALL
) -> CallRecord:
    """The call as it would be noted at `at`. situation: what people have set and are doing beside the question.

    Raises ValueError, naming what is known, for anything the plan does not have.
    """
    _check(question, plan)
    called = question.called
    if called.lstrip().startswith("*"):
        called = "".join(called.split())  # a phone sends no spaces, and a code is looked up as it came
    by = question.by or plan.person_of.get(question.caller or "")
    is_withheld = question.withhold or question.caller == WITHHELD
    known = replace(situation, feeds={**plan.copies, **situation.feeds})
    inputs = noted(DecisionInputs(), known, at)
    return CallRecord(
        id=CallId("explained"),
        direction=Direction.INBOUND if by is None else Direction.OUTBOUND,
        channel="",
        caller_number="",
        caller_name=question.name,
        called_number="",
        called_raw=called,
        arrived_at=at,
        inputs=replace(
            inputs,
            caller="" if is_withheld or by is not None else question.caller or "",
            name="" if is_withheld else question.name,
            is_withheld=is_withheld,
            called=called,
            trunk=question.trunk,
            is_internal=by is not None,
            by=by,
            show_as=question.department,
            verification=question.verified,
            switches={
                **inputs.switches,
                **{switch_name(name, plan): position for name, position in question.switched.items()},
            },
            paused=(*inputs.paused, *question.paused),
            pressed=question.pressed,
            used={subject: used(usage, at, plan.zone) for subject, usage in situation.usage.items()},
        ),
    )


def switch_name(name: str, plan: DialPlan) -> str:
    """ "department:sales" for sales. A department goes before a schedule of the same name. Raises ValueError."""
    kind, _, key = name.rpartition(":")
    if key in plan.departments and kind in ("", "department"):
        return f"department:{key}"
    if key in plan.schedules and kind in ("", "schedule"):
        return f"schedule:{key}"
    raise ValueError(unknown("no department or schedule is called", name, {*plan.departments, *plan.schedules}))


def unknown(what: str, name: str, known: Collection[str]) -> str:
    return f'{what} "{brief(name)}"; {Suggest()(name, known)}'


def explain(record: CallRecord, plan: DialPlan) -> Answer:
    """Every rule with what made it match or not, the plan, and who would ring."""
    replayed = replay(record, plan, traced=True)
    lines: list[str] = []
    decisions: list[dict[str, Any]] = []
    if replayed.outbound is not None and replayed.caller_id is not None:
        lines += outbound_lines(replayed.outbound, replayed.caller_id, plan)
        decisions.append(msgspec.to_builtins(replayed.caller_id) | {"costs": _costs(replayed, plan)})
    for number, decision in enumerate(replayed.routed):
        assert replayed.inbound is not None
        header, *rest = inbound_lines(replayed.inbound, decision, plan, replayed.situation)
        lines.append(header if not number else f"pressed {record.inputs.pressed[number - 1] or 'nothing'}:")
        lines += rest
        steps = [step_text(step) for step in decision.plan.steps]
        decisions.append(msgspec.to_builtins(decision) | {"steps": steps})
    needless = record.inputs.pressed[max(len(replayed.routed) - 1, 0) :]
    if needless:
        lines.append(f"pressed {', '.join(key or 'nothing' for key in needless)}: there is no menu to press it in")
    rings = _rings(replayed, record.arrived_at, plan)
    told = decisions[0] | {"then": decisions[1:], "rings": msgspec.to_builtins(rings)}
    return Answer(lines=tuple(lines), told=told)


def _costs(replayed: Replayed, plan: DialPlan) -> dict[str, Any]:
    """By trunk, what the call would cost; None where its rates do not say."""
    call, decision = replayed.outbound, replayed.caller_id
    if call is None or decision is None:
        return {}
    found: dict[str, Any] = {}
    for trunk in (plan.trunks[choice.trunk] for choice in decision.trunks):
        if trunk.rates is not None:
            rate = rate_by(trunk, call.called.value, plan, call.placed_at)
            found[trunk.key] = msgspec.to_builtins(rate) | {"currency": trunk.rates.currency} if rate else None
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step that rings. who: in order. passed_over: who else the step names -> why they are not rung."""

    step: str
    who: tuple[str, ...]
    passed_over: Mapping[str, str]


def _rings(replayed: Replayed, at: datetime, plan: DialPlan) -> list[Rung]:
    found = []
    for step in replayed.plan_steps:
        if isinstance(step, Ring | Queue):
            lined = line_up(step, plan, replayed.situation, at)
            who = tuple(map(str, lined.offers))
            found.append(Rung(step=step_text(step), who=who, passed_over=dict(lined.passed_over)))
    return found


def _check(question: Question, plan: DialPlan) -> None:
    if (question.caller is None) == (question.by is None):
        raise ValueError("either who calls from outside or which person calls, not both")
    if not dialable(question.called):
        raise ValueError(f'"{brief(question.called)}" is no number; write it as it is dialled')
    if question.caller is not None and question.caller not in NO_NUMBERS and not dialable(question.caller):
        raise ValueError(f'"{brief(question.caller)}" is no number; write it as it is dialled')
    for person in (*question.paused, *((question.by,) if question.by else ())):
        if person not in plan.people:
            raise ValueError(unknown("nobody is called", person, plan.people))
    if question.department is not None and question.department not in plan.departments:
        raise ValueError(unknown("no department is called", question.department, plan.departments))
    if question.trunk is not None and question.trunk not in plan.trunks:
        raise ValueError(unknown("no trunk is called", question.trunk, plan.trunks))
