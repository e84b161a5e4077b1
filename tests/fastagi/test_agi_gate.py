"""What may not be called leaves by the FastAGI door neither: a plain dialplan gets no dial string for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from router.model.department import CallPrefix, DialPlan
from router.model.limits import DenyRule, Limits
from router.model.number import NumberPattern, PatternKind
from router.model.people import ForwardWhen, Standing
from router.model.situation import Situation
from router.model.steps import Member
from tests.calls.ways import NUMBER, PREMIUM
from tests.fastagi.conftest import Dialplan
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, ring

PREMIUM_RATE = (NumberPattern(kind=PatternKind.TYPE, value="premium-rate", text="premium-rate"),)
DENIED = DenyRule(path="outbound.deny[0]", name="premium numbers", called=PREMIUM_RATE)
PLAN = replace(acme(), prefixes={"*67": CallPrefix.WITHHOLD, "*7": CallPrefix.SHOW_AS})

RULES = {
    "denied": lambda plan: replace(plan, denied=(DENIED,)),
    "denied to the person": lambda plan: replace(plan, denied=(replace(DENIED, people=("alice",)),)),
    "denied to their department": lambda plan: replace(plan, denied=(replace(DENIED, departments=("sales",)),)),
    "over a limit": lambda plan: replace(plan, limits=Limits(premium_s=0.0)),
}
DIALLED = [PREMIUM, "09098790000", "00449098790000", f"*67{PREMIUM}", f"*7601*{PREMIUM}"]


@pytest.mark.parametrize("dialled", DIALLED)
async def test_without_a_rule_against_it_the_number_is_dialled(dialplan: Dialplan, dialled: str) -> None:
    dialplan.plan = PLAN

    assert PREMIUM in (await dialplan.outbound(dialled))["CALLROUTER_DIAL_1"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("dialled", DIALLED)
async def test_what_may_not_be_called_gets_no_dial_string_however_it_is_dialled(
    dialplan: Dialplan, dialled: str, rule: Callable[[DialPlan], DialPlan]
) -> None:
    dialplan.plan = rule(PLAN)
    variables = await dialplan.outbound(dialled)

    assert (variables["CALLROUTER_REFUSED"], variables["CALLROUTER_ROUTES"]) == ("21", "0")
    assert not any(name.startswith("CALLROUTER_DIAL") for name in variables)
    assert "premium" in dialplan.record.because


async def test_neither_a_mobile_nor_a_forward_to_a_number_is_rung_for_a_caller(dialplan: Dialplan) -> None:
    members = (Member(person=None, number=NUMBER), Member(person="bob", number=NUMBER), Member(person="alice"))
    sales = replace(SALES, open=(replace(ring("alice"), members=members), VOICEMAIL), hours=None, closed=())
    dialplan.plan = acme(departments=(sales, SUPPORT))
    dialplan.situation = Situation(standings={"alice": Standing(forward={ForwardWhen.ALWAYS: NUMBER})})
    variables = await dialplan.inbound("+442079460100")

    assert not any(PREMIUM in value for value in variables.values())
    assert variables["CALLROUTER_ROUTES"] == "0"
