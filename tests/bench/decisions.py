"""Decisions alone, without Asterisk: how long the rules take on the company's whole plan, and how long its load."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from router.dialplan.deck import read_deck
from router.dialplan.diff import Diff
from router.dialplan.load import load
from router.dialplan.numbers import public_number, read_caller, read_number
from router.dialplan.prove import prove
from router.model.call import CallId, Direction, InboundCall, OutboundCall
from router.model.department import DialPlan
from router.model.hours import BusinessHours, Span
from router.model.rate import RateDeck
from router.model.record import CallRecord, DecisionInputs
from router.rules.caller_id import choose_caller_id
from router.rules.inbound import route
from tests.bench.company import NUMBERS, PEOPLE, caller, desk, number, write_plan

REPLAYED = 10_000
RULES, TRUNKS = 1_000, 5  # for calls out
PREFIXES, DESTINATIONS = 200_000, 5_000  # of a rate deck
HEADER = "prefix,description,per_minute,connection_fee,increment"
CALLED = ("+14155550134", "+442071838750")  # by calls out; the deck has a rate for each
AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Seconds: the median over many, and what 99 of 100 stay below. aim_us: what the median should stay below."""

    what: str
    p50: float
    p99: float
    aim_us: float | None = None


def percentile(values: Iterable[float], share: float) -> float:
    """0.99 for what 99 of 100 stay below; nan of nothing."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Seconds: to load the plan, to compare two over `REPLAYED` calls, to prove one over 400 days, to read a rate
    deck of `PREFIXES`, and one in which no two rows cost the same; decisions."""

    load_s: float
    decisions: list[Timed]
    diff_s: float
    prove_s: float
    deck_s: float
    unlike_s: float


def time_alone() -> Alone:
    """Raises ValueError when the plan is refused."""
    with TemporaryDirectory() as folder:
        plan = write_plan(Path(folder, "plan"))
        began = perf_counter()
        loaded = load(plan)
        took = perf_counter() - began
    if loaded.plan is None:
        raise ValueError("\n".join(map(str, loaded.faults)))
    deck_s, deck = _deck()
    return Alone(
        load_s=took,
        decisions=[*_decisions(loaded.plan), _out(deck), _rates(deck)],
        diff_s=_diff_s(loaded.plan, replace(loaded.plan, inbound=())),
        prove_s=_prove_s(loaded.plan),
        deck_s=deck_s,
        unlike_s=_unlike_s(),
    )


def _decisions(plan: DialPlan) -> list[Timed]:
    inbound = [_inbound(index, plan) for index in range(NUMBERS)]
    outbound = [_outbound(index, plan) for index in range(PEOPLE)]
    return [
        _timed("route a call in", [partial(route, call, plan, AT) for call in inbound], aim_us=50.0),
        _timed("  and say why", [partial(route, call, plan, AT, traced=True) for call in inbound]),
        _timed("choose a caller ID", [partial(choose_caller_id, call, plan, AT) for call in outbound], aim_us=50.0),
        _timed("  read a new caller's number", [partial(_read_new, index, plan) for index in range(NUMBERS)]),
    ]


def _out(deck: RateDeck) -> Timed:
    """A call out past `RULES` rules, by the cheapest of `TRUNKS` trunks, each with the deck."""
    with TemporaryDirectory() as folder:
        plan = write_plan(Path(folder, "plan"))
        company = plan / "company.yaml"
        company.write_text(json.dumps(_with_rules(json.loads(company.read_text()))))
        loaded = load(plan)
    if loaded.plan is None:
        raise ValueError("\n".join(map(str, loaded.faults)))
    trunks = {key: replace(trunk, rates=deck) for key, trunk in loaded.plan.trunks.items()}
    *others, last = loaded.plan.routes
    priced = replace(loaded.plan, trunks=trunks, routes=(*others, replace(last, cheapest=True)))
    calls = [_outbound(index, priced) for index in range(PEOPLE)]
    what = f"a call out: {RULES:,} rules, {TRUNKS} trunks, {PREFIXES:,} prefixes"
    return _timed(what, [partial(choose_caller_id, call, priced, AT) for call in calls], aim_us=100.0)


