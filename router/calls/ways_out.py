"""By which trunks a call may leave at this very moment: asked before every attempt, not once for all."""

from collections.abc import Sequence

from router.calls.call import Call
from router.calls.identity import may_leave
from router.model.decision import TrunkChoice
from router.rules.trunks import ways


def ways_left(call: Call, choices: Sequence[TrunkChoice]) -> tuple[TrunkChoice, ...]:
    """Those of the trunks that are left by which the call may go now, in order; why not by the others is noted.

    While one trunk is tried, another that was free may fill up, begin to fail, or go away. What seems broken is
    tried when nothing else is left.
    """
    found = ways(
        [call.plan.trunks[choice.trunk] for choice in choices],
        call.exchange.state.situation,
        call.exchange.now(),
    )
    for trunk, because in found.passed_over:
        call.note(f"passes over {trunk.key}: {because}")
    usable = {trunk.key for trunk in found.use}
    left = [choice for choice in choices if choice.trunk in usable]
    while left and not may_leave(call, left[0]):  # the others are looked at when it is their turn
        del left[0]
    return tuple(left)
