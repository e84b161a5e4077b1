"""How a leg and how a call ended: every row of the cause table, every ending, and which of many legs counts."""

from itertools import permutations

import pytest

from router.model.ending import Ending, Fault, HangupCause, LegResult, Outcome, Party
from router.model.plan import RejectCause
from router.rules import endings
from router.rules.endings import ending_of_outgoing, is_technical, leg_result, rejected, unanswered

# --- What became of a leg, by SIP status and Q.850 cause as Asterisk gives them ---

CAUSES = [
    (486, 17, LegResult.BUSY, "busy here"),
    (600, 17, LegResult.BUSY, "busy everywhere"),
    (603, 21, LegResult.REJECTED, "a person declines"),
    (401, 21, LegResult.CONGESTED, "the carrier wants another account"),
    (403, 21, LegResult.CONGESTED, "the carrier forbids"),
    (407, 21, LegResult.CONGESTED, "the carrier wants a password"),
    (480, 19, LegResult.NO_ANSWER, "temporarily unavailable, or do not disturb"),
    (483, 19, LegResult.NO_ANSWER, "too many hops"),
    (408, 18, LegResult.UNREACHABLE, "time-out, or silence on the wire"),
    (None, 18, LegResult.UNREACHABLE, "not registered: no INVITE was sent"),
    (None, 20, LegResult.UNREACHABLE, "subscriber absent"),
    (404, 1, LegResult.INVALID_NUMBER, "not found"),
    (485, 1, LegResult.INVALID_NUMBER, "ambiguous"),
    (604, 1, LegResult.INVALID_NUMBER, "does not exist anywhere"),
    (410, 22, LegResult.INVALID_NUMBER, "number changed"),
    (484, 28, LegResult.INVALID_NUMBER, "number incomplete"),
    (302, 23, LegResult.REDIRECTED, "moved, which we do not follow"),
    *((status, 16, LegResult.REDIRECTED, "elsewhere") for status in (300, 301, 305, 380)),
    (420, 3, LegResult.CONGESTED, "bad extension"),
    (488, 58, LegResult.CONGESTED, "codec mismatch"),
    (606, 58, LegResult.CONGESTED, "codec mismatch everywhere"),
    (500, 38, LegResult.CONGESTED, "server error"),
    (501, 29, LegResult.CONGESTED, "not implemented"),
    (502, 27, LegResult.CONGESTED, "bad gateway"),
    (503, 34, LegResult.CONGESTED, "service unavailable"),
    (504, 102, LegResult.CONGESTED, "server time-out"),
    *((status, 127, LegResult.CONGESTED, "protocol") for status in (400, 405, 406, 413, 415, 481, 482, 487, 491)),
    (None, 16, LegResult.NO_ANSWER, "cleared before anybody answered"),
    (None, 26, LegResult.CANCELLED, "answered elsewhere"),
    (None, 0, LegResult.CONGESTED, "no cause at all"),
    (None, 999, LegResult.CONGESTED, "a cause nobody knows"),
    (None, 21, LegResult.REJECTED, "declined, and Asterisk gives no status"),
    (403, 17, LegResult.BUSY, "only cause 21 is doubted"),
]


@pytest.mark.parametrize(
    ("tech_cause", "cause", "result"),
    [pytest.param(*row[:3], id=f"{row[0] or '-'}/{row[1]}: {row[3]}") for row in CAUSES],
)
def test_a_leg_s_result(tech_cause: int | None, cause: int, result: LegResult) -> None:
    assert leg_result(cause, tech_cause) is result


PRECEDENCE = [
    pytest.param({"answered": True, "cancelled_by_us": True, "timed_out": True}, LegResult.ANSWERED, id="answered"),
    pytest.param({"cancelled_by_us": True, "timed_out": True}, LegResult.CANCELLED, id="cancelled by us"),
    pytest.param({"timed_out": True}, LegResult.NO_ANSWER, id="our own time limit"),
    pytest.param({}, LegResult.BUSY, id="the cause"),
]


