"""Rate decks: files beside the plan, with every faulty row told by its line."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.deck import Deck, read_deck
from router.dialplan.load import Loaded, load, load_kept
from router.dialplan.rates import FAULTS_TOLD
from router.model.rate import Money, Rate, RateDeck
from tests.dialplan.conftest import HEAD, SALES, faults, plan_of

PLAN = (
    HEAD
    + SALES
    + """
trunks:
  voipco: {dial: "PJSIP/{number}@voipco", caller_ids: 020 7946 0100, rates: rates/voipco.csv}
"""
)
HEADER = "prefix,description,per_minute,connection_fee,minimum,increment,valid_from\n"
DAY = date(2026, 11, 24)

LoadDeck = Callable[..., Loaded]


def deck(text: str) -> RateDeck:
    read = read_deck(text)
    assert read.faults == []
    return read.in_currency("GBP")


def rate(text: str, number: str = "+447400123456", on: date = DAY) -> Rate:
    found = deck(text).rate_of(number, on)
    assert found is not None
    return found


def words(text: str, number: str, on: date = DAY) -> str | None:
    found = deck(HEADER + text).rate_of(number, on)
    return found.description if found else None


@pytest.fixture
def load_deck(tmp_path: Path) -> LoadDeck:
    def load_deck(content: str | bytes = HEADER + "447,GB mobile,0.0210,,,,\n", plan: str = PLAN) -> Loaded:
        (tmp_path / "acme.yaml").write_text(plan, "utf-8")
        (tmp_path / "rates").mkdir(exist_ok=True)
        (tmp_path / "rates/voipco.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        return load(tmp_path)

    return load_deck


# ---- which rate


DECK = """44,landline,1,,,,
447,mobile,2,,,,
4474,network,3,,,,2026-06-01
4474,network later,4,,,,2027-01-01
"""


@pytest.mark.parametrize(
    ("number", "on", "expected"),
    [
        pytest.param("+442079460100", DAY, "landline", id="a short prefix"),
        pytest.param("+447700900123", DAY, "mobile", id="a longer one"),
        pytest.param("+447400123456", DAY, "network", id="the longest"),
        pytest.param("+447400123456", date(2026, 6, 1), "network", id="on its first day"),
        pytest.param("+447400123456", date(2026, 5, 31), "mobile", id="before it is valid a shorter one decides"),
        pytest.param("+447400123456", date(2027, 1, 1), "network later", id="the latest that is valid"),
        pytest.param("+447", DAY, "mobile", id="a number that is the prefix"),
        pytest.param("+4", DAY, None, id="shorter than any prefix"),
        pytest.param("+33140205050", DAY, None, id="of no prefix"),
    ],
)
def test_the_longest_prefix_decides_and_of_it_the_latest_rate_in_force(
    number: str, on: date, expected: str | None
) -> None:
    assert words(DECK, number, on) == expected


@given(
    prefixes=st.sets(st.from_regex(r"[1-9][0-9]{0,5}", fullmatch=True), min_size=1, max_size=30),
    number=st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True),
)
def test_the_rate_found_is_the_one_a_walk_over_all_prefixes_finds(prefixes: set[str], number: str) -> None:
    fitting = [prefix for prefix in prefixes if number[1:].startswith(prefix)]

    found = words("".join(f"{prefix},to {prefix},1,,,,\n" for prefix in prefixes), number)

    assert found == (f"to {max(fitting, key=len)}" if fitting else None)


# ---- how a row is read


def test_a_row_says_what_a_call_costs_to_the_last_digit() -> None:
    assert rate(HEADER + "447,GB mobile,0.0210,0.01,30,60/1,2026-01-01\n") == Rate(
        description="GB mobile",
        per_minute=Decimal("0.0210"),
        connection_fee=Decimal("0.01"),
        minimum_s=30,
        first_s=60,
        next_s=1,
        valid_from=date(2026, 1, 1),
    )


def test_what_a_row_does_not_say_costs_nothing_and_counts_by_the_second() -> None:
    assert rate("per_minute,prefix\n0.02,+447\n") == Rate(description="", per_minute=Decimal("0.02"))


def test_one_increment_is_for_the_first_and_all_others() -> None:
    found = rate("prefix,per_minute,increment\n447,1,60\n")

    assert (found.first_s, found.next_s) == (60, 60)


def test_a_deck_as_spreadsheets_write_it() -> None:
    found = rate('Prefix; Per_Minute; Description\r\n\r\n447;0,0210;"Mobil; GB"\r\n;;\r\n')

    assert (found.per_minute, found.description) == (Decimal("0.0210"), "Mobil; GB")


def test_prefixes_of_the_same_terms_share_them() -> None:
    found = deck(HEADER + "441,GB,0.01,,,,\n442,GB,0.01,,,,\n")

    assert found.of_prefix["441"] is found.of_prefix["442"]


ROWS = {
    "no prefix": (",GB,1,,,,", 'prefix: "" is no prefix; write the country\'s code and what follows, such as 447'),
    "a national prefix": (
        "07,GB,1,,,,",
        'prefix: "07" is no prefix; write the country\'s code and what follows, such as 447',
    ),
    "no price": (
        "447,GB,,,,,",
        'per_minute: "" is no amount; write it without a currency, such as 0.0210',
    ),
    "a negative price": (
        "447,GB,-1,,,,",
        'per_minute: "-1" is no amount; write it without a currency, such as 0.0210',
    ),
    "a price with its currency": (
        "447,GB,£0.02,,,,",
        'per_minute: "£0.02" is no amount; write it without a currency, such as 0.0210',
    ),
    "a decimal comma among commas": (
        '447,GB,"0,02",,,,',
        'per_minute: "0,02" is no amount; write it without a currency, such as 0.0210',
    ),
    "no number": (
        "447,GB,1,NaN,,,",
        'connection_fee: "NaN" is no amount; write it without a currency, such as 0.0210',
    ),
    "an increment of nothing": (
        "447,GB,1,,,60/0,",
        'increment: "0" is no length; 1 to 3600 seconds are possible, an increment such as 60 or 60/1',
    ),
    "a minimum without end": (
        "447,GB,1,,99999,,",
        'minimum: "99999" is no length; 0 to 3600 seconds are possible, an increment such as 60 or 60/1',
    ),
    "no date": (
        "447,GB,1,,,,01.12.2026",
        'valid_from: "01.12.2026" is no date; write year-month-day, such as 2026-12-24',
    ),
    "too many values": ("447,GB,1,,,,,", "has 8 values for 7 columns; quote what has commas in it"),
    "there already": ("442,GB,9,,,,", "442 is there already, in line 2; keep one"),
}


@pytest.mark.parametrize(("row", "what"), ROWS.values(), ids=ROWS)
def test_a_faulty_row_is_told_with_its_line(row: str, what: str) -> None:
    assert read_deck(f"{HEADER}442,GB,1,,,,\n{row}\n").faults == [(3, what)]


def test_a_deck_of_more_terms_than_are_kept_is_read_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"44{n},to {n % 7},0.0{n % 7},,,,\n" for n in range(30))
    kept = deck(HEADER + rows)

    monkeypatch.setattr("router.dialplan.deck.MOST_TERMS", 3)

    assert deck(HEADER + rows) == kept


def test_every_row_of_one_prefix_is_told_by_its_own_line() -> None:
    rows = "44,a,1,,,,\n44,b,1,,,,2027-01-01\n44,c,1,,,,2026-01-01\n"
    read = read_deck(HEADER + rows + rows)
    since = ("", " from 2027-01-01", " from 2026-01-01")
    assert read.faults == [
        (5 + at, f"44{day} is there already, in line {2 + at}; keep one") for at, day in enumerate(since)
    ]


def test_a_prefix_is_there_twice_only_when_both_are_valid_from_the_same_day() -> None:
    read = read_deck(HEADER + "44,GB,1,,,,2026-01-01\n44,GB,1,,,,2027-01-01\n44,GB,2,,,,2027-01-01\n")

    assert read.faults == [(4, "44 from 2027-01-01 is there already, in line 3; keep one")]


def test_a_column_of_another_name_hides_no_faulty_row() -> None:
    read = read_deck("prefix,fee,per_minute\nabc,1,0.01\n44,1,free\n33,1,0.02\n")

    assert [line for line, _ in read.faults] == [1, 2, 3]


HEADERS = {
    "a column of another name": (
        "prefix,per_minute,fee\n",
        '"fee" is no column; known: '
        "connection_fee, description, increment, minimum, per_minute, prefix, valid_from",
    ),
    "a column twice": ("prefix,per_minute,prefix\n", 'two columns are called "prefix"; keep one'),
    "a column without a name": ("prefix,per_minute,\n", "a column has no name"),
    "no prices": (
        "prefix,description\n",
        'the column "per_minute" is missing; the first row names them: '
        "prefix, description, per_minute, connection_fee, minimum, increment, valid_from",
    ),
    "no rates": ("prefix,per_minute\n", "has no rates in it"),
}


@pytest.mark.parametrize(("text", "what"), HEADERS.values(), ids=HEADERS)
def test_a_faulty_first_row_is_told(text: str, what: str) -> None:
    assert read_deck(text).faults == [(1, what)]


@given(st.text(alphabet='0123456789+,;."/\r\n -x', max_size=200))
def test_whatever_a_file_holds_is_read_or_told(text: str) -> None:
    read: Deck = read_deck("prefix,per_minute,increment\n" + text)

    assert read.rates or read.faults
    for rates in read.rates.values():
        assert all(each.per_minute >= 0 and each.first_s >= 1 and each.next_s >= 1 for each in rates)


# ---- within a plan


def test_a_trunk_has_its_deck_in_the_currency_of_its_country(load_deck: LoadDeck) -> None:
    rates = plan_of(load_deck()).trunks["voipco"].rates

    assert rates is not None
    assert rates.currency == "GBP"
    assert rates.rate_of("+447400123456", DAY) is not None


@pytest.mark.parametrize(
    ("written", "currency"),
    [
        ("rates: {file: rates/voipco.csv, currency: EUR}", "EUR"),
        ("rates: {file: rates/voipco.csv}, country: DE", "EUR"),
        ("rates: rates/voipco.csv, country: US", "USD"),
    ],
)
def test_a_trunk_may_bill_in_another_currency(load_deck: LoadDeck, written: str, currency: str) -> None:
    rates = plan_of(load_deck(plan=PLAN.replace("rates: rates/voipco.csv", written))).trunks["voipco"].rates

    assert rates is not None
    assert rates.currency == currency


def test_every_faulty_row_of_a_deck_refuses_the_plan(load_deck: LoadDeck) -> None:
    loaded = load_deck("\ufeff" + HEADER + "447,GB,x,,,,\n44,GB,0.01,,,,\n1,US,y,,,,\n")

    assert loaded.plan is None
    assert faults(loaded) == [
        'rates/voipco.csv:2:1: per_minute: "x" is no amount; write it without a currency, such as 0.0210',
        'rates/voipco.csv:4:1: per_minute: "y" is no amount; write it without a currency, such as 0.0210',
    ]


def test_a_deck_with_nothing_but_faults_does_not_fill_the_screen(load_deck: LoadDeck) -> None:
    told = faults(load_deck(HEADER + "".join(f"44{n},GB,free,,,,\n" for n in range(200))))

    assert len(told) == FAULTS_TOLD + 1
    assert told[-1] == f"rates/voipco.csv:{FAULTS_TOLD + 2}:1: and {200 - FAULTS_TOLD} more faults below"


def test_a_deck_that_is_not_utf_8_says_where(load_deck: LoadDeck) -> None:
    told = faults(load_deck(HEADER.encode() + b"441,GB,1,,,,\n33,Fran\xe7e,1,,,,\n"))

    assert told == ["rates/voipco.csv:3:1: is not UTF-8; save the file in that encoding"]


def test_a_deck_that_is_not_there_is_a_fault(load_deck: LoadDeck, tmp_path: Path) -> None:
    load_deck()
    (tmp_path / "rates/voipco.csv").unlink()

    (fault,) = faults(load(tmp_path))
    assert '"rates/voipco.csv" is not there' in fault


def test_a_changed_deck_is_a_changed_plan(load_deck: LoadDeck) -> None:
    before, after = load_deck(), load_deck(HEADER + "447,GB mobile,0.0220,,,,\n")

    assert plan_of(before).digest != plan_of(after).digest


def test_a_deck_s_text_is_not_kept_and_the_kept_plan_can_do_without(load_deck: LoadDeck) -> None:
    loaded = load_deck()

    assert list(loaded.files) == ["acme.yaml"]
    assert plan_of(load_kept(loaded.files)).trunks["voipco"].rates is None


# ---- and what may be spent


@pytest.mark.parametrize(
    ("written", "amount", "currency"), [("50", 50, "GBP"), ("12.50", "12.50", "GBP"), ("50 GBP", 50, "GBP")]
)
def test_money_is_the_companys_unless_it_says_whose(
    load_deck: LoadDeck, written: str, amount: str | int, currency: str
) -> None:
    plan = plan_of(load_deck(plan=PLAN + f"limits: {{spend_a_day: {written}}}\n"))

    assert plan.limits.spend == Money(amount=Decimal(amount), currency=currency)


EUROS = PLAN.replace("rates: rates/voipco.csv", "rates: {file: rates/voipco.csv, currency: EUR}")
SOME_UNPRICED = (
    PLAN
    + """
  backup: {dial: "PJSIP/{number}@backup", caller_ids: 020 7946 0100}
outbound:
  trunks: [{to: FR, use: backup}, {to: DE, use: [backup, voipco]}, {use: voipco}]
"""
)


@pytest.mark.parametrize(
    ("plan", "money", "fault"),
    [
        (EUROS, "10", "is in GBP, but the rates of the trunk voipco are in EUR"),
        (EUROS, "10 EUR", None),
        (PLAN, "10 EUR", "is in EUR, but the rates of the trunk voipco are in GBP"),
        (
            SOME_UNPRICED,
            "10",
            "calls by acme.yaml:12: outbound.trunks[0] could not be counted: no rates for backup",
        ),
    ],
)
def test_what_is_spent_can_be_counted_on_every_route(
    load_deck: LoadDeck, plan: str, money: str, fault: str | None
) -> None:
    told = faults(load_deck(plan=f"{plan}limits: {{spend_a_day: {money}}}\n"))

    assert [line.split("limits.spend_a_day: ")[1] for line in told] == ([fault] if fault else [])
