"""What the network says of a caller's number: read where Asterisk has it, only for a plan that asks."""

import asyncio
from dataclasses import replace

import pytest

from router.calls.verification import MODULE, verified, verstat_in
from router.model.call import Verification
from router.model.department import DialPlan
from router.model.ending import Outcome
from tests.calls.house import House, Placed, place
from tests.rules.acme import acme
from tests.rules.conftest import hop, inbound, reject
from tests.support.fake.far_end import Line
from tests.support.phones import Caller, answers

PASSED, FAILED, NONE = Verification.PASSED, Verification.FAILED, Verification.NONE

HEADERS = {
    "passed": ("<sip:+442079460999;verstat=TN-Validation-Passed@voipco.example;user=phone>", PASSED),
    "passed, as a telephone URI": ("<tel:+442079460999;verstat=TN-Validation-Passed>", PASSED),
    "passed, the highest": ('"Bob" <sip:+442079460999;verstat=TN-Validation-Passed-A@voipco.example>', PASSED),
    "the carrier knows its customer only": ("<sip:+44;verstat=TN-Validation-Passed-B@voipco.example>", NONE),
    "the carrier knows nothing": ("<sip:+44;verstat=TN-Validation-Passed-C@voipco.example>", NONE),
    "failed": ("<sip:+442079460999;verstat=TN-Validation-Failed@voipco.example>", FAILED),
    "failed, C": ("<sip:+442079460999;VERSTAT=tn-validation-failed-c@voipco.example>", FAILED),
    "not validated": ("<sip:+442079460999;verstat=No-TN-Validation@voipco.example>", NONE),
    "a word nobody knows": ("<sip:+442079460999;verstat=Great@voipco.example>", NONE),
    "without brackets": ("sip:+442079460999@voipco.example;verstat=TN-Validation-Passed", PASSED),
    "the second of two": ("<sip:+44@voipco.example>, <tel:+44;verstat=TN-Validation-Failed>", FAILED),
    "nothing is said": ('"Bob" <sip:+442079460999@voipco.example;user=phone>;tag=1', None),
    "said by the caller's name": ('"<sip:x;verstat=TN-Validation-Passed>" <sip:+44@voipco.example>', None),
    "said by a name with quotes": ('"Bob \\" <x;verstat=TN-Validation-Passed>" <sip:+44@voipco.example>', None),
    "said outside of the address": ("<sip:+44@voipco.example>;verstat=TN-Validation-Passed", None),
    "no header": ("", None),
    "garbage": ('"<<<;verstat=', None),
}


@pytest.mark.parametrize(("header", "said"), HEADERS.values(), ids=HEADERS.keys())
def test_what_a_carrier_says_is_read_from_the_identity(header: str, said: Verification | None) -> None:
    assert verstat_in(header) is said


RESULTS = {
    "signed for this number": ("success", "A", PASSED),
    "signed for the customer": ("success", "B", NONE),
    "signed by a gateway": ("success", "C", NONE),
    "as older ones say it": ("Verification passed", "A", PASSED),
    "another's certificate": ("cert_not_trusted", "A", FAILED),
    "for another number": ("cid_orig_tn_mismatch", "A", FAILED),
    "with another key": ("signature_validation", "", FAILED),
    "too old": ("iat_range_error", "", FAILED),
    "as older ones say that": ("Signature failed", "A", FAILED),
    "not signed": ("", "", NONE),
    "no header": ("missing_identity_hdr", "", NONE),
    "no number": ("invalid_or_no_callerid", "", NONE),
    "its certificate is not to be had": ("cert_retrieval_failure", "", NONE),
    "switched off": ("disabled", "", NONE),
}


@pytest.mark.parametrize(("result", "attestation", "said"), RESULTS.values(), ids=RESULTS.keys())
def test_what_asterisk_itself_found(result: str, attestation: str, said: Verification) -> None:
    assert verified(result, attestation) is said


ASKS = acme(
    inbound=[
        replace(inbound("forged", reject()), verified=(FAILED,)),
        replace(inbound("vouched for", hop("support")), verified=(PASSED,)),
    ]
)
VOUCHED = {"P-Asserted-Identity": "<sip:+447400123457;verstat=TN-Validation-Passed@voipco.example>"}
FORGED = {"From": "<sip:+447400123457;verstat=TN-Validation-Failed@voipco.example>"}


def called(plan: DialPlan, headers: dict[str, str], **more: object) -> Placed:
    phones = {who: answers() for who in ("alice", "bob", "carol")}
    return place(plan=plan, caller=Caller(headers=headers, talks_for_s=3.0), phones=phones, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "outcome", "department", "said"),
    [
        (VOUCHED, Outcome.ANSWERED, "support", PASSED),
        (FORGED, Outcome.REJECTED, None, FAILED),
        ({}, Outcome.ANSWERED, "sales", NONE),
        (VOUCHED | FORGED, Outcome.ANSWERED, "support", PASSED),
    ],
    ids=["vouched for", "forged", "nothing is said", "the asserted identity first"],
)
def test_a_rule_goes_by_it(
    headers: dict[str, str], outcome: Outcome, department: str | None, said: Verification
) -> None:
    call = called(ASKS, headers)

    assert (call.outcome, call.record.department) == (outcome, department)
    assert call.record.inputs.verification is said


@pytest.mark.parametrize(("headers", "said"), [({"Identity": "A"}, PASSED), ({"Identity": "C"}, NONE), ({}, NONE)])
def test_asterisks_own_finding_is_asked_for_where_it_verifies(headers: dict[str, str], said: Verification) -> None:
    modules = frozenset({"app_stasis_broadcast.so", MODULE})

    assert called(ASKS, headers, modules=modules).record.inputs.verification is said
    assert called(ASKS, headers).record.inputs.verification is NONE, "Asterisk does not verify"


def test_a_plan_that_does_not_ask_costs_nothing() -> None:
    call = called(acme(), VOUCHED)

    assert not any("modules" in path for _, path in call.asterisk.requests)
    assert call.record.inputs.verification is NONE


def test_who_is_no_trunk_of_ours_could_say_anything() -> None:
    assert called(ASKS, VOUCHED, endpoint="stranger").record.inputs.verification is NONE


def test_a_call_given_back_while_its_number_is_looked_into_is_recorded_with_its_caller() -> None:
    async def stops(house: House, line: Line) -> None:
        await asyncio.sleep(1.3)  # whether the number is withheld is known after 0.9 s
        assert house.live.calls
        await house.live.stop()
        line.hang_up()

    def slow(method: str, path: str) -> float:
        return 0.9 if path.endswith("/variable") and method == "GET" else 0.0

    call = place(plan=ASKS, latency_s=slow, meanwhile=stops)
    assert call.line.location.startswith("callrouter-fallback")
    assert (call.record.caller_number, call.record.trunk) == (Caller().number, "voipco")
    assert call.record.inputs.trunk == "voipco"
