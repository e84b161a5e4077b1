"""Which number an outgoing call shows and which trunks it may take: `choose_caller_id`.

Layers, the first that speaks wins: emergency; the call itself (withheld); a rule; the person; the department;
the trunk. Only a number bound to a trunk may be shown on it: a trunk that may not show the chosen number is
passed over.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RuleTrace, TrunkChoice
from router.model.department import CallerIdRule, DialPlan, NumberFormat, Person, ShownNumber, Trunk, TrunkRule
from router.model.number import NumberKind, PhoneNumber, listed, one_fits
from router.model.plan import RejectCause
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules import limits, trunks

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


def refusal(decision: CallerIdDecision) -> RejectCause:
    """How a call that goes NOWHERE is refused: no such number, one that may not be called from here, or no room."""
    if decision.is_congested:
        return RejectCause.CONGESTION
    is_number = decision.called.kind is NumberKind.E164
    return RejectCause.REJECTED if is_number else RejectCause.UNALLOCATED


def in_format(number: PhoneNumber, trunk: Trunk) -> str:
    """`number` as the trunk's carrier wants it written. Emergency numbers and extensions stay as they are."""
    if number.kind is not NumberKind.E164:
        return number.value
    digits = number.value[1:]
    if trunk.numbers is NumberFormat.PLUS_E164:
        return number.value
    if trunk.numbers is NumberFormat.E164:
        return digits
    if trunk.numbers is NumberFormat.NATIONAL and trunk.country_code and digits.startswith(trunk.country_code):
        return trunk.national_prefix + digits[len(trunk.country_code) :]
    return "00" + digits


def own_number(trunk: Trunk) -> PhoneNumber:
    """The first number the carrier lets us show on the trunk: the last layer of a caller ID."""
    first = trunk.caller_ids[0]
    return PhoneNumber(kind=NumberKind.E164, value=first.value, raw=first.text)


def department_for(person: str | None, plan: DialPlan, asked: str | None = None) -> str | None:
    """The department a person calls out for: the one asked for, the person's own, the first that lists them."""
    if asked is not None:
        return asked
    if person is None:
        return None
    known = plan.people.get(person)
    if known is not None and known.department is not None:
        return known.department
    return next((key for key, department in plan.departments.items() if person in department.members), None)