def _with_rules(company: dict[str, Any]) -> dict[str, Any]:
    """None of the rules fits but the last: all of them are looked at."""
    carrier = company["trunks"]["carrier"]
    names = ["carrier", *(f"carrier{index}" for index in range(1, TRUNKS))]
    each = RULES // 3
    elsewhere = [f"+{49_000_000 + index}*" for index in range(RULES)]
    return company | {
        "trunks": {name: carrier | {"dial": f"PJSIP/{{number}}@{name}"} for name in names},
        "outbound": {
            "deny": [{"to": [elsewhere[index]]} for index in range(each)],
            "caller_id": [
                {"person": desk(index), "to": elsewhere[index], "show": number(index)} for index in range(each)
            ],
            "trunks": [
                *({"to": [elsewhere[index]], "use": names[:2]} for index in range(RULES - 2 * each - 1)),
                {"use": names},
            ],
        },
    }


def _diff_s(old: DialPlan, new: DialPlan) -> float:
    records = [_recorded(index, old) for index in range(REPLAYED)]
    diff = Diff(old=old, new=new)
    public_number.cache_clear()  # each caller is another one
    began = perf_counter()
    for record in records:
        diff.add(record)
    return perf_counter() - began


def _recorded(index: int, plan: DialPlan) -> CallRecord:
    called = number(index % NUMBERS)
    return CallRecord(
        id=CallId(str(index)),
        direction=Direction.INBOUND,
        channel="",
        caller_number=caller(index),
        caller_name="",
        called_number=called,
        called_raw=called,
        arrived_at=AT,
        dialplan=plan.digest,
        inputs=DecisionInputs(caller=caller(index), called=called, trunk="carrier"),
    )


def _prove_s(plan: DialPlan) -> float:
    """At worst: each department has a schedule of its own that opens twice a day."""
    spans = (Span(opens=time(8, 30), closes=time(12, 30)), Span(opens=time(13, 15), closes=time(17, 45)))
    schedules = {
        key: BusinessHours(name=key, zone=plan.zone, week=(spans,) * 6 + ((),)) for key in plan.departments
    }
    departments = {key: replace(department, hours=key) for key, department in plan.departments.items()}
    began = perf_counter()
    prove(replace(plan, schedules=schedules, departments=departments), AT)
    return perf_counter() - began


def _deck() -> tuple[float, RateDeck]:
    """As carriers write them: the prefixes of one destination cost the same."""
    costs = [f"to {number},{number / 1e5:.5f},0.01,60/1" for number in range(DESTINATIONS)]
    rows = [f"{_prefix(index)},{costs[index % DESTINATIONS]}" for index in range(PREFIXES - len(CALLED))]
    rows += [f"{called[1:6]},{costs[0]}" for called in CALLED]
    return _read("\n".join([HEADER, *rows]))


def _unlike_s() -> float:
    rows = (
        f"{_prefix(index)},to {index},{index / 1e5:.5f},{index % 977 / 1e3:.3f},{index % 59 + 1}/{index % 7 + 1}"
        for index in range(PREFIXES)
    )
    return _read("\n".join([HEADER, *rows]))[0]


def _read(text: str) -> tuple[float, RateDeck]:
    began = perf_counter()
    deck = read_deck(text)
    took = perf_counter() - began
    if deck.faults:
        raise ValueError(f"the rate deck: {deck.faults[0]}")
    return took, deck.in_currency("GBP")


def _prefix(index: int) -> str:
    """Each another one, of three to ten digits."""
    return str(100 + 7919 * index)


def _rates(deck: RateDeck) -> Timed:
    numbers = [f"+{_prefix(index * 199)}5550123"[:13] for index in range(NUMBERS)]
    return _timed("find a number's rate", [partial(deck.rate_of, each, AT.date()) for each in numbers], aim_us=5.0)


def _inbound(index: int, plan: DialPlan) -> InboundCall:
    return InboundCall(
        id=CallId(str(index)),
        caller=read_caller(caller(index), "", False, plan.country),
        called=read_number(number(index), plan),
        arrived_at=AT,
        trunk="carrier",
        channel="",
    )


def _outbound(index: int, plan: DialPlan) -> OutboundCall:
    called = read_number(CALLED[index % len(CALLED)], plan)
    return OutboundCall(id=CallId(str(index)), by=desk(index), called=called, placed_at=AT, channel="")


def _read_new(index: int, plan: DialPlan) -> None:
    public_number.cache_clear()  # each caller is another one
    read_caller(caller(index), "", False, plan.country)


def _timed(what: str, decisions: Sequence[Callable[[], object]], *, aim_us: float | None = None) -> Timed:
    times = []
    for _ in range(3):
        for decide in decisions:
            began = perf_counter()
            decide()
            times.append(perf_counter() - began)
    return Timed(what=what, p50=median(times), p99=percentile(times, 0.99), aim_us=aim_us)
