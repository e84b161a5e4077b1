"""What the network says of a caller's number, read where Asterisk has it, and only for a plan that asks.

Carriers write it into the identity: `verstat` in From or P-Asserted-Identity (3GPP TS 24.229; ATIS-1000074). An
Asterisk that verifies by itself has it from res_stir_shaken (RFC 8224).
"""

import asyncio
import re

import structlog

from router.ari.errors import AriError
from router.calls.call import Call
from router.model.call import Verification
from router.model.department import DialPlan

log = structlog.get_logger()

MODULE = "res_stir_shaken.so"
_LIMIT_S = 1.0

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')  # a display name is the caller's to write
_URI = re.compile(r"<([^<>]*)>")
_VERSTAT = re.compile(r";verstat=([A-Za-z-]+)", re.IGNORECASE)

# Only the highest attestation vouches for the number; with B the carrier knows its customer, with C neither.
_SAID = {
    "tn-validation-passed": Verification.PASSED,
    "tn-validation-passed-a": Verification.PASSED,
    "tn-validation-failed": Verification.FAILED,
    "tn-validation-failed-a": Verification.FAILED,
    "tn-validation-failed-b": Verification.FAILED,
    "tn-validation-failed-c": Verification.FAILED,
}
_GOOD_RESULTS = frozenset({"success", "verification passed"})  # as of Asterisk 20.6 and before
# Nothing was signed, there is no number, or it could not be looked into: then it is as good as not signed, and an
# authority that is away for an hour makes no caller a forger.
_NO_RESULTS = frozenset(
    {
        "",
        "disabled",
        "missing_identity_hdr",
        "invalid_or_no_callerid",
        "cert_retrieval_failure",
        "internal_error",
        "verification not present",
    }
)


def is_asked_for(plan: DialPlan) -> bool:
    return any(rule.verified for rule in plan.inbound)


async def verification_of(call: Call) -> Verification:
    """What is said of the caller's number; NONE also when Asterisk does not answer soon.

    For a call from a trunk of ours only: anybody else could write anything.
    """
    try:
        async with asyncio.timeout(_LIMIT_S):
            return await _said(call)
    except TimeoutError:
        log.warning("verification of the caller's number not known in time", limit_s=_LIMIT_S)
        return Verification.NONE


async def _said(call: Call) -> Verification:
    identities = await asyncio.gather(
        _read(call, "PJSIP_HEADER(read,P-Asserted-Identity)"), _read(call, "PJSIP_HEADER(read,From)")
    )
    for header in identities:
        if (said := verstat_in(header)) is not None:
            return said
    try:
        verifies = await call.ari.asterisk.get_module(MODULE) is not None
    except AriError:
        verifies = False
    if not verifies:
        return Verification.NONE
    result, attestation = await asyncio.gather(
        _read(call, "STIR_SHAKEN(0,verify_result)"), _read(call, "STIR_SHAKEN(0,attestation)")
    )
    return verified(result, attestation)


def verstat_in(header: str) -> Verification | None:
    """Of the first identity of a From or P-Asserted-Identity that has one; None where nothing is said."""
    plain = _QUOTED.sub("", header)
    for uri in _URI.findall(plain) or [plain]:
        if found := _VERSTAT.search(uri):
            return _SAID.get(found[1].casefold(), Verification.NONE)
    return None


def verified(result: str, attestation: str) -> Verification:
    """By the words of STIR_SHAKEN()."""
    said = result.strip().casefold()
    if said in _GOOD_RESULTS:
        return Verification.PASSED if attestation.strip().upper() == "A" else Verification.NONE
    return Verification.NONE if said in _NO_RESULTS else Verification.FAILED


async def _read(call: Call, variable: str) -> str:
    """ "" for what is not there: Asterisk answers 500 for a header that is absent."""
    try:
        found = await call.ari.channels.get_channel_var(call.channel.id, variable=variable)
    except AriError:
        return ""
    return found.value if found is not None else ""
