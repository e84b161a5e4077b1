"""Callers who are refused before any rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from router.model.block import Block
from router.model.caller import CallerId
from router.model.number import NumberPattern, PatternKind
from router.model.plan import Reject, RejectCause
from router.model.situation import Situation
from router.rules.blocks import first_block
from router.rules.inbound import route
from tests.rules.acme import MOBILE, acme, arriving
from tests.rules.conftest import OPEN, hop, inbound, invalid, pattern, public

UNKNOWN = NumberPattern(kind=PatternKind.UNKNOWN, text="unknown")
MOBILES = NumberPattern(kind=PatternKind.TYPE, value="mobile", text="mobile")


def block(key: str = "b1", fits: NumberPattern | str | None = None, **more: object) -> Block:
    found = pattern(fits) if isinstance(fits, str) else fits
    return replace(Block(key=key, cause=RejectCause.BUSY, pattern=found), **more)  # type: ignore[arg-type]


BOB = replace(arriving(), caller=CallerId(number=MOBILE, name="Bob from ACME Survey"))

FITS = [
    pytest.param(block(fits=MOBILE.value), BOB, True, id="the number"),
    pytest.param(block(fits="+447*"), BOB, True, id="its prefix"),
    pytest.param(block(fits="+447400123450 - +447400123460"), BOB, True, id="its range"),
    pytest.param(block(fits="GB"), BOB, True, id="its country"),
    pytest.param(block(fits="FR"), BOB, False, id="another country"),
    pytest.param(block(name="acme survey"), BOB, True, id="a part of the name, however it is written"),
    pytest.param(block(name="bobby"), BOB, False, id="another name"),
    pytest.param(block(fits="withheld"), arriving(withheld=True), True, id="who hides the number"),
    pytest.param(block(fits="withheld"), BOB, False, id="withheld: who shows it"),
    pytest.param(block(fits="withheld"), arriving(caller=None), False, id="withheld: who has none"),
    pytest.param(block(fits=UNKNOWN), arriving(caller=None), True, id="who has none"),
    pytest.param(block(fits=UNKNOWN), arriving(caller=invalid("12")), True, id="who sends garbage"),
    pytest.param(block(fits=UNKNOWN), arriving(withheld=True), False, id="unknown: who hides it"),
    pytest.param(
        block(fits=MOBILES),
        replace(arriving(), caller=CallerId(number=replace(MOBILE, type=None))),
        False,
        id="mobiles: a number of which the use is not known",
    ),
    pytest.param(block(fits="+447*", expires_at=OPEN + timedelta(seconds=1)), BOB, True, id="a second to go"),
    pytest.param(block(fits="+447*", expires_at=OPEN), BOB, False, id="its time is over"),
    pytest.param(block(name="bob"), arriving(withheld=True), False, id="a name of who hides it"),
]


@pytest.mark.parametrize(("listed", "call", "fits"), FITS)
def test_a_block_fits(listed: Block, call: object, fits: bool) -> None:
    assert (first_block(call, [listed], OPEN) is listed) is fits  # type: ignore[arg-type]


def test_the_first_block_that_fits_decides_and_is_named() -> None:
    first, second = block("b1", "FR"), block("b2", "+447*", cause=RejectCause.UNALLOCATED)
    decision = route(BOB, acme(), OPEN, Situation(blocks=(first, second)))

    assert (decision.block, decision.rule) == ("b2", "block:b2")
    assert decision.plan.steps == (Reject(cause=RejectCause.UNALLOCATED),)
    assert decision.because == "blocked: +447400123457 fits +447*"


def test_blocks_come_before_every_rule() -> None:
    plan = acme(inbound=[inbound("friends", hop("sales"), callers=["+447*"])])

    assert route(BOB, plan, OPEN).block is None
    assert route(BOB, plan, OPEN, Situation(blocks=(block(fits="+447*"),))).block == "b1"


def test_a_colleague_is_never_blocked() -> None:
    """Whoever has blocked mobiles can still be reached from the desk beside."""
    call = arriving(public("+442079460100"), MOBILE, internal=True)

    assert route(call, acme(), OPEN, Situation(blocks=(block(fits="+447*"),))).block is None
