"""How a leg and how a call ended, as one table: Q.850 cause, SIP status and who left.

The causes are those Asterisk gives for a SIP answer (`hangup_sip2cause` in res_pjsip_session). Its Dial status is
too coarse to decide on: 603, 404 and 500 are all NOANSWER there.
"""

from collections.abc import Collection, Mapping

from router.model.ending import Ending, Fault, HangupCause, LegResult, Outcome, Party
from router.model.plan import RejectCause
from router.model.trunk import Failure

SETUP_REFUSALS = frozenset({401, 403, 407})  # a carrier's "not with this account": cause 21 like a person's 603
ELSEWHERE = range(300, 400)  # 302 has a cause of its own; Asterisk gives 300, 301, 305 and 380 a plain 16

_BY_CAUSE = {
    1: LegResult.INVALID_NUMBER,  # unallocated: 404, 485, 604
    3: LegResult.CONGESTED,  # no route: 420
    16: LegResult.NO_ANSWER,  # cleared before anybody answered
    17: LegResult.BUSY,  # 486, 600
    18: LegResult.UNREACHABLE,  # 408, or silence on the wire
    19: LegResult.NO_ANSWER,  # 480
    20: LegResult.UNREACHABLE,  # subscriber absent
    21: LegResult.REJECTED,  # 603
    22: LegResult.INVALID_NUMBER,  # number changed: 410
    23: LegResult.REDIRECTED,  # 302
    26: LegResult.CANCELLED,  # answered elsewhere
    27: LegResult.CONGESTED,  # out of order: 502
    28: LegResult.INVALID_NUMBER,  # incomplete: 484
}  # everything else, such as 34 (503), 38 (500), 58 (488), 102 (504), 127 (400), is a technical failure


_MEANS = {
    Failure.HUMAN: LegResult.REJECTED,
    Failure.NUMBER: LegResult.INVALID_NUMBER,
    Failure.TECHNICAL: LegResult.CONGESTED,
}
_USUAL: Mapping[int, Failure] = {}


def leg_result(
    cause: int,
    tech_cause: int | None = None,
    *,
    answered: bool = False,
    cancelled_by_us: bool = False,
    timed_out: bool = False,
    causes: Mapping[int, Failure] = _USUAL,
) -> LegResult:
    """What became of a leg. cause: Q.850, tech_cause: SIP status where Asterisk gave one.

    answered wins over all, then our own cancelling, then our own time limit, then the cause. causes: what a SIP
    status or a cause means on this trunk, where it is not what it usually does; the status wins.
    """
    if answered:
        return LegResult.ANSWERED
    if cancelled_by_us:
        return LegResult.CANCELLED
    if timed_out:
        return LegResult.NO_ANSWER
    usual = _BY_CAUSE.get(cause, LegResult.CONGESTED)
    if cause == HangupCause.CALL_REJECTED and tech_cause in SETUP_REFUSALS:
        usual = LegResult.CONGESTED
    elif tech_cause is not None and tech_cause in ELSEWHERE:
        usual = LegResult.REDIRECTED
    failure = causes.get(tech_cause or 0) or causes.get(cause)
    return usual if failure is None or failure is failure_of(usual) else _MEANS[failure]


def failure_of(result: LegResult) -> Failure:
    """What a call that was not answered failed by. Only after a technical failure may another trunk do better."""
    if result in (LegResult.CONGESTED, LegResult.UNREACHABLE):
        return Failure.TECHNICAL
    return Failure.NUMBER if result is LegResult.INVALID_NUMBER else Failure.HUMAN


_PHONES = {
    # Phones of ours, most telling first: of several legs the first line that occurs names the call's end. A phone
    # that answers 404 does not know its own line; one that answers 488 or 500 is ours too. No fault of the caller.
    LegResult.NO_ANSWER: (Outcome.NO_ANSWER, Fault.CALLEE, HangupCause.NO_ANSWER),
    LegResult.CANCELLED: (Outcome.NO_ANSWER, Fault.CALLEE, HangupCause.NO_ANSWER),
    LegResult.BUSY: (Outcome.BUSY, Fault.CALLEE, HangupCause.USER_BUSY),
    LegResult.REJECTED: (Outcome.REJECTED, Fault.CALLEE, HangupCause.CALL_REJECTED),
    LegResult.REDIRECTED: (Outcome.UNAVAILABLE, Fault.CALLEE, HangupCause.NO_USER_RESPONSE),
    LegResult.UNREACHABLE: (Outcome.UNAVAILABLE, Fault.CALLEE, HangupCause.NO_USER_RESPONSE),
    LegResult.INVALID_NUMBER: (Outcome.UNAVAILABLE, Fault.CALLEE, HangupCause.NO_USER_RESPONSE),
    LegResult.CONGESTED: (Outcome.FAILED, Fault.US, HangupCause.CONGESTION),
}

