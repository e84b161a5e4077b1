"""The self-test of emergency calls goes where help would be called from, and as that call would."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.dialling import read_dialled
from router.model.call import CallId
from router.model.decision import CallTo
from router.model.department import DialPlan
from router.model.limits import DenyRule, Limits, Site
from router.model.number import NumberKind, PhoneNumber
from router.model.situation import Situation
from router.model.trunk import Breaker, TrunkState
from router.rules.caller_id import choose_caller_id
from router.rules.self_test import call_from, self_test
from tests.rules.acme import BACKUP, PEOPLE, VOIPCO, acme, leaving
from tests.rules.conftest import OPEN, public

NEW_YORK = Site(
    key="new-york",
    caller_id=public("+442079460150"),
    location="Broadway 1",
    country="US",
    test_number="933",
)


TEST = call_from(CallId("t1"), NEW_YORK, OPEN)


def company(**site: object) -> DialPlan:
    alice = replace(PEOPLE[0], site="new-york")
    plan = acme(trunks=(VOIPCO, BACKUP), people=(alice, *PEOPLE[1:]))
    return replace(plan, sites={"new-york": replace(NEW_YORK, **site)})  # type: ignore[arg-type]


states = st.builds(
    TrunkState,
    channels=st.integers(min_value=0, max_value=40),
    is_online=st.sampled_from([True, False, None]),
    breaker=st.sampled_from([Breaker(), Breaker(failures=9, opened_at=OPEN)]),
)


@given(trunks=st.fixed_dictionaries({"voipco": states, "backup": states}))
def test_it_takes_the_trunks_and_shows_the_numbers_of_an_emergency_call_from_there(
    trunks: dict[str, TrunkState],
) -> None:
    plan, situation = company(), Situation(trunks=trunks)
    help_ = PhoneNumber(kind=NumberKind.EMERGENCY, value="999", raw="999")

    test = self_test(TEST, plan, OPEN, situation)
    real = choose_caller_id(leaving(help_), plan, OPEN, situation)

    assert test.to is real.to is CallTo.EMERGENCY
    assert [(c.trunk, c.shown, c.asserted) for c in test.trunks] == [
        (c.trunk, c.shown, c.asserted) for c in real.trunks
    ]
    assert [c.dial.replace("933", "999") for c in test.trunks] == [c.dial for c in real.trunks]
    assert test.because == "933 is the test number of the site new-york"


def test_no_rule_and_no_limit_stands_in_its_way_as_in_that_of_help() -> None:
    plan = replace(
        company(), denied=(DenyRule(path="deny", name="nothing"),), limits=Limits(concurrent=0, per_minute=0)
    )

    assert self_test(TEST, plan, OPEN).trunks


def test_without_a_trunk_there_is_none() -> None:
    plan = replace(company(), trunks={})

    assert self_test(TEST, plan, OPEN).refused == "933 is an emergency number, but there is no trunk"


def test_nobody_reaches_a_test_number_as_an_emergency_number_by_dialling_it() -> None:
    assert read_dialled("933", company(), "alice").called.kind is not NumberKind.EMERGENCY