@pytest.mark.parametrize(("what_we_know", "result"), PRECEDENCE)
def test_what_we_know_ourselves_counts_before_the_cause(what_we_know: dict[str, bool], result: LegResult) -> None:
    assert leg_result(17, 486, **what_we_know) is result


# --- A call that nobody took, by what its legs came to ---

UNAVAILABLE = (Outcome.UNAVAILABLE, Fault.CALLEE, 18)
PHONES = {
    LegResult.NO_ANSWER: (Outcome.NO_ANSWER, Fault.CALLEE, 19),
    LegResult.CANCELLED: (Outcome.NO_ANSWER, Fault.CALLEE, 19),
    LegResult.BUSY: (Outcome.BUSY, Fault.CALLEE, 17),
    LegResult.REJECTED: (Outcome.REJECTED, Fault.CALLEE, 21),
    LegResult.REDIRECTED: UNAVAILABLE,
    LegResult.UNREACHABLE: UNAVAILABLE,
    LegResult.INVALID_NUMBER: UNAVAILABLE,  # a phone that does not know its line: not the caller's fault
    LegResult.CONGESTED: (Outcome.FAILED, Fault.US, 34),
}


@pytest.mark.parametrize("result", PHONES)
def test_phones_that_all_came_to_the_same(result: LegResult) -> None:
    outcome, fault, cause = PHONES[result]
    assert unanswered((result, result)) == Ending(outcome=outcome, by=Party.US, fault=fault, cause=cause)


def test_a_call_for_which_no_phone_was_rung_is_unavailable() -> None:
    assert unanswered(()) == Ending(outcome=Outcome.UNAVAILABLE, by=Party.US, fault=Fault.CALLEE, cause=18)


@pytest.mark.parametrize(("first", "second"), list(permutations(PHONES, 2)))
def test_of_two_results_the_one_that_says_more_of_people_counts(first: LegResult, second: LegResult) -> None:
    """A phone that rang counts before a busy one, that before a refusal, and all before what is not there."""
    order = list(PHONES)
    outcome, fault, cause = PHONES[min(first, second, key=order.index)]
    assert unanswered([first, second]) == Ending(outcome=outcome, by=Party.US, fault=fault, cause=cause)


def test_every_result_of_an_unanswered_leg_has_an_ending() -> None:
    assert set(PHONES) == set(LegResult) - {LegResult.ANSWERED}


# --- Outgoing calls, by the last leg ---

NUMBERS = {
    LegResult.NO_ANSWER: (Outcome.NO_ANSWER, Fault.CALLEE, 19),
    LegResult.CANCELLED: (Outcome.NO_ANSWER, Fault.CALLEE, 19),
    LegResult.BUSY: (Outcome.BUSY, Fault.CALLEE, 17),
    LegResult.REJECTED: (Outcome.REJECTED, Fault.CALLEE, 21),
    LegResult.REDIRECTED: (Outcome.UNAVAILABLE, Fault.CALLEE, 18),
    LegResult.UNREACHABLE: (Outcome.UNAVAILABLE, Fault.TRUNK, 18),
    LegResult.INVALID_NUMBER: (Outcome.INVALID_NUMBER, Fault.CALLER, 1),
    LegResult.CONGESTED: (Outcome.FAILED, Fault.TRUNK, 34),
}


@pytest.mark.parametrize("result", NUMBERS)
def test_an_outgoing_call_nobody_answered(result: LegResult) -> None:
    outcome, fault, cause = NUMBERS[result]
    assert ending_of_outgoing(result, 0) == Ending(outcome=outcome, by=Party.CALLEE, fault=fault, cause=cause)


def test_every_result_of_an_outgoing_leg_has_an_ending() -> None:
    assert set(NUMBERS) == set(LegResult) - {LegResult.ANSWERED}


