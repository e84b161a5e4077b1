"""Which number an outgoing call shows and which trunks it may take: `choose_caller_id`.

Layers, the first that speaks wins: emergency; the call itself (withheld); a rule; the person; the department;
the trunk. Only a number bound to a trunk may be shown on it: a trunk that may not show the chosen number is
passed over.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RuleTrace, TrunkChoice
from router.model.department import CallerIdRule, DialPlan, NumberFormat, ShownNumber, Trunk, TrunkRule
from router.model.number import NumberKind, NumberPattern, PatternKind, PhoneNumber


def choose_caller_id(call: OutboundCall, plan: DialPlan, at: datetime, *, traced: bool = False) -> CallerIdDecision:
    """Decides how `call` leaves at the moment `at` (aware). Never raises because of what was dialled."""
    decide = _Outgoing(call=call, plan=plan, trace=[])
    decision = decide.answer()
    if not traced:
        return decision
    return replace(decision, trace=tuple(decide.trace))


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


def own_number(trunk: Trunk) -> PhoneNumber | None:
    """The first single number the carrier lets us show on the trunk: the last layer of a caller ID."""
    for pattern in trunk.caller_ids:
        if pattern.kind in (PatternKind.EXACT, PatternKind.RANGE):
            return PhoneNumber(kind=NumberKind.E164, value=pattern.value, raw=pattern.text)
    return None


def department_for(person: str | None, plan: DialPlan, asked: str | None = None) -> str | None:
    """The department a person calls out for: the one asked for, the person's own, the first that lists them."""
    if asked is not None:
        return asked
    if person is None:
        return None
    chosen = plan.people[person].department
    if chosen is not None:
        return chosen
    return next((key for key, department in plan.departments.items() if person in department.members), None)


