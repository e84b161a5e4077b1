"""What phones dial: codes before a number, numbers for everybody, and the emergency number behind any habit."""

from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.dialling import read_dialled
from router.dialplan.numbers import emergency_numbers, read_number
from router.dialplan.short_numbers import short_number
from router.model.decision import CallTo
from router.model.department import CallPrefix, DialPlan, Feature
from router.model.limits import DenyRule, Site
from router.model.number import NumberKind, NumberPattern, NumberType, PatternKind
from router.rules.limits import is_premium
from tests.rules.acme import BACKUP, PEOPLE, VOIPCO, acme, leaving, placed
from tests.rules.conftest import caller_id_rule, pattern, public, trunk_rule

E164, SHORT, EXTENSION, EMERGENCY, INVALID = (
    NumberKind.E164,
    NumberKind.SHORT,
    NumberKind.EXTENSION,
    NumberKind.EMERGENCY,
    NumberKind.INVALID,
)
PREFIXES = {"*67": CallPrefix.WITHHOLD, "*7": CallPrefix.SHOW_AS}
PLAN = replace(acme(), prefixes=PREFIXES, codes={"*5": Feature.FORWARD, "*8": Feature.PICK_UP})

DIALLED = {
    "a number": ("07400 123456", E164, "+447400123456", False, None),
    "withheld": ("*6707400123456", E164, "+447400123456", True, None),
    "withheld, abroad": ("*67 0033 1 40 20 50 50", E164, "+33140205050", True, None),
    "withheld, a colleague": ("*67201", EXTENSION, "201", True, None),
    "withheld, a short number": ("*67101", SHORT, "101", True, None),
    "as Support": ("*7601*07400123456", E164, "+447400123456", False, "support"),
    "as Support, abroad": ("*7601*+33140205050", E164, "+33140205050", False, "support"),
    "as nobody": ("*7699*07400123456", INVALID, "*7699*07400123456", False, None),
    "as Support, nobody": ("*7601*", INVALID, "*7601*", False, "support"),
    "a code alone": ("*67", INVALID, "*67", True, None),
    "a code twice": ("*67*6707400123456", INVALID, "*67*6707400123456", True, None),
    "another code": ("*5201", INVALID, "*5201", False, None),
    "the police": ("101", SHORT, "101", False, None),
    "a European one": ("116 123", SHORT, "116123", False, None),
    "none": ("0101", INVALID, "0101", False, None),
    "emergency": ("999", EMERGENCY, "999", False, None),
    "emergency, withheld": ("*67999", EMERGENCY, "999", False, None),
    "emergency, as Support": ("*7601*112", EMERGENCY, "112", False, None),
    "emergency, by a code that is none here": ("*82112", EMERGENCY, "112", False, None),
    "emergency, by a mobile's code": ("#31#999", EMERGENCY, "999", False, None),
    "emergency, by an outside line": ("9999", EMERGENCY, "999", False, None),
    "emergency, by another outside line": ("0 112", EMERGENCY, "112", False, None),
    "emergency, withheld by an outside line": ("*679999", EMERGENCY, "999", False, None),
    "emergency, as an address book has it": ("+112", EMERGENCY, "112", False, None),
    "emergency, sent off": ("999#", EMERGENCY, "999", False, None),
    "emergency and more": ("9991", INVALID, "9991", False, None),
}


@pytest.mark.parametrize(("text", "kind", "value", "withhold", "show_as"), DIALLED.values(), ids=DIALLED.keys())
def test_what_is_dialled_is_read(
    text: str, kind: NumberKind, value: str, withhold: bool, show_as: str | None
) -> None:
    read = read_dialled(text, PLAN)

    assert (read.called.kind, read.called.value) == (kind, value)
    assert (read.withhold, read.show_as) == (withhold, show_as)
    assert read.called.raw == text


