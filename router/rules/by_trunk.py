"""By which trunks a call leaves, what it shows on each, whose account it goes to, and why it may not.

Only a number bound to a trunk may be shown on it: a trunk that may not show the chosen number is passed over. Which
number that is, `layers` says; what a forwarded call shows in its place, `forwarding`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from router.model.decision import CallerIdDecision, CallTo, TrunkChoice
from router.model.department import Forwarded, Person, ShownNumber, Trunk, TrunkRule
from router.model.number import NumberKind, PhoneNumber, listed, one_fits
from router.model.rate import Rate
from router.rules import accounts, allowance, layers, limits, trunks
from router.rules.accounts import Account
from router.rules.forwarding import forwarded_as
from router.rules.layers import Identity, Layer, department_for
from router.rules.leaving import Leaving, Note
from router.rules.written import in_format

Able = Mapping[str, Identity]  # the trunks that may carry the call, with what each would show


def by_trunk(leaving: Leaving, person: Person | None) -> CallerIdDecision:
    """person: who calls; None for a department's call to a number that is nobody's."""
    department = department_for(leaving.call.by, leaving.plan, leaving.call.department)
    return _ByTrunk(leaving=leaving, person=person, department=department).answer()


@dataclass(slots=True, kw_only=True)
class _ByTrunk:
    leaving: Leaving
    person: Person | None
    department: str | None

    def answer(self) -> CallerIdDecision:
        leaving, call, plan, at = self.leaving, self.leaving.call, self.leaving.plan, self.leaving.at
        denied = limits.refusal(call, plan, self.department, at, leaving.situation, self._note)
        if denied is not None and not denied.is_open:
            return self._denied(denied)
        charged = accounts.accounts(call, plan, self.department, at, leaving.situation)
        for account in charged:
            what = accounts.over(account, call.called, plan)
            if what is not None:
                return self._exceeds(f"{account.subject} has reached its limit of {what}", account, charged)
        if call.withhold:
            leaving.note("call", True, "asks for the number to be withheld")
        found = layers.layers(call, plan, self.person, self.department, self._note)
        route = self._route()
        if route is None:
            return leaving.refused(f"no trunk leads to {call.called}", self.department)
        able = self._able(route, found)
        if not able:
            return self._on_none(route, found)
        ways = trunks.ways(
            trunks.in_order(route, self._trunks(able), call, plan, at), leaving.situation, leaving.at
        )
        for trunk, because in ways.passed_over:
            leaving.note(trunk.where, False, because)
        if ways.is_full:
            return self._full(ways)
        rate = allowance.rate_of(charged, call.called, ways.use, plan, at, leaving.situation)
        for account in charged:
            unpaid = allowance.unpaid(account, call.called, rate, plan)
            if unpaid is not None:
                return replace(self._exceeds(unpaid, account, charged), rate=rate)
            leaving.note(account.where, True, accounts.account_text(account, call.called, plan))
        return self._leaves(route, able, ways.use, charged, rate, denied)

    @property
    def _note(self) -> Note | None:
        return self.leaving.note if self.leaving.trace is not None else None

    # ---- by which trunk

    def _route(self) -> TrunkRule | None:
        leaving, called, plan = self.leaving, self.leaving.call.called, self.leaving.plan
        for route in plan.routes if leaving.trace is not None else plan.route_index.candidates((called,)):
            if one_fits(route.called, called):
                leaving.note(route.path, True, f"uses {', '.join(route.use)}")
                return route
            if leaving.trace is not None:
                leaving.note(route.path, False, f"to: {called} is none of {listed(route.called)}")
        return None

    def _able(self, route: TrunkRule, found: Sequence[Layer]) -> Able:
        able = {}
        leaving, called = self.leaving, self.leaving.call.called
        route_trunks = self._trunks(route.use)
        for trunk in route_trunks:
            identity = layers.on_trunk(found, trunk, route_trunks, called, self._note)
            if not self._leads_there(trunk):
                because = f"{trunk.key} does not lead to short numbers of {called.country}"
                leaving.note(trunk.where, False, because)
            elif trunk.may_show(identity.number):
                able[trunk.key] = identity
            elif leaving.trace is not None:
                because = f"{layers.whose(identity.number, leaving.plan)} is not valid on trunk {trunk.key}"
                leaving.note(trunk.where, False, because)
        return able

    def _leads_there(self, trunk: Trunk) -> bool:
        """A short number is another one in every country."""
        called = self.leaving.call.called
        return called.kind is not NumberKind.SHORT or called.country == (trunk.country or self.leaving.plan.country)

    def _trunks(self, keys: Iterable[str]) -> list[Trunk]:
        return [self.leaving.plan.trunks[key] for key in keys]

    # ---- how it leaves

    def _leaves(
        self,
        route: TrunkRule,
        able: Able,
        use: Sequence[Trunk],
        charged: tuple[Account, ...],
        rate: Rate | None,
        asked: limits.Refusal | None,
    ) -> CallerIdDecision:
        """asked: the rule that lets the call go for a PIN."""
        call, plan = self.leaving.call, self.leaving.plan
        choices = tuple([self._choice(trunk, able[trunk.key]) for trunk in use])
        first = able[choices[0].trunk]
        is_hidden = call.withhold or first.is_withheld
        why = first.layer.because
        if call.withhold and not first.is_withheld:
            why = f"withheld for this call; asserted to the carrier: {why}"
        longest = [allowance.longest_s(each, call.called, rate, plan, self.leaving.at) for each in charged]
        layers_used = dict.fromkeys([able[choice.trunk].layer.path for choice in choices])
        return CallerIdDecision(
            to=CallTo.TRUNKS,
            called=call.called,
            because=why,
            dialplan=plan.digest,
            department=self.department,
            shown=ShownNumber(number=None if is_hidden else self._seen(choices[0], first)),
            name="" if is_hidden else plan.company,  # a name gives away as much as a number
            rule=first.layer.path,
            trunks=choices,
            subjects=accounts.subjects(call, plan, self.department),
            longest_s=min((each for each in longest if each is not None), default=None),
            used={account.subject: account.used for account in charged},
            rate=rate,
            nights={account.subject: account.night for account in charged if account.night is not None},
            pin=call.by if asked is not None else None,
            prompt=asked.prompt if asked is not None else None,
            reached=tuple([path for path in (asked and asked.rule, *layers_used, route.path) if path]),
        )

    def _seen(self, choice: TrunkChoice, identity: Identity) -> PhoneNumber:
        diverts = choice.forwarded is Forwarded.CALLER_WITH_DIVERSION
        caller = self.leaving.call.caller
        return (caller.number if diverts and caller else None) or identity.number

    def _choice(self, trunk: Trunk, identity: Identity) -> TrunkChoice:
        leaving, call = self.leaving, self.leaving.call
        written, is_hidden = in_format(identity.number, trunk), call.withhold or identity.is_withheld
        policy = forwarded_as(call, leaving.plan, self.department, trunk, is_hidden=is_hidden)
        shown = "" if is_hidden else written
        because = f"asserts {written}, withheld" if is_hidden else f"shows {written}"
        caller = call.caller.number if call.caller else None
        if policy is Forwarded.CALLER_WITH_DIVERSION and caller is not None:
            shown = in_format(caller, trunk)
            because = f"shows the caller's {shown}, diverted by {written}"
        leaving.note(trunk.where, True, because)
        return TrunkChoice(
            trunk=trunk.key,
            dial=trunk.dial.replace("{number}", in_format(call.called, trunk)),
            shown=shown,
            asserted=written,
            forwarded=policy,
        )

    # ---- why it does not

    def _denied(self, denied: limits.Refusal) -> CallerIdDecision:
        refused = self.leaving.refused(denied.why, self.department)
        return replace(refused, rule=denied.rule, prompt=denied.prompt, reached=(denied.rule,))

    def _exceeds(self, why: str, account: Account, charged: tuple[Account, ...]) -> CallerIdDecision:
        called, plan = self.leaving.call.called, self.leaving.plan
        self.leaving.note(account.where, False, accounts.account_text(account, called, plan))
        return replace(
            self.leaving.refused(why, self.department),
            exceeded=account.subject,
            prompt=account.limits.prompt or plan.limits.prompt,
            used={each.subject: each.used for each in charged},
        )

    def _on_none(self, route: TrunkRule, found: Sequence[Layer]) -> CallerIdDecision:
        called, use = self.leaving.call.called, self._trunks(route.use)
        if not any(map(self._leads_there, use)):
            why = f"{called} is a short number of {called.country}, where no trunk leads"
        else:
            shown = layers.on_trunk(found, use[0], (), called, None).number
            why = f"{shown} may be shown on no trunk of {route.path}"
        return self.leaving.refused(why, self.department)

    def _full(self, ways: trunks.Ways) -> CallerIdDecision:
        why = "; ".join(because for _, because in ways.passed_over)
        refused = self.leaving.refused(f"no trunk has a channel left: {why}", self.department)
        return replace(refused, is_congested=True)
