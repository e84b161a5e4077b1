"""What a caller of ARI must expect: AriError and its kinds.

A 404 for an object that left is no error: the operation returns False or None.

AriError
├── Unreachable            no connection, a reset, or no answer in time; whether Asterisk acted is not known
├── RequestRefused         Asterisk answered, but not with 2xx: status, message, operation
│   ├── AccessRefused      401, 403: user, password, read_only or ACL in ari.conf
│   ├── AllocationFailed   500 "Allocation failed": nothing to dial, the endpoint is not registered
│   ├── Conflict           409, 412, 422: not in Stasis, recording, claimed; or another object named left
│   └── NotSupported       this Asterisk has no such resource or method: older release, or module not loaded
├── Malformed              what came is not what Asterisk's declarations promise
├── FeedOverflow           a reader of events fell too far behind; what it missed is lost
└── NameTaken              another process registered our application name
"""

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)  # what msgspec raises for bytes from outside


class AriError(Exception):
    """Base of all. Messages carry no secrets and nothing a caller or callee sent."""


class Unreachable(AriError):
    """Nothing is known of what Asterisk did with the request: reconcile, or ask again where that is harmless."""


class RequestRefused(AriError):
    """status: HTTP status. message: Asterisk's own words. operation: as in code, such as "channels.answer"."""

    def __init__(self, status: int, message: str, operation: str) -> None:
        super().__init__(status, message, operation)
        self.status = status
        self.message = message
        self.operation = operation

    def __str__(self) -> str:
        return f"Asterisk refused {self.operation}: {self.status} {self.message}"


class AccessRefused(RequestRefused):
    """The ARI user may not do this: wrong password, read_only=yes, or an ACL."""


class AllocationFailed(RequestRefused):
    """No channel could be made: the endpoint is unknown, not registered or not reachable (resource_channels.c)."""


class Conflict(RequestRefused):
    """The objects named are in no state for this: not in Stasis any more, recording, claimed, id in use, gone."""


class NotSupported(RequestRefused):
    """The operation does not exist on this Asterisk. (An object that does not exist is False or None.)"""


class Malformed(AriError):
    """An event or an answer that could not be understood."""


class FeedOverflow(AriError):
    """More events waited than the feed holds. The feed is of no use any more."""


class NameTaken(AriError):
    """Asterisk now sends this application's events to somebody else. Coming back would start a fight."""


class _Refusal(msgspec.Struct):
    """Asterisk's two shapes of an error body: `message` everywhere, `error` for failed allocations."""

    message: str = ""
    error: str = ""


_REFUSAL = msgspec.json.Decoder(_Refusal)
_NO_SUCH_OPERATION = frozenset({"Resource not found", "Invalid method"})  # res_ari.c, against "Channel not found"


def refusal(status: int, body: bytes, operation: str) -> RequestRefused:
    """The error for an answer that is not 2xx. Never fails, whatever the body is."""
    try:
        shape = _REFUSAL.decode(body)
        message = shape.message or shape.error
    except UNREADABLE:
        message = ""
    match status:
        case 401 | 403:
            kind: type[RequestRefused] = AccessRefused
        case 404 | 405 if message in _NO_SUCH_OPERATION:
            kind = NotSupported
        case 409 | 412 | 422:
            kind = Conflict
        case 400 if message == "Channel not found":  # addChannel, removeChannel: the channel in the query left
            kind = Conflict
        case 500 if message == "Allocation failed":
            kind = AllocationFailed
        case _:
            kind = RequestRefused
    return kind(status, message or "(no reason given)", operation)
