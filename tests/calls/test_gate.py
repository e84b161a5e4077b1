"""One gate for every way out of the company: what the rules refuse is reached by none, and it is said why."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from router.calls import identity
from router.model.decision import TrunkChoice
from router.model.department import DialPlan
from router.model.limits import DenyRule, Limits
from router.model.number import NumberPattern, PatternKind
from tests.calls.ways import WAYS, Way, tried

PREMIUM_RATE = (NumberPattern(kind=PatternKind.TYPE, value="premium-rate", text="premium-rate"),)
REFUSED = "may not be called: premium numbers"


def denying(**conditions: Any) -> Callable[[DialPlan], DialPlan]:
    rule = DenyRule(path="outbound.deny[0]", name="premium numbers", called=PREMIUM_RATE, **conditions)
    return lambda plan: replace(plan, denied=(rule,))


def ways(fits: Callable[[Way], bool] = lambda way: True) -> pytest.MarkDecorator:
    chosen = {name: way for name, way in WAYS.items() if way.leads and fits(way)}
    return pytest.mark.parametrize("way", chosen.values(), ids=chosen.keys())


@ways()
def test_without_a_rule_against_it_this_way_leads_out(way: Way) -> None:
    """Or the tests below would prove nothing."""
    assert tried(way).legs


@ways()
def test_what_is_denied_is_reached_by_no_way(way: Way) -> None:
    done = tried(way, denying())

    assert not done.legs
    assert REFUSED in done.said


@ways()
def test_what_is_denied_at_this_hour_is_reached_by_no_way(way: Way) -> None:
    done = tried(way, denying(during=("office",)))

    assert not done.legs
    assert REFUSED in done.said


@ways(lambda way: way.alices)
def test_what_a_person_may_not_call_is_reached_by_no_way_that_is_theirs(way: Way) -> None:
    done = tried(way, denying(people=("alice",)))

    assert not done.legs
    assert REFUSED in done.said


@ways(lambda way: way.sales)
def test_what_a_department_may_not_call_is_reached_by_no_way_that_is_its_own(way: Way) -> None:
    done = tried(way, denying(departments=("sales",)))

    assert not done.legs
    assert REFUSED in done.said


@ways()
def test_what_would_exceed_a_limit_is_reached_by_no_way_and_is_told(way: Way) -> None:
    done = tried(way, lambda plan: replace(plan, limits=Limits(premium_s=0.0), alerts=("it@acme.example",)))

    assert not done.legs
    assert "has reached its limit of 0 premium minutes a day" in done.said
    assert [alert.subject.partition(":")[0] for alert in done.house.state.alerts.values()] == ["Limit reached"]


@ways()
def test_the_last_look_before_the_invite_is_passed_by_no_way(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was decided: here it objects to every call to the number."""

    def objection(choice: TrunkChoice, plan: DialPlan) -> str | None:
        return "it must not be" if "9098790000" in choice.dial else None

    monkeypatch.setattr(identity, "objection", objection)
    done = tried(way)

    assert not done.legs
    assert "passes over voipco: it must not be" in done.said


NEVER = {name: way for name, way in WAYS.items() if not way.leads}


@pytest.mark.parametrize("way", NEVER.values(), ids=NEVER.keys())
def test_these_are_no_ways_out_whatever_the_rules_say(way: Way) -> None:
    assert not tried(way).legs


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("by the far end of a call out", "was declined: who asks is nobody of the plan"),
        ("by a caller from outside", "was declined: who asks is nobody of the plan"),
    ],
)
def test_a_transfer_that_nobody_of_ours_asks_for_is_declined_and_recorded(name: str, why: str) -> None:
    done = tried(WAYS[name])

    assert why in done.said
    assert all(record.answered_at for record in done.records), "the talk goes on"
