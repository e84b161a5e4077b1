"""Calls for help: nobody ends one but who placed it."""

from router.calls.call import Call
from router.dialplan.dialling import read_dialled
from router.model.number import NumberKind


class MayNotEnd(Exception):
    """The call goes on. The message says why."""


def is_for_help(call: Call) -> bool:
    """Whether it is an emergency call, or is about to be one."""
    if call.is_emergency or call.trunk is not None:
        return call.is_emergency
    return read_dialled(call.record.called_raw, call.plan).called.kind is NumberKind.EMERGENCY


def may_be_ended(call: Call) -> None:
    """Raises MayNotEnd for a call that only who placed it may end."""
    if is_for_help(call):
        raise MayNotEnd(
            f"{call.record.called_number} is an emergency number: only the phone that placed the call ends it"
        )