PASSED_ON = [
    pytest.param(LegResult.BUSY, 17, 17, id="busy"),
    pytest.param(LegResult.INVALID_NUMBER, 22, 22, id="number changed"),
    pytest.param(LegResult.INVALID_NUMBER, 28, 28, id="number incomplete"),
    pytest.param(LegResult.CONGESTED, 38, 38, id="the carrier's own technical cause"),
    pytest.param(LegResult.UNREACHABLE, 20, 20, id="subscriber absent"),
    pytest.param(LegResult.NO_ANSWER, 16, 19, id="our own hanging up at the time limit says nothing"),
    pytest.param(LegResult.NO_ANSWER, 17, 19, id="busy in the moment of our time limit"),
    pytest.param(LegResult.CONGESTED, 21, 34, id="a carrier's 403 is no person's refusal"),
    pytest.param(LegResult.CONGESTED, 0, 34, id="no cause"),
]


@pytest.mark.parametrize(("result", "cause", "passed_on"), PASSED_ON)
def test_the_cause_that_the_person_who_dialled_is_given(result: LegResult, cause: int, passed_on: int) -> None:
    assert ending_of_outgoing(result, cause).cause == passed_on


@pytest.mark.parametrize(
    ("cause", "given"), [pytest.param(16, 16, id="cleared"), pytest.param(0, 16, id="no cause")]
)
def test_an_outgoing_call_that_was_answered_and_is_over(cause: int, given: int) -> None:
    assert ending_of_outgoing(LegResult.ANSWERED, cause) == Ending(
        outcome=Outcome.ANSWERED, by=Party.CALLEE, fault=Fault.NONE, cause=given
    )


# --- The other endings ---

ENDINGS = [
    pytest.param(endings.answered(Party.CALLER), (Outcome.ANSWERED, Party.CALLER, Fault.NONE, 16), id="talked"),
    pytest.param(
        endings.answered(Party.US, 31), (Outcome.ANSWERED, Party.US, Fault.NONE, 31), id="talked, we ended"
    ),
    pytest.param(endings.voicemail(Party.CALLER), (Outcome.VOICEMAIL, Party.CALLER, Fault.NONE, 16), id="message"),
    pytest.param(endings.voicemail(Party.US), (Outcome.VOICEMAIL, Party.US, Fault.NONE, 16), id="message too long"),
    pytest.param(endings.call_back(Party.US), (Outcome.CALL_BACK, Party.US, Fault.NONE, 16), id="called back"),
    pytest.param(endings.abandoned(), (Outcome.ABANDONED, Party.CALLER, Fault.CALLER, 16), id="gave up"),
    pytest.param(endings.failed(), (Outcome.FAILED, Party.US, Fault.US, 127), id="our own doing"),
    pytest.param(rejected(RejectCause.BUSY), (Outcome.REJECTED, Party.US, Fault.NONE, 17), id="reject: busy"),
    pytest.param(
        rejected(RejectCause.REJECTED), (Outcome.REJECTED, Party.US, Fault.NONE, 21), id="reject: rejected"
    ),
    pytest.param(
        rejected(RejectCause.CONGESTION), (Outcome.REJECTED, Party.US, Fault.NONE, 34), id="reject: congestion"
    ),
    pytest.param(
        rejected(RejectCause.NO_ANSWER), (Outcome.REJECTED, Party.US, Fault.NONE, 19), id="reject: no-answer"
    ),
    pytest.param(
        rejected(RejectCause.UNALLOCATED),
        (Outcome.INVALID_NUMBER, Party.US, Fault.CALLER, 1),
        id="a number nobody has",
    ),
]


@pytest.mark.parametrize(("ending", "expected"), ENDINGS)
def test_an_ending(ending: Ending, expected: tuple[Outcome, Party, Fault, int]) -> None:
    assert (ending.outcome, ending.by, ending.fault, ending.cause) == expected


@pytest.mark.parametrize("cause", RejectCause)
def test_every_way_to_refuse_has_an_ending(cause: RejectCause) -> None:
    assert rejected(cause).by is Party.US


def test_another_trunk_is_tried_after_a_technical_failure_only() -> None:
    assert {result for result in LegResult if is_technical(result)} == {LegResult.CONGESTED, LegResult.UNREACHABLE}


def test_causes_have_their_numbers_of_q_850() -> None:
    assert (HangupCause.USER_BUSY, HangupCause.ANSWERED_ELSEWHERE, HangupCause.INTERWORKING) == (17, 26, 127)