_NUMBERS = _PHONES | {
    # Numbers called by a trunk: what differs.
    LegResult.UNREACHABLE: (Outcome.UNAVAILABLE, Fault.TRUNK, HangupCause.NO_USER_RESPONSE),
    LegResult.INVALID_NUMBER: (Outcome.INVALID_NUMBER, Fault.CALLER, HangupCause.UNALLOCATED),
    LegResult.CONGESTED: (Outcome.FAILED, Fault.TRUNK, HangupCause.CONGESTION),
}


def unanswered(results: Collection[LegResult]) -> Ending:
    """A call nobody took, from what the phones that were rung came to; without any it was unavailable."""
    telling = next((result for result in _PHONES if result in results), LegResult.UNREACHABLE)
    outcome, fault, cause = _PHONES[telling]
    return Ending(outcome=outcome, by=Party.US, fault=fault, cause=cause)


def answered(by: Party, cause: int = HangupCause.NORMAL_CLEARING) -> Ending:
    """Two people talked; `by` hung up."""
    return Ending(outcome=Outcome.ANSWERED, by=by, fault=Fault.NONE, cause=cause)


def voicemail(by: Party, cause: int = HangupCause.NORMAL_CLEARING) -> Ending:
    """The caller left a message. by: CALLER when they hung up, US when the time or `#` ended it."""
    return Ending(outcome=Outcome.VOICEMAIL, by=by, fault=Fault.NONE, cause=cause)


def call_back(by: Party, cause: int = HangupCause.NORMAL_CLEARING) -> Ending:
    """The caller asked to be called back. by: CALLER when they hung up before they had been told so to the end."""
    return Ending(outcome=Outcome.CALL_BACK, by=by, fault=Fault.NONE, cause=cause)


def abandoned(cause: int = HangupCause.NORMAL_CLEARING) -> Ending:
    """The caller gave up before anyone answered: cancelled while ringing, or hung up on a prompt."""
    return Ending(outcome=Outcome.ABANDONED, by=Party.CALLER, fault=Fault.CALLER, cause=cause)


def cancelled() -> Ending:
    """Somebody had us end the call before anyone answered."""
    return Ending(outcome=Outcome.ABANDONED, by=Party.US, fault=Fault.NONE, cause=HangupCause.NORMAL_CLEARING)


def failed(cause: int = HangupCause.INTERWORKING) -> Ending:
    """Our own doing: a bug, a lost connection, no room."""
    return Ending(outcome=Outcome.FAILED, by=Party.US, fault=Fault.US, cause=cause)


_REJECTED = {
    RejectCause.BUSY: (Outcome.REJECTED, Fault.NONE, HangupCause.USER_BUSY),
    RejectCause.REJECTED: (Outcome.REJECTED, Fault.NONE, HangupCause.CALL_REJECTED),
    RejectCause.CONGESTION: (Outcome.REJECTED, Fault.NONE, HangupCause.CONGESTION),
    RejectCause.NO_ANSWER: (Outcome.REJECTED, Fault.NONE, HangupCause.NO_ANSWER),
    RejectCause.UNALLOCATED: (Outcome.INVALID_NUMBER, Fault.CALLER, HangupCause.UNALLOCATED),
}


def rejected(cause: RejectCause) -> Ending:
    """The plan refused the call."""
    outcome, fault, q850 = _REJECTED[cause]
    return Ending(outcome=outcome, by=Party.US, fault=fault, cause=q850)


def ending_of_outgoing(result: LegResult, cause: int) -> Ending:
    """An outgoing call from its last leg, when the person who dialled did not hang up first.

    cause: Q.850 of that leg, passed on to the person who dialled when nobody answered.
    """
    if result is LegResult.ANSWERED:
        return answered(Party.CALLEE, cause or HangupCause.NORMAL_CLEARING)
    outcome, fault, usual = _NUMBERS[result]
    # Not passed on: 16, which is our own hanging up at the time limit, and what would say something else than the
    # result does, such as 21 ("declined") where the carrier refused our account.
    is_telling = cause not in (0, HangupCause.NORMAL_CLEARING) and leg_result(cause) is result
    return Ending(outcome=outcome, by=Party.CALLEE, fault=fault, cause=cause if is_telling else usual)


def is_technical(result: LegResult) -> bool:
    """Whether another trunk may do better: not after a person's or a number's answer."""
    return failure_of(result) is Failure.TECHNICAL