@pytest.mark.parametrize(
    "text", ["*67999", "*679999", "*670112", "*82999", "*31#112", "*6999", "*6601*999", "*69999"]
)
@pytest.mark.parametrize("prefix", list(CallPrefix))
def test_no_code_of_the_plan_hides_an_emergency_number_behind_a_habit(text: str, prefix: CallPrefix) -> None:
    plan = replace(PLAN, prefixes={"*6": prefix, "*3": prefix, "*8": prefix})
    if prefix is CallPrefix.WITHHOLD:
        text = text.replace("601*", "")

    called = read_dialled(text, plan).called

    assert called.kind is EMERGENCY and called.value == text[-3:]


def test_an_emergency_number_is_found_behind_a_code_that_is_none_here_and_the_digit_for_a_line() -> None:
    plan = replace(PLAN, prefixes={})
    for text in ("*679999", "#31#0112", "1419999", "*82+112"):
        assert read_dialled(text, plan).called.kind is EMERGENCY, text


ANY, FREE, PREMIUM = NumberType.SHORT, NumberType.SHORT_TOLL_FREE, NumberType.SHORT_PREMIUM_RATE
SHORTS = {
    "GB": {"101 111 123 1471": ANY, "116123 105": FREE, "118118 118500": PREMIUM},
    "US": {"311 411 711": ANY, "988 933": FREE},
    "DE": {"115": ANY, "116117 116116": FREE, "11880 118000": PREMIUM},
    "FR": {"3131 3000": FREE, "118712 3900 1023": PREMIUM},
    "ES": {"010 012 024": ANY, "016": FREE, "11818": PREMIUM},
    "AU": {"1194": ANY, "1234": PREMIUM},
    "IN": {"1098 139 198": FREE},
    "CN": {"95588 12345": ANY},
    "IT": {"114 1500": ANY, "1240": PREMIUM},
    "AT": {"116117 140": FREE},
    "CH": {"143": ANY, "1811": PREMIUM},
}


@pytest.mark.parametrize(
    ("text", "country", "kind"),
    [
        (text, country, kind)
        for country, which in SHORTS.items()
        for texts, kind in which.items()
        for text in texts.split()
    ],
)
def test_a_countrys_short_number_may_be_called_and_its_price_is_known(
    text: str, country: str, kind: NumberType
) -> None:
    read = read_dialled(text, replace(acme(), country=country)).called

    assert (read.kind, read.value, read.country, read.type) == (SHORT, text, country, kind)


NO_SHORTS = {
    "GB": "212 60600 0101 1 99 12345 248",
    "US": "2345678 23456 12 2211",
    "DE": "22044 22833 2011 70123 0115 19222",
    "AU": "13 1300 2345",
    "FR": "40404 20000 224 36",
    "AT": "118899 211",
    "PL": "211 20123",
    "CN": "20123",
}


@pytest.mark.parametrize(("country", "texts"), NO_SHORTS.items(), ids=NO_SHORTS.keys())
def test_few_digits_that_are_no_short_number_are_refused_and_never_made_a_number(country: str, texts: str) -> None:
    """A wrong extension, such as 2283 in Germany, was called as +492283."""
    plan = replace(acme(), country=country)
    for text in texts.split():
        decision = placed(leaving(read_dialled(text, plan).called), plan)
        assert (decision.to, decision.trunks) == (CallTo.NOWHERE, ()), text


def test_the_reason_says_that_too_little_was_dialled() -> None:
    plan = replace(acme(), country="DE")
    assert placed(leaving(read_dialled("22833", plan).called), plan).refused == (
        "22833 is no short number of DE, and too short for any other"
    )


def test_few_digits_that_are_given_out_are_the_number_they_are() -> None:
    for text, country, value in (("131450", "AU", "+61131450"), ("892892", "IT", "+39892892")):
        read = read_dialled(text, replace(acme(), country=country)).called
        assert (read.kind, read.value) == (E164, value)


