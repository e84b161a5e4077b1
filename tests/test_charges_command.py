"""`callrouter charges`, and what `calls` and `explain` say of money."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from router.cli.charges import _key_of
from router.model.call import Direction
from router.model.rate import Price
from router.model.record import CallRecord, LegRecord
from router.rules.charges import Totals
from router.store.database import open_store
from tests.dialplan.conftest import SHIPPED
from tests.support.messages import after, record

MOBILE, PARIS, SATELLITE = "+447400123456", "+33140205050", "+881612345678"

Run = Callable[..., Result]


def leg(called: str = MOBILE, amount: str | None = "0.0310", currency: str = "GBP", **facts: Any) -> LegRecord:
    """A minute by voipco. amount: None where it has no rate."""
    price = Price(amount=Decimal(amount), currency=currency, billed_s=120) if amount else None
    known: dict[str, Any] = {"trunk": "voipco", "answered_at": after(5), "ended_at": after(65)} | facts
    return LegRecord(id="l1", endpoint="", called=called, price=price, **known)


def outgoing(call_id: str, *legs: LegRecord, **facts: Any) -> CallRecord:
    placed: dict[str, Any] = {"direction": Direction.OUTBOUND, "person": "alice"}
    return replace(record(call_id), legs=legs, **placed | facts)


CALLS = (
    outgoing("c1", leg()),
    outgoing("c2", leg(PARIS, "0.0200", "EUR", trunk="backup"), department="support", person="carol"),
    outgoing("c3", leg(PARIS, None), department=None),
    outgoing("c4", leg(SATELLITE, "9.5000"), arrived_at=after(40 * 86_400)),
    replace(record("c5"), legs=(leg(person="bob"),)),  # somebody called Sales, and went on to Bob's mobile
    record("c6"),
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `callrouter` where these calls are recorded."""
    settings = tmp_path / "callrouter.toml"
    settings.write_text('state_dir = "state"\n')

    async def fill() -> None:
        store = await open_store(f"sqlite:///{tmp_path}/state/callrouter.db", tmp_path / "state/messages")
        try:
            await store.save_calls(CALLS)
        finally:
            await store.close()

    asyncio.run(fill())

    def run(*arguments: str) -> Result:
        runner = CliRunner(env={"CALLROUTER_SETTINGS": str(settings)})
        return runner.invoke(main, list(arguments), catch_exceptions=False)

    return run


def totals(result: Result) -> dict[tuple[str, str], tuple[str, int]]:
    told = [json.loads(line) for line in result.output.splitlines()]
    return {(each["key"], each["currency"]): (each["amount"], each["calls"]) for each in told}


BY = {
    "department": {
        ("sales", "GBP"): ("9.5620", 3),
        ("support", "EUR"): ("0.0200", 1),
        ("", ""): ("0", 1),
    },
    "person": {
        ("alice", "GBP"): ("9.5310", 2),
        ("alice", ""): ("0", 1),
        ("carol", "EUR"): ("0.0200", 1),
        ("bob", "GBP"): ("0.0310", 1),
    },
    "country": {
        ("GB", "GBP"): ("0.0620", 2),
        ("FR", "EUR"): ("0.0200", 1),
        ("FR", ""): ("0", 1),
        ("", "GBP"): ("9.5000", 1),
    },
    "type": {
        ("mobile", "GBP"): ("9.5620", 3),
        ("fixed", "EUR"): ("0.0200", 1),
        ("fixed", ""): ("0", 1),
    },
    "trunk": {("voipco", "GBP"): ("9.5620", 3), ("voipco", ""): ("0", 1), ("backup", "EUR"): ("0.0200", 1)},
    "month": {
        ("2026-11", "GBP"): ("0.0620", 2),
        ("2026-11", "EUR"): ("0.0200", 1),
        ("2026-11", ""): ("0", 1),
        ("2027-01", "GBP"): ("9.5000", 1),
    },
}


