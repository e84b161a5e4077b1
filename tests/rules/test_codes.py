"""Phone codes: which feature is meant, and for whom or what."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from router.model.decision import CallTo
from router.model.department import DialPlan, Feature, MenuDef
from router.model.number import NumberKind, PhoneNumber
from tests.rules.acme import acme, leaving, placed
from tests.rules.conftest import VOICEMAIL, emergency, extension

CODES = {
    "*5": Feature.FORWARD,
    "*51": Feature.PAUSE,
    "*61": Feature.OPEN,
    "9": Feature.RECORD,
    "*8": Feature.PICK_UP,
}


def company(codes: Mapping[str, Feature] = CODES) -> DialPlan:
    return replace(acme(), codes=codes)


def dialled(raw: str) -> PhoneNumber:
    """As it is read at the door: no number at all, with what was dialled kept."""
    return PhoneNumber(kind=NumberKind.INVALID, value=raw.replace(";", ""), raw=raw)


@pytest.mark.parametrize(
    ("raw", "feature", "argument"),
    [
        ("*51", Feature.PAUSE, ""),
        ("*51#", Feature.PAUSE, ""),
        ("*61600", Feature.OPEN, "600"),
        ("*5+447400123457", Feature.FORWARD, "+447400123457"),
        ("*507400123457", Feature.FORWARD, "07400123457"),
        ("*8", Feature.PICK_UP, ""),
    ],
)
def test_the_longest_code_that_fits_is_meant_and_the_digits_after_it(
    raw: str, feature: Feature, argument: str
) -> None:
    decision = placed(leaving(dialled(raw)), company())

    assert (decision.to, decision.feature, decision.argument) == (CallTo.FEATURE, feature, argument)
    assert decision.reached == (f"codes.{feature.value}",)


@pytest.mark.parametrize("raw", ["*51;x", "*51*2", "*77", "*", "x*51", "*61sales"])
def test_what_is_no_code_and_digits_is_refused(raw: str) -> None:
    assert placed(leaving(dialled(raw)), company()).to is CallTo.NOWHERE


def test_a_code_goes_before_an_extension_that_begins_like_it() -> None:
    assert placed(leaving(extension("911")), company()).feature is Feature.RECORD


def test_no_code_goes_before_an_emergency_number() -> None:
    assert placed(leaving(emergency("999")), company()).to is CallTo.EMERGENCY


def test_without_codes_nothing_is_one() -> None:
    assert placed(leaving(dialled("*51")), company({})).to is CallTo.NOWHERE


def test_a_menus_extension_leads_to_the_menu() -> None:
    menu = MenuDef(key="main", prompt="main-menu", choices=(), otherwise=(VOICEMAIL,), where="acme.yaml:9")
    plan = replace(acme(), menus={"main": menu}, menu_of={"650": "main"})

    decision = placed(leaving(extension("650")), plan)

    assert (decision.to, decision.target, decision.rule) == (CallTo.MENU, "main", "acme.yaml:9")
