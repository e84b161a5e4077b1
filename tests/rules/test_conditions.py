"""What an inbound rule may ask for, and the first thing that did not hold, in words."""

from dataclasses import replace

import pytest

from router.model.block import Block
from router.model.call import InboundCall, Verification
from router.model.department import Condition, DialPlan, InboundRule
from router.model.hours import Position, Switch
from router.model.number import NumberList, NumberPattern, PatternKind
from router.model.people import Standing
from router.model.plan import RejectCause
from router.model.situation import Situation
from router.rules.explain import step_text
from router.rules.inbound import route
from tests.rules.acme import acme, arriving
from tests.rules.conftest import CLOSED, OPEN, extension, inbound, pattern, public, reject

RULE = inbound("r", reject("rejected"))
CALL = arriving("+442079460100")
PAUSED = Situation(standings={person: Standing(is_paused=True) for person in ("alice", "bob")})
CLOSED_BY_HAND = Situation(switches={"department:sales": Switch(position=Position.CLOSED, set_at=OPEN)})
OFFICE_OPENED = Situation(switches={"schedule:office": Switch(position=Position.OPEN, set_at=CLOSED)})
NOTHING = Situation()


def decided(
    rule: InboundRule, call: InboundCall = CALL, situation: Situation = NOTHING, *, at: object = OPEN
) -> tuple[bool, str]:
    """Whether the rule fitted, and what the trace says of it."""
    plan = acme(inbound=[rule])
    decision = route(call, plan, at, situation, traced=True)  # type: ignore[arg-type]
    return decision.rule == rule.path, decision.trace[0].because


FITS = {
    "any trunk": (RULE, CALL, NOTHING, "every call"),
    "the trunk": (
        replace(RULE, trunks=("backup", "voipco")),
        replace(CALL, trunk="voipco"),
        NOTHING,
        "by voipco",
    ),
    "while a schedule is open": (replace(RULE, during=("office",)), CALL, NOTHING, "during office"),
    "a department that is open": (
        replace(RULE, states={"sales": Condition.OPEN, "support": Condition.OPEN}),
        CALL,
        NOTHING,
        "sales open and support open",
    ),
    "a department closed by hand": (
        replace(RULE, states={"sales": Condition.CLOSED}),
        CALL,
        CLOSED_BY_HAND,
        "sales closed",
    ),
    "a department where nobody is": (
        replace(RULE, states={"sales": Condition.UNATTENDED}),
        CALL,
        PAUSED,
        "sales unattended",
    ),
    "a number the carrier vouches for": (
        replace(RULE, verified=(Verification.PASSED,)),
        replace(CALL, verification=Verification.PASSED),
        NOTHING,
        "verified passed",
    ),
    "a forged number or one that is not signed": (
        replace(RULE, verified=(Verification.FAILED, Verification.NONE)),
        CALL,
        NOTHING,
        "verified none",
    ),
    "all together": (
        replace(
            RULE,
            callers=(pattern("GB"),),
            called=(pattern("+442079460100"),),
            trunks=("voipco",),
            verified=(Verification.NONE,),
            during=("office",),
            states={"support": Condition.OPEN},
        ),
        replace(CALL, trunk="voipco"),
        NOTHING,
        "from +447400123457 and to +442079460100 and by voipco and verified none "
        "and during office and support open",
    ),
}


@pytest.mark.parametrize(("rule", "call", "situation", "because"), FITS.values(), ids=FITS)
def test_a_rule_fits(rule: InboundRule, call: InboundCall, situation: Situation, because: str) -> None:
    assert decided(rule, call, situation) == (True, because)


def test_a_rule_fits_outside_a_schedule() -> None:
    assert decided(replace(RULE, outside=("office",)), at=CLOSED) == (True, "outside office")


