"""How calls out end, in the words of their records: outcome, who ended it, whose fault, cause, and each leg."""

from typing import Any

import pytest

from router.model.ending import Fault, LegResult, Outcome, Party
from tests.calls.test_outbound import PARIS, dial
from tests.support.fake.far_end import Phone
from tests.support.phones import Caller, answers, busy, declines, never_answers, refuses, silent

GIVES_UP = Caller(number="201", hangs_up_after_s=4.0)
CALLER, CALLEE, US = Party.CALLER, Party.CALLEE, Party.US

# caller, what the trunks come to -> outcome, who ended it, whose fault, cause; of each leg: result, cause, status
ENDINGS: dict[str, tuple[Caller | None, tuple[Phone, ...], tuple[Any, ...], list[tuple[Any, ...]]]] = {
    "answered, and the caller hangs up": (
        None,
        (answers(),),
        (Outcome.ANSWERED, CALLER, Fault.NONE, 16),
        [(LegResult.ANSWERED, 16, None)],
    ),
    "answered, and the called party hangs up": (
        None,
        (answers(talks_for_s=5.0),),
        (Outcome.ANSWERED, CALLEE, Fault.NONE, 16),
        [(LegResult.ANSWERED, 16, None)],
    ),
    "the caller gives up": (
        GIVES_UP,
        (never_answers(),),
        (Outcome.ABANDONED, CALLER, Fault.CALLER, 16),
        [(LegResult.CANCELLED, 16, None)],
    ),
    "busy": (
        None,
        (busy(),),
        (Outcome.BUSY, CALLEE, Fault.CALLEE, 17),
        [(LegResult.BUSY, 17, 486)],
    ),
    "nobody answers": (
        None,
        (refuses(480, after_s=30.0),),
        (Outcome.NO_ANSWER, CALLEE, Fault.CALLEE, 19),
        [(LegResult.NO_ANSWER, 19, 480)],
    ),
    "a person declines": (
        None,
        (declines(),),
        (Outcome.REJECTED, CALLEE, Fault.CALLEE, 21),
        [(LegResult.REJECTED, 21, 603)],
    ),
    "the carriers refuse our account: not a person": (
        None,
        (refuses(403), refuses(407)),
        (Outcome.FAILED, CALLEE, Fault.TRUNK, 34),
        [(LegResult.CONGESTED, 21, 403), (LegResult.CONGESTED, 21, 407)],
    ),
    "no such number": (
        None,
        (refuses(404),),
        (Outcome.INVALID_NUMBER, CALLEE, Fault.CALLER, 1),
        [(LegResult.INVALID_NUMBER, 1, 404)],
    ),
    "the number was changed": (
        None,
        (refuses(410),),
        (Outcome.INVALID_NUMBER, CALLEE, Fault.CALLER, 22),
        [(LegResult.INVALID_NUMBER, 22, 410)],
    ),
    "no carrier is there": (
        None,
        (silent(), silent()),
        (Outcome.UNAVAILABLE, CALLEE, Fault.TRUNK, 18),
        [(LegResult.UNREACHABLE, 16, None), (LegResult.UNREACHABLE, 18, 408)],
    ),
    "the carriers fail": (
        None,
        (refuses(503), refuses(500)),
        (Outcome.FAILED, CALLEE, Fault.TRUNK, 38),
        [(LegResult.CONGESTED, 34, 503), (LegResult.CONGESTED, 38, 500)],
    ),
}


@pytest.mark.parametrize(("caller", "trunks", "ending", "legs"), ENDINGS.values(), ids=ENDINGS)
def test_what_the_record_says_of_a_call_out(
    caller: Caller | None, trunks: tuple[Phone, ...], ending: tuple[Any, ...], legs: list[tuple[Any, ...]]
) -> None:
    carriers = dict(zip(("voipco", "backup"), (*trunks, answers()), strict=False))
    call = dial(PARIS, phones=carriers, **({"caller": caller} if caller else {}))

    said = call.record.ending
    assert (said.outcome, said.by, said.fault, said.cause) == ending
    assert [(leg.result, leg.cause, leg.tech_cause) for leg in call.record.legs] == legs


def test_every_outcome_of_a_call_out_is_in_the_table() -> None:
    not_of_calls_out = {Outcome.VOICEMAIL, Outcome.CALL_BACK}

    assert {ending[0] for _, _, ending, _ in ENDINGS.values()} == set(Outcome) - not_of_calls_out


@pytest.mark.parametrize(
    ("carrier", "caller", "by", "is_two_second"),
    [
        pytest.param(answers(talks_for_s=1.5), None, CALLEE, True, id="the called party at once"),
        pytest.param(answers(), Caller(number="201", talks_for_s=1.5), CALLER, True, id="the caller at once"),
        pytest.param(answers(talks_for_s=2.5), None, CALLEE, False, id="after longer"),
        pytest.param(never_answers(), Caller(number="201", hangs_up_after_s=1.0), CALLER, False, id="no answer"),
    ],
)
def test_a_talk_that_is_over_at_once_says_so_and_who_hung_up(
    carrier: Phone, caller: Caller | None, by: Party, is_two_second: bool
) -> None:
    call = dial(PARIS, phones={"voipco": carrier}, **({"caller": caller} if caller else {}))

    assert (call.record.is_two_second, call.record.ending.by) == (is_two_second, by)