@dataclass(slots=True, kw_only=True)
class _Outgoing:
    call: OutboundCall
    plan: DialPlan
    trace: list[RuleTrace]

    def answer(self) -> CallerIdDecision:
        called, plan = self.call.called, self.plan
        if called.kind is NumberKind.EMERGENCY:
            return self._emergency()
        person = plan.person_of.get(called.value)
        if person is not None and called.kind is NumberKind.EXTENSION:
            because = f"{called} is {plan.people[person].name}'s extension"
            return self._internal(CallTo.PERSON, person, plan.people[person].where, because)
        own = plan.department_of.get(called.value)
        if own is not None:
            because = f"{called} is {plan.departments[own].name}'s own number"
            return self._internal(CallTo.DEPARTMENT, own, plan.departments[own].where, because)
        if called.kind is not NumberKind.E164:
            return self._refused(
                f"{called} is neither an extension nor a number that can be called from {plan.country}"
            )
        if self.call.by is None:
            return self._refused("this phone is nobody's: no person in the dial plan has it")
        if self.call.department is not None and self.call.department not in plan.departments:
            return self._refused(f"no department is called {self.call.department!r}")
        return self._public()

    def _public(self) -> CallerIdDecision:
        call, plan = self.call, self.plan
        department = department_for(call.by, plan, call.department)
        shown, rule, why = self._shown(department)
        route = next((r for r in plan.routes if self._route_fits(r)), None)
        if route is None:
            return self._refused(f"no trunk leads to {call.called}", department)

        number = shown.number if shown else None
        hidden = call.withhold or (shown is not None and number is None)
        choices: list[TrunkChoice] = []
        for key in route.use:
            trunk = plan.trunks[key]
            if number is not None and not trunk.may_show(number):
                self._note(trunk.where, False, f"{number} may not be shown on {key}")
                continue
            identity = number or own_number(trunk)
            written = in_format(identity, trunk) if identity else ""
            choices.append(
                TrunkChoice(
                    trunk=key,
                    dial=trunk.dial.replace("{number}", in_format(call.called, trunk)),
                    shown="" if hidden else written,
                    asserted=written,
                )
            )
            self._note(trunk.where, True, "withheld" if hidden else f"shows {written or 'nothing'}")
        if not choices:
            return self._refused(f"{number} may be shown on no trunk of {route.path}", department)
        if hidden:
            why = f"withheld; asserted to the carrier: {why}" if number else why
            shown = ShownNumber(number=None)
        elif shown is None:
            first = own_number(plan.trunks[choices[0].trunk])
            shown = ShownNumber(number=first)
        return CallerIdDecision(
            to=CallTo.TRUNKS,
            called=call.called,
            because=why,
            dialplan=plan.digest,
            department=department,
            shown=shown,
            name=plan.company,
            rule=rule,
            trunks=tuple(choices),
            reached=tuple(path for path in (rule, route.path) if path),
        )

    def _shown(self, department: str | None) -> tuple[ShownNumber | None, str, str]:
        """The number by the layers below the call itself: what, the path that said so, why."""
        call, plan = self.call, self.plan
        for rule in plan.caller_ids:
            reason = self._misfit(rule, department)
            self._note(rule.path, reason is None, reason or f"shows {_spoken(rule.show)}")
            if reason is None:
                return rule.show, rule.path, f"rule {rule.path} shows {_spoken(rule.show)}"
        person = plan.people[call.by] if call.by else None
        if person is not None and person.caller_id is not None:
            self._note(person.where, True, f"{person.name} shows {_spoken(person.caller_id)}")
            return person.caller_id, person.where, f"{person.name}'s own number is {_spoken(person.caller_id)}"
        if department is not None and (found := plan.departments[department]).caller_id is not None:
            self._note(found.where, True, f"{found.name} shows {_spoken(found.caller_id)}")
            return found.caller_id, found.where, f"{found.name} shows {_spoken(found.caller_id)}"
        self._note("trunks", True, "nobody names a number: the trunk's own")
        return None, "", "neither rule, person nor department names a number: the trunk's own"

    def _misfit(self, rule: CallerIdRule, department: str | None) -> str | None:
        if rule.department is not None and rule.department != department:
            return f"department: calls for {department or 'nobody'}, not {rule.department}"
        if rule.person is not None and rule.person != self.call.by:
            return f"person: {self.call.by or 'nobody'} calls, not {rule.person}"
        if rule.called and not any(pattern.matches(self.call.called) for pattern in rule.called):
            return f"to: {self.call.called} is none of {_listed(rule.called)}"
        return None

    def _route_fits(self, route: TrunkRule) -> bool:
        fits = not route.called or any(pattern.matches(self.call.called) for pattern in route.called)
        because = (
            f"uses {', '.join(route.use)}" if fits else f"to: {self.call.called} is none of {_listed(route.called)}"
        )
        self._note(route.path, fits, because)
        return fits

    def _emergency(self) -> CallerIdDecision:
        """Any trunk, in the order written, each with the emergency number or, where it may not, its own."""
        plan, called = self.plan, self.call.called
        wanted = plan.emergency.caller_id
        choices = []
        for trunk in plan.trunks.values():
            number = wanted if wanted is not None and trunk.may_show(wanted) else own_number(trunk)
            written = in_format(number, trunk) if number else ""
            dial = trunk.dial.replace("{number}", called.value)
            choices.append(TrunkChoice(trunk=trunk.key, dial=dial, shown=written, asserted=written))
        self._note("emergency", True, f"{called} is an emergency number")
        return CallerIdDecision(
            to=CallTo.EMERGENCY,
            called=called,
            because=f"{called} is an emergency number: any trunk, before every rule",
            dialplan=plan.digest,
            department=department_for(self.call.by, plan),
            shown=ShownNumber(number=wanted),
            name=plan.company,
            rule="emergency",
            trunks=tuple(choices),
            reached=("emergency",),
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

    def _note(self, path: str, matched: bool, because: str) -> None:
        self.trace.append(RuleTrace(path=path, matched=matched, because=because))


def _listed(patterns: tuple[NumberPattern, ...]) -> str:
    return ", ".join(map(str, patterns))


def _spoken(shown: ShownNumber) -> str:
    return str(shown.number) if shown.number else "nothing (withheld)"
