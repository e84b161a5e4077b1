"""How an outgoing call leaves: inside, to the emergency service, or by which trunks, showing what on each.

Only a number bound to a trunk may be shown on it: a trunk that may not show the chosen number is passed over. Which
number that is, `layers` says; what a forwarded call shows in its place, `forwarding`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from router.model.call import OutboundCall
from router.model.decision import CallerIdDecision, CallTo, RuleTrace, TrunkChoice
from router.model.department import DialPlan, Forwarded, Person, ShownNumber, Trunk, TrunkRule
from router.model.limits import Site
from router.model.number import NumberKind, PhoneNumber, listed, one_fits
from router.model.plan import RejectCause
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules import accounts, allowance, layers, limits, trunks
from router.rules.accounts import Account
from router.rules.forwarding import forwarded_as
from router.rules.layers import Identity, Layer, department_for
from router.rules.written import in_format, own_number

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
    is_number = decision.called.kind in (NumberKind.E164, NumberKind.SHORT)
    return RejectCause.REJECTED if is_number else RejectCause.UNALLOCATED


def without_pin(decision: CallerIdDecision, why: str) -> CallerIdDecision:
    """The decision of a call that asks for a PIN, once it is clear that it was not typed."""
    return replace(decision, to=CallTo.NOWHERE, trunks=(), shown=None, name="", because=why, refused=why, pin=None)


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
            fault = called.fault or f"is neither an extension nor a number that can be called from {plan.country}"
            return self._refused(f"{called} {fault}")
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
        for asked in (call.department, call.show_as):
            if asked is not None and asked not in plan.departments:
                return self._refused(f"no department is called {asked!r}")
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
        if refused is not None and not refused.is_open:
            return self._may_not(refused, department)
        charged = accounts.accounts(call, plan, department, self.at, self.situation)
        for account in charged:
            what = accounts.over(account, call.called, plan)
            if what is not None:
                return self._exceeds(f"{account.subject} has reached its limit of {what}", account, charged)
        if call.withhold:
            self._note("call", True, "asks for the number to be withheld")
        found = layers.layers(call, plan, person, department, note)
        route = self._route()
        if route is None:
            return self._refused(f"no trunk leads to {call.called}", department)

        able = self._able(route, found)
        if not able and not any(map(self._leads_there, self._trunks(route.use))):
            country = call.called.country
            return self._refused(f"{call.called} is a short number of {country}, where no trunk leads", department)
        if not able:
            shown = layers.on_trunk(found, self.plan.trunks[route.use[0]], (), call.called, None).number
            return self._refused(f"{shown} may be shown on no trunk of {route.path}", department)
        ordered = trunks.in_order(route, self._trunks(able), call, plan, self.at)
        ways = trunks.ways(ordered, self.situation, self.at)
        for trunk, because in ways.passed_over:
            self._note(trunk.where, False, because)
        if ways.is_full:
            why = "; ".join(because for _, because in ways.passed_over)
            return replace(self._refused(f"no trunk has a channel left: {why}", department), is_congested=True)
        longest_s: list[float | None] = []
        rate = allowance.rate_of(charged, call.called, ways.use, plan, self.at, self.situation)
        for account in charged:
            unpaid = allowance.unpaid(account, call.called, rate, plan)
            if unpaid is not None:
                return replace(self._exceeds(unpaid, account, charged), rate=rate)
            self._note(account.where, True, accounts.account_text(account, call.called, plan))
            longest_s.append(allowance.longest_s(account, call.called, rate, plan, self.at))
        choices = tuple(self._choice(trunk, able[trunk.key], department) for trunk in ways.use)
        first = able[choices[0].trunk]
        is_hidden = call.withhold or first.is_withheld
        why = first.layer.because
        if call.withhold and not first.is_withheld:
            why = f"withheld for this call; asserted to the carrier: {why}"
        return CallerIdDecision(
            to=CallTo.TRUNKS,
            called=call.called,
            because=why,
            dialplan=plan.digest,
            department=department,
            shown=ShownNumber(number=None if is_hidden else self._seen(choices[0], first)),
            name="" if is_hidden else plan.company,  # a name gives away as much as a number
            rule=first.layer.path,
            trunks=choices,
            subjects=accounts.subjects(call, plan, department),
            longest_s=min((each for each in longest_s if each is not None), default=None),
            used={account.subject: account.used for account in charged},
            rate=rate,
            nights={account.subject: account.night for account in charged if account.night is not None},
            pin=call.by if refused is not None else None,
            prompt=refused.prompt if refused is not None else None,
            reached=tuple(
                path for path in (refused and refused.rule, *self._spoke(choices, able), route.path) if path
            ),
        )

    def _route(self) -> TrunkRule | None:
        called, plan = self.call.called, self.plan
        for route in plan.routes if self.trace is not None else plan.route_index.candidates((called,)):
            if one_fits(route.called, called):
                self._note(route.path, True, f"uses {', '.join(route.use)}")
                return route
            if self.trace is not None:
                self._note(route.path, False, f"to: {called} is none of {listed(route.called)}")
        return None

    def _able(self, route: TrunkRule, found: Sequence[Layer]) -> dict[str, Identity]:
        """The route's trunks that may show the number, each with what it shows."""
        able = {}
        note = self._note if self.trace is not None else None
        others = [self.plan.trunks[key] for key in route.use]
        for trunk in others:
            identity = layers.on_trunk(found, trunk, others, self.call.called, note)
            if not self._leads_there(trunk):
                self._note(
                    trunk.where, False, f"{trunk.key} does not lead to short numbers of {self.call.called.country}"
                )
            elif trunk.may_show(identity.number):
                able[trunk.key] = identity
            elif self.trace is not None:
                because = f"{layers.whose(identity.number, self.plan)} is not valid on trunk {trunk.key}"
                self._note(trunk.where, False, because)
        return able

    def _leads_there(self, trunk: Trunk) -> bool:
        """A short number is another one in every country."""
        called = self.call.called
        return called.kind is not NumberKind.SHORT or called.country == (trunk.country or self.plan.country)

    def _trunks(self, able: Iterable[str]) -> list[Trunk]:
        return [self.plan.trunks[key] for key in able]

    def _spoke(self, choices: Iterable[TrunkChoice], able: Mapping[str, Identity]) -> tuple[str, ...]:
        """The layers of which some trunk has its number, each once."""
        return tuple(dict.fromkeys(able[choice.trunk].layer.path for choice in choices))

    def _seen(self, choice: TrunkChoice, identity: Identity) -> PhoneNumber:
        diverts = choice.forwarded is Forwarded.CALLER_WITH_DIVERSION
        caller = self.call.caller.number if diverts and self.call.caller else None
        return caller or identity.number

    def _choice(self, trunk: Trunk, identity: Identity, department: str | None = None) -> TrunkChoice:
        written, is_hidden = in_format(identity.number, trunk), self.call.withhold or identity.is_withheld
        policy = forwarded_as(self.call, self.plan, department, trunk, is_hidden=is_hidden)
        shown = "" if is_hidden else written
        because = f"asserts {written}, withheld" if is_hidden else f"shows {written}"
        caller = self.call.caller.number if self.call.caller else None
        if policy is Forwarded.CALLER_WITH_DIVERSION and caller is not None:
            shown = in_format(caller, trunk)
            because = f"shows the caller's {shown}, diverted by {written}"
        self._note(trunk.where, True, because)
        return TrunkChoice(
            trunk=trunk.key,
            dial=trunk.dial.replace("{number}", in_format(self.call.called, trunk)),
            shown=shown,
            asserted=written,
            forwarded=policy,
        )

    def _emergency(self) -> CallerIdDecision:
        """Any trunk; each shows the emergency number or, where it may not, its own."""
        plan, called = self.plan, self.call.called
        if not plan.trunks:
            return self._refused(f"{called} is an emergency number, but there is no trunk")
        self._note("emergency", True, f"{called} is an emergency number")
        wanted = self._call_back_number()
        site = self._site()
        country = site.country if site is not None else plan.country
        ways = trunks.for_help(plan, country, wanted, self.situation, self.at)
        identities = [
            (trunk, wanted if wanted is not None and trunk.may_show(wanted) else own_number(trunk))
            for trunk in ways
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
            trunks=tuple(self._emergency_choice(trunk, number) for trunk, number in identities),
            reached=("emergency",),
        )

    def _call_back_number(self) -> PhoneNumber | None:
        """Of the site where the phone stands, else the company's."""
        site = self._site()
        if site is None:
            return self.plan.emergency.caller_id
        self._note(site.where, True, f"the phone stands at {site.key}: {site.location}")
        return site.caller_id

    def _site(self) -> Site | None:
        person = self.plan.people.get(self.call.by or "")
        return self.plan.sites.get(self.call.site or (person.site if person is not None else None) or "")

    def _emergency_choice(self, trunk: Trunk, number: PhoneNumber) -> TrunkChoice:
        """Never withheld: who answers must be able to call back."""
        written = in_format(number, trunk)
        self._note(trunk.where, True, f"shows {written}")
        dial = trunk.dial.replace("{number}", self.call.called.value)
        return TrunkChoice(trunk=trunk.key, dial=dial, shown=written, asserted=written)

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
            reached=(refused.rule,),
        )

    def _exceeds(self, why: str, account: Account, charged: tuple[Account, ...]) -> CallerIdDecision:
        self._note(account.where, False, accounts.account_text(account, self.call.called, self.plan))
        return replace(
            self._refused(why, department_for(self.call.by, self.plan, self.call.department)),
            exceeded=account.subject,
            prompt=account.limits.prompt or self.plan.limits.prompt,
            used={each.subject: each.used for each in charged},
        )

    def _note(self, path: str, matched: bool, because: str) -> None:
        if self.trace is not None:
            self.trace.append(RuleTrace(path=path, matched=matched, because=because))
