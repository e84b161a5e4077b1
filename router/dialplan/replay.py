"""Recorded calls decided again: under their own plan, to say why, or under another one, to say what would change.

What a decision depends on is noted with the call (`noted`), the time it came at and its own plan by digest. So a
replay is the decision itself, made by the same rules, not a reconstruction of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from router.dialplan.dialling import read_dialled
from router.dialplan.numbers import country_at, read_caller, read_number
from router.model.block import Block
from router.model.call import Direction, InboundCall, OutboundCall
from router.model.caller import CallerId
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision
from router.model.department import DialPlan
from router.model.hours import Closure, FeedCopy, Switch
from router.model.limits import Spending, Usage, Used
from router.model.people import Activity, Standing
from router.model.pin import Asking
from router.model.plan import Menu, Reject, Step
from router.model.record import Away, CallRecord, DecisionInputs
from router.model.situation import Situation
from router.model.trunk import TrunkState
from router.rules.caller_id import choose_caller_id
from router.rules.explain import shown_text, step_line
from router.rules.inbound import choose, route
from router.rules.self_test import call_from, self_test

WITHIN = (CallTo.PERSON, CallTo.DEPARTMENT, CallTo.MENU)  # goes on as an inbound call from a colleague's phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """inbound: the call as it was routed, None when it left by a trunk or was refused. outbound: as it was placed.

    routed: the decision, then one for each key that was pressed. caller_id: of a call that somebody placed.
    situation: of the moment.
    """

    situation: Situation
    inbound: InboundCall | None = None
    outbound: OutboundCall | None = None
    routed: tuple[RoutingDecision, ...] = ()
    caller_id: CallerIdDecision | None = None

    @property
    def rule(self) -> str:
        decision = self.routed[0] if self.routed else self.caller_id
        return decision.rule if decision is not None else ""

    @property
    def department(self) -> str | None:
        decision = self.routed[-1] if self.routed else self.caller_id
        return decision.department if decision is not None else None

    @property
    def is_open(self) -> bool | None:
        return self.routed[-1].is_open if self.routed else None

    @property
    def plan_steps(self) -> tuple[Step, ...]:
        return tuple(step for decision in self.routed for step in decision.plan.steps)

    @property
    def steps(self) -> tuple[str, ...]:
        """As in the call's record."""
        if self.routed or self.caller_id is None:
            return tuple(map(step_line, self.plan_steps))
        return tuple(f"dial {choice.trunk}" for choice in self.caller_id.trunks)

    @property
    def shown(self) -> str:
        return shown_text(self.caller_id) if self.caller_id is not None and not self.routed else ""

    @property
    def is_refused(self) -> bool:
        if self.routed:
            first = self.plan_steps[:1]
            return not first or isinstance(first[0], Reject)
        return self.caller_id is None or not self.caller_id.trunks


def noted(
    inputs: DecisionInputs,
    situation: Situation,
    at: datetime,
    *,
    busy: Iterable[str] | None = None,
    block: Block | None = None,
) -> DecisionInputs:
    """`inputs` with what people had set and were doing at `at`. Made for every call: no more than it needs.

    busy: the people of whom something may be said, None to look at all. block: the one that refuses the call.
    """
    activities = situation.activities
    return replace(
        inputs,
        block=block,
        switches={
            name: switch.position
            for name, switch in situation.switches.items()
            if switch.until is None or at < switch.until
        },
        paused=tuple(person for person, standing in situation.standings.items() if standing.is_paused),
        pauses={
            person: standing.reason
            for person, standing in situation.standings.items()
            if standing.is_paused and standing.reason
        },
        logged_out={
            person: tuple(sorted(standing.logged_out))
            for person, standing in situation.standings.items()
            if standing.logged_out
        },
        away={
            person: away
            for person in tuple(activities if busy is None else busy)
            if (away := _away(activities[person], at)) is not None
        },
        closures={
            feed: closure for feed, copy in situation.feeds.items() if (closure := _going_on(copy, at)) is not None
        },
        trunks=trunks_noted(situation),
    )


def trunks_noted(situation: Situation) -> Mapping[str, TrunkState]:
    """The trunks as an outgoing call found them: those in use, or in trouble."""
    return {
        key: replace(state, breaker=replace(state.breaker, recent=()))
        for key, state in situation.trunks.items()
        if state.channels or state.breaker.opened_at is not None or state.is_online is False
    }


def situation_of(inputs: DecisionInputs, at: datetime) -> Situation:
    """The situation at `at` again, as far as a decision can tell it from the one that was."""
    standings = {
        person: Standing(
            is_paused=person in inputs.paused,
            reason=inputs.pauses.get(person, ""),
            logged_out=frozenset(inputs.logged_out.get(person, ())),
        )
        for person in {*inputs.paused, *inputs.logged_out}
    }
    return Situation(
        switches={name: Switch(position=position, set_at=at) for name, position in inputs.switches.items()},
        standings=standings,
        activities={person: _activity(away, at) for person, away in inputs.away.items()},
        feeds={
            feed: FeedCopy(read_at=at, covers_until=closure.ends_at, closures=(closure,))
            for feed, closure in inputs.closures.items()
        },
        blocks=() if inputs.block is None else (inputs.block,),
        trunks=inputs.trunks,
        usage={subject: _usage(used, at) for subject, used in inputs.used.items()},
        rate=inputs.rate,
    )


