"""Where an outgoing call goes: to the emergency service (`help`), inside, or by which trunk (`by_trunk`)."""

import re
from dataclasses import replace
from datetime import datetime

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RuleTrace
from router.model.department import DialPlan
from router.model.number import NumberKind
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules.by_trunk import by_trunk
from router.rules.help import for_help
from router.rules.leaving import Leaving

_ARGUMENT = re.compile(r"\+?[0-9]*")


def choose_caller_id(
    call: OutboundCall,
    plan: DialPlan,
    at: datetime,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
    *,
    traced: bool = False,
) -> CallerIdDecision:
    """Decides how `call` leaves at the moment `at` (aware). Never raises because of what was dialled."""
    trace: list[RuleTrace] | None = [] if traced else None
    decision = _Outgoing(call=call, plan=plan, at=at, situation=situation, trace=trace).answer()
    return decision if trace is None else replace(decision, trace=tuple(trace))


class _Outgoing(Leaving):
    def answer(self) -> CallerIdDecision:
        call, called, plan = self.call, self.call.called, self.plan
        if called.kind is NumberKind.EMERGENCY:
            return for_help(self)
        code = self._code()
        if code is not None:
            return self._feature(*code)
        if called.kind is NumberKind.INVALID:
            # Never looked up: of garbage such as "600;x" the digits are left, and they may be an extension's.
            fault = called.fault or f"is neither an extension nor a number that can be called from {plan.country}"
            return self.refused(f"{called} {fault}")
        colleague = plan.person_of.get(called.value)
        if colleague is not None:
            whose = "number" if called.kind is NumberKind.E164 else "extension"
            because = f"{called} is {plan.people[colleague].name}'s {whose}"
            return self._internal(CallTo.PERSON, colleague, plan.people[colleague].where, because)
        own = plan.department_of.get(called.value)
        if own is not None:
            because = f"{called} is {plan.departments[own].name}'s own number"
            return self._internal(CallTo.DEPARTMENT, own, plan.departments[own].where, because)
        menu = plan.menu_of.get(called.value)
        if menu is not None:
            because = f"{called} is a number of the menu {menu}"
            return self._internal(CallTo.MENU, menu, plan.menus[menu].where, because)
        if called.kind is NumberKind.EXTENSION:
            return self._parking() or self.refused(f"nobody has the extension {called}")
        is_departments = call.forwarded and call.department is not None
        if call.by is None and not is_departments:
            return self.refused("this phone is nobody's: no person in the dial plan has it")
        if call.by is not None and call.by not in plan.people:
            return self.refused(f"no person is called {call.by!r}")
        for asked in (call.department, call.show_as):
            if asked is not None and asked not in plan.departments:
                return self.refused(f"no department is called {asked!r}")
        return by_trunk(self, plan.people.get(call.by or ""))

    def _parking(self) -> CallerIdDecision | None:
        """For a slot, or for the extension by which talks are parked."""
        called, parking = self.call.called, self.plan.parking
        if parking is None:
            return None
        if called.value == parking.extension.value:
            return self.refused(f"{called} parks a talk that is transferred to it")
        if called.value not in (slot.value for slot in parking.slots):
            return None
        if self.call.by is None:
            return self.refused("this phone is nobody's: no person in the dial plan has it")
        return self._internal(CallTo.PARKED, called.value, parking.where, f"{called} is a parking slot")

    def _code(self) -> tuple[str, str] | None:
        """The phone code that was dialled, the longest that fits, and the digits after it."""
        dialled = self.call.called.raw.strip().removesuffix("#")
        for code in sorted(self.plan.codes, key=len, reverse=True):
            if dialled.startswith(code) and _ARGUMENT.fullmatch(dialled, len(code)):
                return code, dialled[len(code) :]
        return None

    def _feature(self, code: str, argument: str) -> CallerIdDecision:
        feature = self.plan.codes[code]
        rule = f"codes.{feature.value}"
        because = f"{code} is the code for {feature.value}"
        self.note(rule, True, because)
        return CallerIdDecision(
            to=CallTo.FEATURE,
            called=self.call.called,
            because=because,
            dialplan=self.plan.digest,
            rule=rule,
            feature=feature,
            argument=argument,
            reached=(rule,),
        )

    def _internal(self, to: CallTo, target: str, where: str, because: str) -> CallerIdDecision:
        self.note(where, True, because)
        return CallerIdDecision(
            to=to,
            called=self.call.called,
            because=because,
            dialplan=self.plan.digest,
            target=target,
            rule=where,
            reached=(where,),
        )
