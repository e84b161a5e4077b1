"""Decisions in words: what `explain`, the records and the tests in the YAML show."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

from router.model.call import InboundCall, OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision, RuleTrace
from router.model.department import DialPlan, Trunk
from router.model.number import NumberKind
from router.model.plan import DeadEnd, Menu, Play, Queue, Reject, Ring, Step, Voicemail
from router.model.situation import Situation
from router.rules.attestation import predicted
from router.rules.charges import rate_by, rate_text
from router.rules.ringing import Offer, line_up
from router.rules.words import duration, in_words, queue_line, ring_line, target_text


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
            return ring_line(ring)
        case Queue() as queue:
            return queue_line(queue)
        case Voicemail(department=department, greeting=greeting, longest_s=longest):
            after = f"after {greeting}, " if greeting else ""
            return f"voicemail for {department}: {after}beep, up to {duration(longest)}"
        case Reject(cause=cause, prompt=prompt):
            return f"reject as {cause.value}{f', after {prompt}' if prompt else ''}"
        case Menu() as menu:
            return f"menu {menu.menu}: " + ", ".join(f"{key} {words}" for key, words in menu.choices)
        case DeadEnd(for_s=for_s):
            return f"music for {duration(for_s)}, then the end"
        case _:
            assert_never(step)


def inbound_lines(
    call: InboundCall,
    decision: RoutingDecision,
    plan: DialPlan,
    situation: Situation | None = None,
) -> tuple[str, ...]:
    """An inbound decision, rule by rule when it was traced, then the plan step by step.

    situation: at the moment the call arrived, to say who would ring then and why not the others; None for neither.
    """
    local = call.arrived_at.astimezone(plan.zone)
    department = plan.departments.get(decision.department or "")
    lines = [
        f"call from {call.caller.shown} to {call.called}, {local:%a %d %b %Y %H:%M} {plan.zone.key}",
        *_trace_lines(decision.trace),
        f"department: {department.name if department else 'none'}",
        f"because: {decision.because}",
        "plan:",
    ]
    for number, step in enumerate(decision.plan.steps, 1):
        if isinstance(step, Menu):
            lines += [f"  {number}. menu {step.menu}: {_heard(step)}", *_menu_lines(step, plan)]
        else:
            lines.append(f"  {number}. {step_line(step)}")
        if isinstance(step, Ring | Queue) and situation is not None:
            lines += _rung_lines(step, plan, situation, call.arrived_at)
    if decision.plan.runs_out:
        lines.append("  then: no answer")
    return tuple(lines)


def _heard(menu: Menu) -> str:
    tries = "once" if menu.tries == 1 else f"{menu.tries} times"
    return f"plays {menu.prompt} and waits {duration(menu.wait_s)} for a key, {tries}"


def _menu_lines(step: Menu, plan: DialPlan) -> Iterator[str]:
    """What each key leads to; what follows there is another call's explanation."""
    for key, words in step.choices:
        yield f"     {key}: {words}"
    if step.extensions:
        yield "     or an extension"
    menu = plan.menus.get(step.menu)
    if menu is not None:
        names = {key: entry.name for key, entry in plan.people.items()}
        names |= {key: entry.name for key, entry in plan.departments.items()}
        yield f"     otherwise: {in_words(menu.otherwise, names)}"


def _rung_lines(step: Ring | Queue, plan: DialPlan, situation: Situation, at: datetime) -> Iterator[str]:
    """Who would ring now, and why not the others."""
    found = line_up(step, plan, situation, at)
    rung = [
        f"{offer_text(offer, plan)}{f' after {duration(offer.after_s)}' if offer.after_s else ''}"
        for offer in found.offers
    ]
    yield f"     now rings: {', '.join(rung) or 'nobody'}"
    yield from (f"     {offer.whom} {_forward_text(offer)}" for offer in found.offers if offer.forward)
    yield from (f"     not {who}: {why}" for who, why in found.passed_over)


def _forward_text(offer: Offer) -> str:
    """ "forwards: no answer to +447400123456, busy to 202" """
    return "forwards: " + ", ".join(f"{result.value} to {to}" for result, to in offer.forward.items())


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
            if decision.pin is not None:
                lines.append(f"asks first for the PIN of {decision.pin}")
            lines.append(f"calls for: {department.name if department else 'no department'}")
            lines.append(f"caller ID: {shown_text(decision)}")
            lines.append(f"because: {decision.because}")
            if decision.longest_s is not None:
                lines.append(f"lasts: {duration(round(decision.longest_s))} at most")
            lines.append("trunks:")
            for number, choice in enumerate(decision.trunks, 1):
                shows = choice.shown or f"nothing, asserting {choice.asserted}"
                lines.append(f"  {number}. {choice.trunk}: dials {choice.dial}, shows {shows}")
                signed = predicted(choice, decision.called, plan)
                if signed is not None:
                    lines.append(f"     attestation {signed.level.value}: {signed.because}")
                lines += _cost_lines(plan.trunks[choice.trunk], call, plan)
        case _:
            assert_never(decision.to)
    return tuple(lines)


def _cost_lines(trunk: Trunk, call: OutboundCall, plan: DialPlan) -> Iterator[str]:
    if trunk.rates is not None and call.called.kind is NumberKind.E164:
        rate = rate_by(trunk, call.called.value, plan, call.placed_at)
        yield f"     costs {rate_text(rate, trunk.rates.currency) if rate else 'what its rates do not say'}"


def shown_text(decision: CallerIdDecision) -> str:
    """What the called party sees: a number, "withheld", or "" when nothing was decided."""
    if decision.shown is None:
        return ""
    return str(decision.shown.number) if decision.shown.number else "withheld"


def _trace_lines(trace: Iterable[RuleTrace]) -> list[str]:
    return [f"  {'✓' if entry.matched else '✗'} {entry.path}: {entry.because}" for entry in trace]