def _usage(used: Used, at: datetime) -> Usage:
    """A usage of which as much is used at that moment. Its talks stand for those that went on, without their use:
    that is in the sums, which hold for whatever day is asked about."""
    return Usage(
        began=(at,) * used.in_last_minute,
        going_on={str(number): Spending(began_at=at) for number in range(used.concurrent)},
        foreign_s=used.foreign_s,
        premium_s=used.premium_s,
        spent=used.spent,
        unusual=used.unusual,
    )


def replay(record: CallRecord, plan: DialPlan, *, traced: bool = False) -> Replayed:
    """The call decided under `plan`, at the moment it came and with what was set then."""
    inputs, situation = record.inputs, situation_of(record.inputs, record.arrived_at)
    if record.direction is Direction.INBOUND:
        return _routed(record, plan, situation, _caller(record, plan), traced=traced)
    site = plan.sites.get(inputs.site or "")
    if site is not None and site.test_number:
        test = call_from(record.id, site, record.arrived_at)
        decision = self_test(test, plan, record.arrived_at, situation, traced=traced)
        return Replayed(situation=situation, outbound=test, caller_id=decision)
    by = inputs.by or record.person
    dialled = read_dialled(inputs.called or record.called_raw, plan, by)
    outbound = OutboundCall(
        id=record.id,
        by=by,
        called=dialled.called,
        placed_at=record.arrived_at,
        department=dialled.show_as or inputs.show_as or inputs.department,
        withhold=dialled.withhold or inputs.is_withheld,
        show_as=dialled.show_as or inputs.show_as,
        pin=Asking.MAY,
    )
    chosen = choose_caller_id(outbound, plan, record.arrived_at, situation, traced=traced)
    if chosen.to not in WITHIN:
        return Replayed(situation=situation, outbound=outbound, caller_id=chosen)
    person = plan.people.get(by or "")
    caller = CallerId(number=person.extension, name=person.name) if person else _caller(record, plan)
    routed = _routed(record, plan, situation, caller, traced=traced)
    return replace(routed, outbound=outbound, caller_id=chosen)


def _routed(
    record: CallRecord, plan: DialPlan, situation: Situation, caller: CallerId, *, traced: bool
) -> Replayed:
    inputs = record.inputs
    call = InboundCall(
        id=record.id,
        caller=caller,
        called=read_number(inputs.called or record.called_raw, plan, inputs.trunk),
        arrived_at=record.arrived_at,
        trunk=inputs.trunk or record.trunk,
        internal=record.direction is not Direction.INBOUND,
        verification=inputs.verification,
    )
    decision = route(call, plan, record.arrived_at, situation, traced=traced)
    routed = [decision]
    for at, key in enumerate(inputs.pressed):
        menu = next((step for step in decision.plan.steps if isinstance(step, Menu)), None)
        if menu is None:
            break
        moment = inputs.pressed_at[at] if at < len(inputs.pressed_at) else record.arrived_at
        after = choose(key, menu, call, plan, moment, situation, before=decision, traced=traced)
        if after is None:  # the key means nothing here: as if nothing had been pressed
            after = choose("", menu, call, plan, moment, situation, before=decision, traced=traced)
            after = after and replace(after, because=f"{_meaningless(key, menu, plan)}; {after.because}")
        if after is None:
            break
        decision = after
        routed.append(decision)
    return Replayed(situation=situation, inbound=call, routed=tuple(routed))


def _meaningless(key: str, menu: Menu, plan: DialPlan) -> str:
    """What becomes of a key that means nothing, before nothing is chosen."""
    invalid = plan.menus[menu.menu].invalid
    what = [f"plays {invalid}"] if invalid else []
    what += [f"the menu is played again, {menu.tries} times at most"] if menu.tries > 1 else []
    return f"{key} means nothing in the menu {menu.menu}{': ' if what else ''}{', '.join(what)}"


def _caller(record: CallRecord, plan: DialPlan) -> CallerId:
    """Who called. A record of before inputs were kept has only what could be shown of them."""
    inputs = record.inputs
    if inputs.called:
        country = country_at(plan, inputs.trunk)
        return read_caller(inputs.caller, inputs.name, inputs.is_withheld, country)
    is_withheld = record.caller_number == "withheld"
    return read_caller(record.caller_number, record.caller_name, is_withheld, plan.country)


def _away(activity: Activity, at: datetime) -> Away | None:
    if activity.is_talking:
        return Away.TALKING
    if activity.is_ringing:
        return Away.RINGING
    if activity.wraps_up_until is not None and at < activity.wraps_up_until:
        return Away.WRAPPING_UP
    return Away.UNREGISTERED if activity.is_registered is False else None


def _activity(away: Away, at: datetime) -> Activity:
    match away:
        case Away.TALKING:
            return Activity(is_talking=True)
        case Away.RINGING:
            return Activity(is_ringing=True)
        case Away.WRAPPING_UP:
            return Activity(wraps_up_until=datetime.max.replace(tzinfo=at.tzinfo))
        case Away.UNREGISTERED:
            return Activity(is_registered=False)


def _going_on(copy: FeedCopy, at: datetime) -> Closure | None:
    return next((each for each in copy.closures if each.begins_at <= at < each.ends_at), None)
