"""How Asterisk says things: answers, errors, causes. Taken from Asterisk 22.10 on the wire."""

import json
from collections.abc import Mapping
from datetime import datetime

from router.ari.transport import Response

NO_CONTENT = Response(204)


def ok(value: object, status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode())


def error(status: int, message: str) -> Response:
    return Response(status, json.dumps({"message": message}).encode())


# ast_ari_response_alloc_failed writes another key than every other error.
ALLOCATION_FAILED = Response(500, b'{"error": "Allocation failed"}')


def timestamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


# DELETE channels/ID?reason=… (resource_channels.c, ast_ari_channels_hangup)
CAUSE_OF_REASON: Mapping[str, int] = {
    "normal": 16,
    "busy": 17,
    "congestion": 34,
    "no_answer": 19,
    "timeout": 18,
    "rejected": 21,
    "unallocated": 1,
    "normal_unspecified": 31,
    "number_incomplete": 28,
    "codec_mismatch": 58,
    "interworking": 127,
    "failure": 38,
    "answered_elsewhere": 26,
}

# The final answer an unanswered caller gets (res_pjsip, hangup_cause2sip).
SIP_OF_CAUSE: Mapping[int, int] = {16: 603, 17: 486, 19: 480, 21: 403, 34: 503, 1: 404, 28: 484, 58: 488, 38: 500}

# What chan_pjsip makes of a phone's or carrier's final answer (hangup_sip2cause).
CAUSE_OF_SIP: Mapping[int, int] = {
    **dict.fromkeys((486, 600), 17),
    **dict.fromkeys((603, 401, 403, 407), 21),
    **dict.fromkeys((480, 483), 19),
    408: 18,
    **dict.fromkeys((404, 485, 604), 1),
    410: 22,
    484: 28,
    302: 23,
    420: 3,
    **dict.fromkeys((488, 606), 58),
    500: 38,
    501: 29,
    502: 27,
    504: 102,
    503: 34,
    **dict.fromkeys((400, 405, 406, 413, 415, 481, 482, 487, 491), 127),
}

CAUSE_TEXT: Mapping[int, str] = {
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    21: "Call Rejected",
    23: "Redirected to new destination",
    26: "Answered elsewhere",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    127: "Interworking, unspecified",
}