@pytest.mark.parametrize("by", BY)
def test_charges_are_added_up_by_what_is_asked(run: Run, by: str) -> None:
    assert totals(run("charges", "--by", by, "--json")) == BY[by]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param(("--country", "gb"), {("", "GBP"): ("0.0620", 2)}, id="country"),
        pytest.param(("--country", "001"), {("", "GBP"): ("9.5000", 1)}, id="in no country"),
        pytest.param(("--type", "fixed"), {("", "EUR"): ("0.0200", 1), ("", ""): ("0", 1)}, id="type"),
        pytest.param(("--country", "GB", "--type", "fixed"), {}, id="both"),
    ],
)
def test_charges_are_of_the_country_and_type_that_are_asked_for(
    run: Run, asked: tuple[str, ...], found: dict[tuple[str, str], tuple[str, int]]
) -> None:
    assert totals(run("charges", *asked, "--json")) == found


def test_the_country_is_the_one_that_was_recorded() -> None:
    """What a number was read as when it was called holds, whatever a later metadata release makes of it."""
    totals = Totals(_key_of("country"))
    totals.add(outgoing("c1", leg(), called_number=MOBILE, called_country="JE", called_type="mobile"))
    totals.add(outgoing("c2", leg(PARIS), called_number=MOBILE, called_country="JE", called_type="mobile"))

    assert [total.key for total in totals.made()] == ["FR", "JE"]


def test_charges_without_a_key_are_one_total_for_each_currency(run: Run) -> None:
    assert totals(run("charges", "--json")) == {
        ("", "GBP"): ("9.5620", 3),
        ("", "EUR"): ("0.0200", 1),
        ("", ""): ("0", 1),
    }


def test_charges_of_a_period_are_of_calls_that_arrived_in_it(run: Run) -> None:
    result = run("charges", "--since", "2026-12-01", "--until", "2027-02-01", "--json")

    assert totals(result) == {("", "GBP"): ("9.5000", 1)}


def test_charges_are_a_table_that_says_which_calls_have_no_rate(run: Run) -> None:
    rows = [row.split() for row in run("charges", "--by", "country").output.splitlines()]

    assert rows == [
        ["country", "calls", "minutes", "billed", "minutes", "cost"],
        ["none", "1", "1.0", "2.0", "9.5000", "GBP"],
        ["FR", "1", "1.0", "no", "rate"],
        ["FR", "1", "1.0", "2.0", "0.0200", "EUR"],
        ["GB", "2", "2.0", "4.0", "0.0620", "GBP"],
    ]


def test_calls_tell_what_each_cost(run: Run) -> None:
    listed = run("calls").output.splitlines()
    told = [json.loads(line) for line in run("calls", "--json").output.splitlines()]

    assert sum("0.0310 GBP" in row for row in listed) == 2
    prices = {each["id"]: each["legs"][0]["price"] for each in told}
    assert prices["c1"] == {"amount": "0.0310", "currency": "GBP", "billed_s": 120, "because": ""}
    assert prices["c3"] is None


def test_explain_tells_what_a_call_would_cost_by_each_trunk() -> None:
    arguments = [
        "explain",
        str(SHIPPED / "acme"),
        "--by",
        "alice",
        "--to",
        "07400 123456",
        "--at",
        "2026-11-24 10:00",
    ]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)

    lines = [line.strip() for line in result.output.splitlines()]
    told_of = [line.partition(":")[0] for line in lines]
    costs = lines.index("costs GB mobile, 0.0210 GBP a minute, connection 0.01")
    assert told_of.index("1. voipco") < costs < told_of.index("2. backup")

    told = json.loads(CliRunner().invoke(main, [*arguments, "--json"], catch_exceptions=False).output)
    assert list(told["costs"]) == ["voipco"], "the other trunk has no rates"
    cost = told["costs"]["voipco"]
    assert (cost["per_minute"], cost["connection_fee"], cost["currency"]) == ("0.0210", "0.01", "GBP")


def test_explain_says_when_a_trunk_has_no_rate_for_a_number() -> None:
    arguments = ["explain", str(SHIPPED / "acme"), "--by", "alice", "--to", "00 81 3 1234 5678"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)

    assert "costs what its rates do not say" in result.output