WITHIN = "open: Tue 24 Nov 2026 10:00 is within 09:00–17:30 (office, Europe/London)"
MISSES = {
    "another trunk": (
        replace(RULE, trunks=("backup",)),
        replace(CALL, trunk="voipco"),
        NOTHING,
        "trunk: came by voipco, not backup",
    ),
    "no known trunk": (
        replace(RULE, trunks=("backup",)),
        CALL,
        NOTHING,
        "trunk: came by no known trunk, not backup",
    ),
    "outside, while it is open": (replace(RULE, outside=("office",)), CALL, NOTHING, f"outside: {WITHIN}"),
    "a department that is open": (
        replace(RULE, states={"sales": Condition.CLOSED}),
        CALL,
        NOTHING,
        "state: sales is not closed",
    ),
    "the first of two departments": (
        replace(RULE, states={"support": Condition.OPEN, "sales": Condition.UNATTENDED}),
        CALL,
        NOTHING,
        "state: sales is not unattended",
    ),
    "a forged number": (
        replace(RULE, verified=(Verification.PASSED, Verification.NONE)),
        replace(CALL, verification=Verification.FAILED),
        NOTHING,
        "verified: the caller's number is failed, not passed, none",
    ),
    "a colleague's call": (
        RULE,
        arriving(extension("600"), extension("201"), internal=True),
        NOTHING,
        "to: a colleague calls, and the rule does not name the extension",
    ),
    "a colleague's call to another extension": (
        replace(RULE, called=(pattern("601"),)),
        arriving(extension("600"), extension("201"), internal=True),
        NOTHING,
        "to: 600 is none of 601",
    ),
}


@pytest.mark.parametrize(("rule", "call", "situation", "because"), MISSES.values(), ids=MISSES)
def test_a_rule_does_not_fit(rule: InboundRule, call: InboundCall, situation: Situation, because: str) -> None:
    assert decided(rule, call, situation) == (False, because)


def test_a_rule_during_hours_does_not_fit_after_them_and_a_switch_changes_that() -> None:
    rule = replace(RULE, during=("office",))
    fits, because = decided(rule, at=CLOSED)
    assert not fits
    assert because.startswith("during: closed: Tue 24 Nov 2026 20:00")
    assert decided(rule, situation=OFFICE_OPENED, at=CLOSED) == (True, "during office")


def test_a_rule_names_a_list_of_contacts() -> None:
    nuisance = NumberPattern(
        kind=PatternKind.CONTACTS,
        value="nuisance",
        text="nuisance",
        among=NumberList(numbers=frozenset({"+447400123457"}), others=(pattern("+44843*"),)),
    )
    rule = replace(RULE, callers=(nuisance,))
    assert decided(rule) == (True, "from +447400123457")
    assert decided(rule, arriving(caller="+448431234567")) == (True, "from +448431234567")
    assert decided(rule, arriving(caller="+33140205050")) == (
        False,
        "from: +33140205050 is none of nuisance",
    )


# --- Blocks come before every rule ---


def blocked(block: Block, call: InboundCall = CALL, plan: DialPlan | None = None) -> list[str] | None:
    """The steps of a call that the block refuses, None of one that it lets through."""
    decision = route(call, plan or acme(inbound=[RULE]), OPEN, Situation(blocks=[block]), traced=True)
    assert (decision.block is None) == (decision.rule != f"block:{block.key}")
    return [step_text(step) for step in decision.plan.steps] if decision.block == block.key else None


BLOCK = Block(key="b1", cause=RejectCause.BUSY, pattern=pattern("+447400*"))


def test_a_blocked_caller_is_refused_before_every_rule() -> None:
    assert blocked(BLOCK) == ["reject busy"]
    decision = route(CALL, acme(), OPEN, Situation(blocks=[BLOCK]), traced=True)
    assert decision.because == "blocked: +447400123457 fits +447400*"
    assert [entry.path for entry in decision.trace] == ["block:b1"]


def test_a_block_ends_when_it_expires() -> None:
    assert blocked(replace(BLOCK, expires_at=OPEN)) is None
    assert blocked(replace(BLOCK, expires_at=CLOSED)) == ["reject busy"]


def test_a_caller_is_blocked_by_a_part_of_the_name() -> None:
    by_name = Block(key="b2", cause=RejectCause.REJECTED, name="survey")
    named = replace(CALL, caller=replace(CALL.caller, name="The SURVEY People"))
    assert blocked(by_name, named) == ["reject rejected"]
    assert blocked(by_name) is None


def test_colleagues_are_not_blocked() -> None:
    everyone = replace(BLOCK, pattern=pattern("any"))
    assert blocked(everyone, arriving(extension("600"), public("+447400123457"), internal=True)) is None
    assert blocked(everyone) == ["reject busy"]
