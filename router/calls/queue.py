"""Waiting for a free member: one fair queue for each department."""

from router.calls.call import Call
from router.calls.leg import Leg
from router.model.ending import Ending
from router.model.plan import Queue


async def wait_turn(call: Call, step: Queue) -> Leg | Ending | None:
    """The member's leg that answered; the call's end when the caller is to be called back; None to go on."""
    raise NotImplementedError