@dataclass(slots=True, kw_only=True)
class _Outgoing:
    call: OutboundCall
    plan: DialPlan
    at: datetime
    situation: Situation
    trace: list[RuleTrace] | None  # None: nobody asked for it

    def answer(self) -> CallerIdDecision:
        call, called, plan = self.call, self.call.called, self.plan
        if called.kind is NumberKind.EMERGENCY:
            return self._emergency()
        code = self._code()
        if code is not None:
            return self._feature(*code)
        if called.kind is NumberKind.INVALID:
            # Never looked up: of garbage such as "600;x" the digits are left, and they may be an extension's.
            return self._refused(
                f"{called} is neither an extension nor a number that can be called from {plan.country}"
            )
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
            return self._parking() or self._refused(f"nobody has the extension {called}")
        is_departments = call.forwarded and call.department is not None
        if call.by is None and not is_departments:
            return self._refused("this phone is nobody's: no person in the dial plan has it")
        if call.by is not None and call.by not in plan.people:
            return self._refused(f"no person is called {call.by!r}")
        if call.department is not None and call.department not in plan.departments:
            return self._refused(f"no department is called {call.department!r}")
        return self._public(plan.people.get(call.by or ""))

    def _parking(self) -> CallerIdDecision | None:
        """For a slot, or for the extension by which talks are parked."""
        called, parking = self.call.called, self.plan.parking
        if parking is None:
            return None
        if called.value == parking.extension.value:
            return self._refused(f"{called} parks a talk that is transferred to it")
        if called.value not in (slot.value for slot in parking.slots):
            return None
        if self.call.by is None:
            return self._refused("this phone is nobody's: no person in the dial plan has it")
        return self._internal(CallTo.PARKED, called.value, parking.where, f"{called} is a parking slot")

    def _public(self, person: Person | None) -> CallerIdDecision:
        """person: None for a department's call to a number that is nobody's."""
        call, plan = self.call, self.plan
        department = department_for(call.by, plan, call.department)
        note = self._note if self.trace is not None else None
        refused = limits.refusal(call, plan, department, self.at, self.situation, note)
        if refused is not None:
            return self._may_not(refused, department)
        if call.withhold:
            self._note("call", True, "asks for the number to be withheld")
        shown, rule, why = self._shown(person, department)
        route = self._route()
        if route is None:
            return self._refused(f"no trunk leads to {call.called}", department)

        number = shown.number if shown else None
        withheld_by_plan = shown is not None and number is None
        hidden = call.withhold or withheld_by_plan
        able = self._able(route, number)
        if not able:
            return self._refused(f"{number} may be shown on no trunk of {route.path}", department)
        found = trunks.ways(trunks.drawn(able, route.share, call.id), self.situation, self.at)
        for trunk, because in found.passed_over:
            self._note(trunk.where, False, because)
        if found.is_full:
            why = "; ".join(because for _, because in found.passed_over)
            return replace(self._refused(f"no trunk has a channel left: {why}", department), is_congested=True)
        choices = tuple(self._choice(trunk, number or own_number(trunk), hidden) for trunk in found.use)
        if hidden:
            shown = ShownNumber(number=None)
            if not withheld_by_plan:
                why = f"withheld for this call; asserted to the carrier: {why}"
        elif shown is None:
            shown = ShownNumber(number=own_number(plan.trunks[choices[0].trunk]))
        return CallerIdDecision(
            to=CallTo.TRUNKS,
            called=call.called,
            because=why,
            dialplan=plan.digest,
            department=department,
            shown=shown,
            name="" if hidden else plan.company,  # a name gives away as much as a number
            rule=rule,
            trunks=choices,
            subjects=tuple(subject for subject, _ in limits.subjects(call, plan, department)),
            longest_s=limits.longest_s(call, plan, department, self.at, self.situation),
            reached=tuple(path for path in (rule, route.path) if path),
        )

    def _shown(self, person: Person | None, department: str | None) -> tuple[ShownNumber | None, str, str]:
        """The number by the layers below the call itself: what, the path that said so, why."""
        for rule in self.plan.caller_ids:
            misfit = self._misfit(rule, person, department)
            if misfit is None:
                because = f"shows {_spoken(rule.show)}"
                self._note(rule.path, True, because)
                return rule.show, rule.path, f"rule {rule.path} {because}"
            if self.trace is not None:
                self._note(rule.path, False, self._reason(misfit, rule, person, department))
        of_department = self.plan.departments.get(department or "")
        for layer in (None if self.call.forwarded and of_department else person, of_department):
            if layer is None:
                continue
            if layer.caller_id is not None:
                because = f"{layer.name} shows {_spoken(layer.caller_id)}"
                self._note(layer.where, True, because)
                return layer.caller_id, layer.where, because
            self._note(layer.where, False, f"{layer.name} names no caller ID")
        return None, "", "neither rule, person nor department names a number: the trunk's own"

    def _misfit(self, rule: CallerIdRule, person: Person | None, department: str | None) -> str | None:
        """The first condition of the rule that does not hold: "department", "person" or "to"; None when all do."""
        if rule.department is not None and rule.department != department:
            return "department"
        if rule.person is not None and (person is None or rule.person != person.key):
            return "person"
        return None if one_fits(rule.called, self.call.called) else "to"

    def _reason(self, misfit: str, rule: CallerIdRule, person: Person | None, department: str | None) -> str:
        """Why `_misfit` named a condition. Apart from it: a hundred such texts cost more than the decision."""
        if misfit == "department":
            return f"department: calls for {department or 'no department'}, not {rule.department}"
        if misfit == "person":
            return f"person: {person.key if person else 'nobody'} calls, not {rule.person}"
        return f"to: {self.call.called} is none of {listed(rule.called)}"

    def _route(self) -> TrunkRule | None:
        called = self.call.called
        for route in self.plan.routes:
            if one_fits(route.called, called):
                self._note(route.path, True, f"uses {', '.join(route.use)}")
                return route
            if self.trace is not None:
                self._note(route.path, False, f"to: {called} is none of {listed(route.called)}")
        return None

    def _able(self, route: TrunkRule, number: PhoneNumber | None) -> list[Trunk]:
        """The route's trunks that may show the number; all where it is None, for each has its own."""
        able = []
        for key in route.use:
            trunk = self.plan.trunks[key]
            if number is None or trunk.may_show(number):
                able.append(trunk)
            else:
                self._note(trunk.where, False, f"{number} may not be shown on {key}")
        return able

    def _choice(self, trunk: Trunk, number: PhoneNumber, hidden: bool) -> TrunkChoice:
        written = in_format(number, trunk)
        self._note(trunk.where, True, f"asserts {written}, withheld" if hidden else f"shows {written}")
        return TrunkChoice(
            trunk=trunk.key,
            dial=trunk.dial.replace("{number}", in_format(self.call.called, trunk)),
            shown="" if hidden else written,
            asserted=written,
        )

    def _emergency(self) -> CallerIdDecision:
        """Any trunk, the working ones first, each with the emergency number or, where it may not, its own."""
        plan, called = self.plan, self.call.called
        if not plan.trunks:
            return self._refused(f"{called} is an emergency number, but there is no trunk")
        self._note("emergency", True, f"{called} is an emergency number")
        wanted = plan.emergency.caller_id
        identities = [
            (trunk, wanted if wanted is not None and trunk.may_show(wanted) else own_number(trunk))
            for trunk in trunks.every_way(tuple(plan.trunks.values()), self.situation, self.at)
        ]
        return CallerIdDecision(
            to=CallTo.EMERGENCY,
            called=called,
            because=f"{called} is an emergency number: any trunk, before every rule",
            dialplan=plan.digest,
            department=department_for(self.call.by, plan),
            shown=ShownNumber(number=identities[0][1]),
            name=plan.company,
            rule="emergency",
            trunks=tuple(self._choice(trunk, number, hidden=False) for trunk, number in identities),
            reached=("emergency",),
        )

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
        self._note(rule, True, because)
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
        self._note(where, True, because)
        return CallerIdDecision(
            to=to,
            called=self.call.called,
            because=because,
            dialplan=self.plan.digest,
            target=target,
            rule=where,
            reached=(where,),
        )

    def _refused(self, why: str, department: str | None = None) -> CallerIdDecision:
        self._note("outbound", False, why)
        return CallerIdDecision(
            to=CallTo.NOWHERE,
            called=self.call.called,
            because=why,
            dialplan=self.plan.digest,
            department=department,
            refused=why,
        )

    def _may_not(self, refused: limits.Refusal, department: str | None) -> CallerIdDecision:
        return replace(
            self._refused(refused.why, department),
            rule=refused.rule,
            prompt=refused.prompt,
            exceeded=refused.exceeded,
            reached=(refused.rule,) if refused.rule else (),
        )

    def _note(self, path: str, matched: bool, because: str) -> None:
        if self.trace is not None:
            self.trace.append(RuleTrace(path=path, matched=matched, because=because))


def _spoken(shown: ShownNumber) -> str:
    return str(shown.number) if shown.number else "nothing (withheld)"
