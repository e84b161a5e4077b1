"""What `outbound.deny` refuses is refused without the router too. That Asterisk understands it: test_fraud.py."""

import re
from dataclasses import replace
from typing import Any

import pytest

from router.dialplan.fallback_denied import _USES
from router.dialplan.numbers import public_number
from router.model.department import DialPlan
from router.model.limits import DenyRule
from router.model.number import NumberList, NumberPattern, NumberType, PatternKind, one_fits
from tests.dialplan.test_fallback import Contexts, contexts
from tests.rules.acme import acme
from tests.rules.conftest import pattern, patterns

PARIS, LONDON, TORONTO, NEW_YORK = "+33140205050", "+442079460999", "+14165550123", "+12125550100"
PREMIUM, FRENCH_PREMIUM, JERSEY = "+449098790000", "+33899701701", "+441534456789"


def of_type(word: str) -> NumberPattern:
    return NumberPattern(kind=PatternKind.TYPE, value=word, text=word)


def foreign(*homes: str) -> NumberPattern:
    return NumberPattern(kind=PatternKind.FOREIGN, value=" ".join(homes), text="foreign")


def listing(*numbers: str, others: tuple[NumberPattern, ...] = ()) -> NumberPattern:
    return NumberPattern(
        kind=PatternKind.CONTACTS, value="some", among=NumberList(numbers=frozenset(numbers), others=others)
    )


def plan_with(*rules: DenyRule) -> DialPlan:
    return replace(acme(), denied=rules)


def deny(*called: NumberPattern, **conditions: Any) -> DenyRule:
    return DenyRule(path="outbound.deny[0]", name="too dear", called=called, **conditions)


# ---- a small reading of the dialplan: as much as these contexts use


def is_let_out(plan: DialPlan, person: str, number: str) -> bool:
    """Whether a call of the person's phone comes to a context that dials."""
    read, digits = contexts(plan), number.removeprefix("+")
    channel = f'"{plan.people[person].endpoint}-"'
    step = next(step for step in read["callrouter-plan-public"]["_X."] if channel in step)
    found = re.search(r"\?([a-z0-9-]+),(.*),1\)$", step)
    assert found is not None
    if found[1].startswith("callrouter-plan-shows"):
        return True
    zero, *steps = read[found[1]]["_X."]
    no_number = re.fullmatch(r'GotoIf\(\$\{REGEX\("(.+)" \$\{EXTEN\}\)\}\?callrouter-plan-refuses,s,1\)', zero)
    assert no_number is not None, zero
    if re.search(no_number[1], digits):
        return False
    asked = [each for step in steps if (each := re.fullmatch(r"Gosub\((.+),\$\{EXTEN\},1\)", step))]
    assert re.fullmatch(r"Goto\(callrouter-plan-shows-.+,s,1\)", steps[-1]), steps
    return not any(_returns_1(read, each[1], digits) for each in asked)


def _returns_1(read: Contexts, context: str, digits: str) -> bool:
    nearest = sorted(read[context], key=lambda name: (name == "_X.", name.startswith("_"), -len(name)))
    for step in read[context][next(name for name in nearest if _matches(name, digits))]:
        if step.startswith("Return"):
            return step == "Return(1)"
        found = re.fullmatch(r"ExecIf\((.+)\?Return\(1\)\)", step)
        assert found is not None, step
        if _is_true(found[1], digits):
            return True
    raise AssertionError("it returns nothing")


def _matches(name: str, digits: str) -> bool:
    if not name.startswith("_"):
        return name == digits
    return name == "_X." or digits.startswith(name[1:-1])


def _is_true(condition: str, digits: str) -> bool:
    if found := re.fullmatch(r'\$\{REGEX\("(.+)" \$\{EXTEN\}\)\}', condition):
        return re.search(found[1], digits) is not None
    if found := re.fullmatch(r'\$\["\$\{EXTEN:0:(\d+)\}" = "(\d+)"\]', condition):
        return digits[: int(found[1])] == found[2]
    if "!=" in condition:
        return all(
            digits[: int(length)] != code
            for length, code in re.findall(r'"\$\{EXTEN:0:(\d+)\}" != "(\d+)"', condition)
        )
    found = re.fullmatch(
        r"\$\[\$\{LEN\(\$\{EXTEN\}\)\} = (\d+) & \$\{EXTEN\} >= (\d+) & \$\{EXTEN\} <= (\d+)\]", condition
    )
    assert found is not None, condition
    return len(digits) == int(found[1]) and int(found[2]) <= int(digits) <= int(found[3])


# ---- by number