def test_no_short_number_is_an_emergency_number() -> None:
    for country in phonenumbers.SUPPORTED_SHORT_REGIONS:
        for digits in emergency_numbers(country):
            assert short_number(digits, country) is None, (country, digits)


def test_a_phone_that_stands_abroad_calls_the_short_numbers_of_where_it_stands() -> None:
    site = Site(key="berlin", caller_id=public("+442079460150"), location="Unter den Linden 1", country="DE")
    alice = replace(PEOPLE[0], site="berlin")
    plan = replace(acme(people=(alice, *PEOPLE[1:])), sites={"berlin": site})

    for text, by, country in (
        ("115", "alice", "DE"),
        ("*67115", "alice", "DE"),
        ("101", "alice", "GB"),
        ("115", "bob", None),
        ("116123", "bob", "GB"),
        ("116123", None, "GB"),
        ("116123", "alice", "DE"),
    ):
        read = read_dialled(text, replace(plan, prefixes=PREFIXES), by).called
        assert (read.kind is SHORT, read.country) == (country is not None, country), (text, by)


@pytest.mark.parametrize("word", ["short", "premium-rate"])
def test_a_rule_for_premium_numbers_knows_the_short_ones(word: str) -> None:
    plan = replace(
        acme(),
        denied=(
            DenyRule(path="deny", name="no", called=(NumberPattern(kind=PatternKind.TYPE, value=word, text=word),)),
        ),
    )

    assert placed(leaving(read_dialled("118118", plan).called), plan).refused
    assert bool(placed(leaving(read_dialled("101", plan).called), plan).refused) is (word == "short")


def test_minutes_to_short_numbers_at_premium_rate_are_premium_minutes() -> None:
    assert [is_premium(read_dialled(text, PLAN).called) for text in ("118118", "101", "116123")] == [
        True,
        False,
        False,
    ]


def test_a_colleagues_extension_goes_before_a_short_number() -> None:
    assert read_number("101", replace(PLAN, person_of={"101": "alice"})).kind is EXTENSION


def test_a_short_number_is_called_as_it_is_and_rules_know_it() -> None:
    rules = [caller_id_rule("police", "+442079460199")]
    rules = [replace(rules[0], called=(replace(pattern("GB"), text="GB"),))]
    routes = [trunk_rule("short", "backup", called=["101"]), trunk_rule("all", "voipco")]
    decision = placed(leaving(read_dialled("101", PLAN).called), acme(caller_ids=rules, routes=routes))

    assert [choice.dial for choice in decision.trunks] == ["PJSIP/101@backup"]
    assert decision.rule == "caller_id.police"


def test_a_short_number_leaves_only_by_a_trunk_of_its_country() -> None:
    """115 is the town hall in Germany; by a British trunk it would be another number, or none."""
    german = replace(VOIPCO, country="DE")
    short = read_dialled("115", replace(acme(), country="DE")).called
    assert short.kind is SHORT

    by_german = placed(leaving(short), acme(trunks=(BACKUP, german)))
    by_none = placed(leaving(short), acme(trunks=(BACKUP,)))

    assert [choice.dial for choice in by_german.trunks] == ["PJSIP/115@voipco"]
    assert by_none.refused == "115 is a short number of DE, where no trunk leads"
    assert any("backup does not lead to short numbers of DE" in rule.because for rule in by_none.trace)


def test_a_number_without_its_area_code_is_refused_as_such() -> None:
    for text, country in (("555 0134", "US"), ("7946 0100", "GB")):
        plan = replace(acme(), country=country)
        decision = placed(leaving(read_dialled(text, plan).called), plan)
        assert (decision.to, decision.refused.partition(" ")[2]) == (CallTo.NOWHERE, "lacks its area code")


def test_what_is_behind_a_code_and_no_number_is_refused_with_the_reason() -> None:
    def refused(text: str) -> str:
        return placed(leaving(read_dialled(text, PLAN).called), PLAN).refused

    assert refused("*67") == "*67 has no number behind its code that can be called"
    assert refused("*7699*1") == "*7699*1 does not say as which department: its extension, *, then the number"
    assert refused("*6779460100") == "*6779460100 lacks its area code"


