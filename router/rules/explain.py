"""Decisions in words: what `explain`, the records and the tests in the YAML show."""

from collections.abc import Iterable
from typing import assert_never

from router.model.call import InboundCall, OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision, RuleTrace
from router.model.department import DialPlan
from router.model.plan import DeadEnd, Menu, Music, Play, Queue, Reject, Ring, Step, Target, Voicemail
from router.rules.ringing import Offer


def step_text(step: Step) -> str:
    """A step in short, as `expect: {steps: [...]}` writes it: "play", "ring alice bob", "reject busy"."""
    match step:
        case Play():
            return "play"
        case Ring(targets=targets):
            return " ".join(["ring", *map(target_text, targets)])
        case Queue(targets=targets):
            return " ".join(["queue", *map(target_text, targets)])
        case Menu(menu=menu):
            return f"menu {menu}"
        case DeadEnd():
            return "dead-end"
        case Voicemail():
            return "voicemail"
        case Reject(cause=cause):
            return f"reject {cause.value}"
        case _:
            assert_never(step)


def target_text(target: Target) -> str:
    """Whom a step may ring, as a test names them: "alice", "alice.mobile", "+447400123456"."""
    if target.person is None:
        return str(target.number)
    return target.person if target.number is None else f"{target.person}.mobile"


def offer_text(offer: Offer, plan: DialPlan) -> str:
    """Who is rung, as a test names them; a person's mobile also where they forward to it."""
    if offer.number is None:
        return offer.whom
    person = plan.people.get(offer.person or "")
    is_mobile = person is not None and offer.number == person.mobile
    return f"{offer.person}.mobile" if is_mobile else str(offer.number)


def step_line(step: Step) -> str:
    """A step in full, for a person reading the plan."""
    match step:
        case Play(sound=sound, answers=answers):
            return f"play {sound}" if answers else f"play {sound} without answering"
        case Ring() as ring:
            who = ", ".join(target.name or target_text(target) for target in ring.targets)
            order = f" {ring.order.value}" if len(ring.targets) > 1 else ""
            each = f", each for {ring.each_s:g} s" if ring.each_s is not None else ""
            music = "ringing" if ring.music is Music.RINGING else "music on hold"
            return f"ring {who}{order}{each}, for {ring.for_s:g} s; the caller hears {music}"
        case Voicemail(department=department, greeting=greeting, longest_s=longest):
            after = f"after {greeting}, " if greeting else ""
            return f"voicemail for {department}: {after}beep, up to {longest:g} s"
        case Reject(cause=cause):
            return f"reject as {cause.value}"
        case Queue() as queue:
            who = ", ".join(target.name or target_text(target) for target in queue.targets)
            return (
                f"queue for {who}, {queue.order.value}, each for {queue.each_s:g} s, at most {queue.longest_s:g} s"
            )
        case Menu() as menu:
            return f"menu {menu.menu}: " + ", ".join(f"{key} {words}" for key, words in menu.choices)
        case DeadEnd(for_s=for_s):
            return f"music for {for_s:g} s, then the end"
        case _:
            assert_never(step)


def inbound_lines(call: InboundCall, decision: RoutingDecision, plan: DialPlan) -> tuple[str, ...]:
    """An inbound decision, rule by rule when it was traced, then the plan step by step."""
    local = call.arrived_at.astimezone(plan.zone)
    department = plan.departments.get(decision.department or "")
    lines = [
        f"call from {call.caller.shown} to {call.called}, {local:%a %d %b %Y %H:%M} {plan.zone.key}",
        *_trace_lines(decision.trace),
        f"department: {department.name if department else 'none'}",
        f"because: {decision.because}",
        "plan:",
    ]
    lines += [f"  {number}. {step_line(step)}" for number, step in enumerate(decision.plan.steps, 1)]
    return tuple(lines)


def outbound_lines(call: OutboundCall, decision: CallerIdDecision, plan: DialPlan) -> tuple[str, ...]:
    """An outgoing decision: the layers of the caller ID, then the trunks in the order they are tried."""
    local = call.placed_at.astimezone(plan.zone)
    lines = [
        f"call by {call.by or 'nobody'} to {call.called}, {local:%a %d %b %Y %H:%M} {plan.zone.key}",
        *_trace_lines(decision.trace),
    ]
    match decision.to:
        case CallTo.NOWHERE:
            lines.append(f"refused: {decision.refused}")
        case CallTo.PERSON | CallTo.DEPARTMENT | CallTo.MENU | CallTo.FEATURE | CallTo.PARKED:
            lines.append(f"internal: {decision.because}")
        case CallTo.TRUNKS | CallTo.EMERGENCY:
            department = plan.departments.get(decision.department or "")
            lines.append(f"calls for: {department.name if department else 'no department'}")
            lines.append(f"caller ID: {shown_text(decision)}")
            lines.append(f"because: {decision.because}")
            lines.append("trunks:")
            for number, choice in enumerate(decision.trunks, 1):
                shows = choice.shown or f"nothing, asserting {choice.asserted}"
                lines.append(f"  {number}. {choice.trunk}: dials {choice.dial}, shows {shows}")
        case _:
            assert_never(decision.to)
    return tuple(lines)


def shown_text(decision: CallerIdDecision) -> str:
    """What the called party sees: a number, "withheld", or "" when nothing was decided."""
    if decision.shown is None:
        return ""
    return str(decision.shown.number) if decision.shown.number else "withheld"


def _trace_lines(trace: Iterable[RuleTrace]) -> list[str]:
    return [f"  {'✓' if entry.matched else '✗'} {entry.path}: {entry.because}" for entry in trace]
