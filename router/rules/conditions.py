"""Whether an inbound rule fits a call: its conditions, the first that does not hold, and why in words."""

from dataclasses import dataclass
from datetime import datetime

from router.model.call import InboundCall
from router.model.caller import Presentation
from router.model.department import Condition, DialPlan, InboundRule
from router.model.number import NumberKind, listed, one_fits
from router.model.situation import Situation
from router.rules.hours import department_is_open, is_open
from router.rules.ringing import is_unattended


@dataclass(slots=True, kw_only=True)  # made for every call: a frozen one takes four times as long
class Conditions:
    """Of one call at one moment."""

    call: InboundCall
    plan: DialPlan
    at: datetime
    situation: Situation

    def misfit(self, rule: InboundRule) -> str | None:
        """The first condition of the rule that does not hold; None when all do.

        "to" is looked at first: it names few numbers, where "from" may name a thousand nuisances; what takes longer
        to find out comes last. Rules are for callers from outside: a colleague meets only one that names the very
        extension that was dialled, or a rule for everybody would keep colleagues from each other.
        """
        call, caller = self.call, self.call.caller
        if call.internal and (call.called.kind is not NumberKind.EXTENSION or not rule.called):
            return "inside"
        if not one_fits(rule.called, call.called):
            return "to"
        if not one_fits(rule.callers, caller.number, caller.presentation is Presentation.WITHHELD):
            return "from"
        if rule.trunks and call.trunk not in rule.trunks:
            return "trunk"
        if rule.verified and call.verification not in rule.verified:
            return "verified"
        if rule.during and not all(self._schedule_is_open(key) for key in rule.during):
            return "during"
        if rule.outside and any(self._schedule_is_open(key) for key in rule.outside):
            return "outside"
        if rule.states and not all(self._stands(key, state) for key, state in rule.states.items()):
            return "state"
        return None

    def _schedule_is_open(self, key: str) -> bool:
        return is_open(self.plan.schedules[key], self.at, self.situation).is_open

    def _stands(self, key: str, state: Condition) -> bool:
        department = self.plan.departments[key]
        if state is Condition.UNATTENDED:
            return is_unattended(department, self.plan, self.situation, self.at)
        is_open_now = department_is_open(department, self.plan, self.at, self.situation).is_open
        return is_open_now is (state is Condition.OPEN)

    def reason(self, misfit: str, rule: InboundRule) -> str:
        """Why `misfit` named a condition. Apart from it: such texts would cost more than the decision."""
        call = self.call
        match misfit:
            case "inside":
                return "to: a colleague calls, and the rule does not name the extension"
            case "to":
                return f"to: {call.called} is none of {listed(rule.called)}"
            case "from":
                return f"from: {call.caller.shown} is none of {listed(rule.callers)}"
            case "trunk":
                return f"trunk: came by {call.trunk or 'no known trunk'}, not {', '.join(rule.trunks)}"
            case "verified":
                wanted = ", ".join(each.value for each in rule.verified)
                return f"verified: the caller's number is {call.verification.value}, not {wanted}"
            case "during":
                closed = next(key for key in rule.during if not self._schedule_is_open(key))
                return f"during: {is_open(self.plan.schedules[closed], self.at, self.situation).because}"
            case "outside":
                opened = next(key for key in rule.outside if self._schedule_is_open(key))
                return f"outside: {is_open(self.plan.schedules[opened], self.at, self.situation).because}"
        key, state = next((key, state) for key, state in rule.states.items() if not self._stands(key, state))
        return f"state: {key} is not {state.value}"

    def fit(self, rule: InboundRule) -> str:
        fits = []
        if rule.callers:
            fits.append(f"from {self.call.caller.shown}")
        if rule.called:
            fits.append(f"to {self.call.called}")
        if rule.trunks:
            fits.append(f"by {self.call.trunk}")
        if rule.verified:
            fits.append(f"verified {self.call.verification.value}")
        fits += [f"during {key}" for key in rule.during]
        fits += [f"outside {key}" for key in rule.outside]
        fits += [f"{key} {state.value}" for key, state in rule.states.items()]
        return " and ".join(fits) or "every call"