@given(st.text(alphabet="0123456789*#+ -;.aZ", max_size=24) | st.text(max_size=12))
def test_whatever_is_dialled_is_read_and_decided(text: str) -> None:
    read = read_dialled(text, PLAN)
    decision = placed(replace(leaving(read.called), withhold=read.withhold, show_as=read.show_as), PLAN)

    for choice in decision.trunks:
        number = choice.dial.removeprefix("PJSIP/").partition("@")[0]
        assert number.removeprefix("+").isdigit() and number.isascii()


COUNTRIES = st.sampled_from(sorted({*SHORTS, "PL", "SE", "NO", "DK", "IE", "NL", "BE", "JP", "BR", "ZA", "NZ"}))
DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=8)


@given(country=COUNTRIES, digits=DIGITS, code=st.sampled_from(["", "*67", "*7601*"]), at_site=COUNTRIES | st.none())
def test_few_digits_are_one_thing_in_every_country(
    country: str, digits: str, code: str, at_site: str | None
) -> None:
    """An emergency number, an extension, a short number that leaves as it is, a number given out, or none."""
    sites = {}
    if at_site is not None:
        sites["here"] = Site(key="here", caller_id=public("+442079460150"), location="here", country=at_site)
    alice = replace(PEOPLE[0], site="here" if sites else None)
    plan = replace(acme(people=(alice, *PEOPLE[1:])), country=country, sites=sites, prefixes=PREFIXES)
    plan = replace(plan, emergency=replace(plan.emergency, numbers=emergency_numbers(country)))

    read = read_dialled(code + digits, plan, "alice").called
    decision = placed(leaving(read), plan)

    if read.kind is SHORT:
        assert (read.value, read.country in (country, at_site)) == (digits, True)
        assert short_number(digits, read.country or "") is not None
        assert {choice.dial for choice in decision.trunks} <= {f"PJSIP/{digits}@{key}" for key in plan.trunks}
    elif read.kind is E164:
        assert len(digits) > 6 or phonenumbers.is_valid_number(phonenumbers.parse(read.value))
    elif read.kind is EMERGENCY:
        assert read.value in plan.emergency.numbers and digits.endswith(read.value)
    elif read.kind is EXTENSION:
        assert digits in plan.person_of or digits in plan.department_of
    else:
        assert not decision.trunks and decision.refused
    if digits in plan.emergency.numbers:
        assert read.kind is EMERGENCY


@given(
    codes=st.dictionaries(st.from_regex(r"\*[0-9]{1,4}", fullmatch=True), st.sampled_from(Feature), max_size=4),
    prefixes=st.dictionaries(
        st.from_regex(r"\*[0-9]{1,4}", fullmatch=True), st.sampled_from(CallPrefix), max_size=2
    ),
    habit=st.sampled_from(["", "*67", "*82", "#31#", "*31#", "9", "0", "+", "141"]),
    number=st.sampled_from(["999", "112"]),
    country=st.sampled_from(["GB", "US", "FR", "any"]),
)
def test_no_plan_stands_before_an_emergency_number(
    codes: dict[str, Feature], prefixes: dict[str, CallPrefix], habit: str, number: str, country: str
) -> None:
    routes = [trunk_rule("none", "backup", called=[country])]
    plan: DialPlan = replace(
        acme(routes=routes, caller_ids=[caller_id_rule("shy", None)]), codes=codes, prefixes=prefixes
    )
    taken = any(habit.startswith(code) for code in prefixes)  # what follows such a code is read for itself
    read = read_dialled(habit + number, plan)

    if not taken:
        assert (read.called.kind, read.called.value) == (EMERGENCY, number)
        assert placed(leaving(read.called, by=None), plan).to is CallTo.EMERGENCY
    assert read_dialled(number, plan).called.kind is EMERGENCY