NUMBERS = [
    pytest.param(pattern(PARIS), PARIS, LONDON, id="a number"),
    pytest.param(pattern("+331*"), PARIS, LONDON, id="a prefix"),
    pytest.param(pattern("+442079460900 - +442079460999"), LONDON, "+442079461000", id="a range"),
    pytest.param(pattern("FR"), PARIS, LONDON, id="a country"),
    pytest.param(pattern("US"), NEW_YORK, LONDON, id="the first country of a code"),
    pytest.param(pattern("CA"), TORONTO, NEW_YORK, id="another country of a code"),
    pytest.param(pattern("JE"), JERSEY, LONDON, id="one that shares our own code"),
    pytest.param(foreign("GB", "US"), PARIS, LONDON, id="foreign numbers"),
    pytest.param(foreign("GB", "US"), TORONTO, NEW_YORK, id="a country that shares the code of a site"),
    pytest.param(foreign("GB", "US"), JERSEY, LONDON, id="a country that shares our code"),
    pytest.param(of_type("premium-rate"), PREMIUM, LONDON, id="premium numbers"),
    pytest.param(of_type("premium-rate"), FRENCH_PREMIUM, PARIS, id="another country's"),
    pytest.param(of_type("premium-rate"), "+979123456789", LONDON, id="the world's"),
    pytest.param(of_type("premium-rate"), "+499001234567890", LONDON, id="with digits behind it"),
    pytest.param(of_type("mobile"), "+447400123456", LONDON, id="mobiles"),
    pytest.param(listing(PARIS), PARIS, LONDON, id="a list"),
    pytest.param(listing(others=(pattern("+331*"),)), PARIS, LONDON, id="a list of prefixes"),
]


@pytest.mark.parametrize(("called", "denied", "free"), NUMBERS)
def test_a_denied_number_is_not_let_out_and_another_is(called: NumberPattern, denied: str, free: str) -> None:
    plan = plan_with(deny(called))

    assert (is_let_out(plan, "alice", denied), is_let_out(plan, "alice", free)) == (False, True)


@pytest.mark.parametrize(
    ("number", "is_free"),
    [("+4402079460999", False), ("+33099701701", False), ("+390612345678", True), ("+2250123456789", True)],
)
def test_a_zero_behind_the_code_is_refused_where_no_number_has_one(number: str, is_free: bool) -> None:
    assert is_let_out(plan_with(deny(of_type("premium-rate"))), "alice", number) is is_free


def test_our_own_country_is_told_from_those_that_share_its_code() -> None:
    plan = plan_with(deny(pattern("GB")))

    assert not is_let_out(plan, "alice", LONDON)
    assert is_let_out(plan, "alice", PARIS)


@pytest.mark.parametrize("word", _USES)
@pytest.mark.parametrize(
    "number",
    [PARIS, LONDON, TORONTO, PREMIUM, FRENCH_PREMIUM, JERSEY, "+447400123456", "+448001111111", "+4989123456"],
)
def test_the_fallback_takes_a_number_for_what_the_rules_take_it_for(word: str, number: str) -> None:
    read = public_number(number, "GB")
    assert read is not None

    assert is_let_out(plan_with(deny(of_type(word))), "alice", number) is not one_fits((of_type(word),), read)


# ---- by whose phone it is


FR = patterns(["FR"])
PEOPLE = [
    pytest.param(deny(*FR), "alice", False, id="everybody"),
    pytest.param(deny(*FR, people=("alice",)), "alice", False, id="the person"),
    pytest.param(deny(*FR, people=("alice",)), "bob", True, id="another person"),
    pytest.param(deny(*FR, departments=("sales",)), "alice", False, id="the department"),
    pytest.param(deny(*FR, departments=("sales",)), "carol", True, id="another department"),
    pytest.param(deny(*FR, except_people=("alice",)), "alice", True, id="but not the person"),
    pytest.param(deny(*FR, except_departments=("sales",)), "carol", False, id="but not another department"),
    pytest.param(deny(*FR, outside=("office",)), "alice", False, id="at some hours"),
    pytest.param(deny(*FR, pin=True), "alice", False, id="without a PIN"),
    pytest.param(deny(), "alice", False, id="everything"),
    pytest.param(deny(people=("bob",)), "alice", True, id="everything, to another"),
    pytest.param(deny(outside=("office",)), "alice", True, id="everything, at some hours"),
]


@pytest.mark.parametrize(("rule", "person", "is_free"), PEOPLE)
def test_a_rule_holds_for_whom_it_names_at_every_hour(rule: DenyRule, person: str, is_free: bool) -> None:
    assert is_let_out(plan_with(rule), person, PARIS) is is_free


def test_every_rule_that_holds_is_asked() -> None:
    plan = plan_with(deny(*FR), deny(of_type(NumberType.PREMIUM_RATE.value)), deny(*FR, people=("bob",)))

    assert not is_let_out(plan, "alice", PARIS) and not is_let_out(plan, "alice", PREMIUM)
    assert is_let_out(plan, "alice", LONDON)


def test_without_a_rule_nothing_is_asked() -> None:
    assert not [name for name in contexts(acme()) if "denies" in name or "may" in name]


def test_neither_help_nor_colleagues_are_denied() -> None:
    outbound = contexts(plan_with(deny()))["callrouter-plan-outbound"]

    assert outbound["999"] == contexts(acme())["callrouter-plan-outbound"]["999"]
    assert outbound["203"] == contexts(acme())["callrouter-plan-outbound"]["203"]
