"""A call on its way out while it is decided, and what becomes of one that may not go."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RuleTrace
from router.model.department import DialPlan
from router.model.number import NumberKind
from router.model.plan import RejectCause
from router.model.situation import Situation

Note = Callable[[str, bool, str], None]  # path of a rule, whether it matched, because


@dataclass(slots=True, kw_only=True)
class Leaving:
    """trace: what has been looked at; None where nobody asked for it."""

    call: OutboundCall
    plan: DialPlan
    at: datetime
    situation: Situation
    trace: list[RuleTrace] | None

    def note(self, path: str, matched: bool, because: str) -> None:
        if self.trace is not None:
            self.trace.append(RuleTrace(path=path, matched=matched, because=because))

    def refused(self, why: str, department: str | None = None) -> CallerIdDecision:
        self.note("outbound", False, why)
        return CallerIdDecision(
            to=CallTo.NOWHERE,
            called=self.call.called,
            because=why,
            dialplan=self.plan.digest,
            department=department,
            refused=why,
        )


def refusal(decision: CallerIdDecision) -> RejectCause:
    """How a call that goes NOWHERE is refused: no such number, one that may not be called from here, or no room."""
    if decision.is_congested:
        return RejectCause.CONGESTION
    is_number = decision.called.kind in (NumberKind.E164, NumberKind.SHORT)
    return RejectCause.REJECTED if is_number else RejectCause.UNALLOCATED


def without_pin(decision: CallerIdDecision, why: str) -> CallerIdDecision:
    """The decision of a call that asks for a PIN, once it is clear that it was not typed."""
    return replace(decision, to=CallTo.NOWHERE, trunks=(), shown=None, name="", because=why, refused=why, pin=None)
