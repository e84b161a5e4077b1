"""Which department a call reaches and what happens there: `route`, and `choose` for a key pressed in a menu.

One function decides for the live router, FastAGI, `explain` and the tests in the YAML. The live path does not
collect the trace (a thousand trace values cost 0.9 ms); asked again with `traced=True`, this same code gives it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from router.model.call import InboundCall
from router.model.decision import RoutingDecision, RuleTrace
from router.model.department import Department, DialPlan, MenuDef
from router.model.number import NumberKind
from router.model.plan import ENDING, Menu, Queue, Reject, RejectCause, Ring, RoutePlan, Step, Voicemail
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.model.steps import DepartmentStep, HopStep, Member, MenuStep, QueueStep
from router.rules.blocks import first_block
from router.rules.call_steps import NOTHING_GIVEN, CallSteps, Given
from router.rules.conditions import Conditions
from router.rules.hours import department_is_open

PERSON_RINGS_FOR_S = 30.0  # a colleague's extension dialled directly
PERSON_MESSAGE_S = 180.0


def route(
    call: InboundCall,
    plan: DialPlan,
    at: datetime,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
    *,
    traced: bool = False,
) -> RoutingDecision:
    """Decides `call` at the moment `at` (aware).

    Order: the blocks; the inbound rules from the top, the first that matches; a person's extension; the menu or
    department that has the number or extension; else the call is refused as unallocated (Q.850 cause 1), never
    answered.
    """
    return _Arriving(call=call, plan=plan, at=at, situation=situation, traced=traced).answer()


def choose(
    key: str,
    menu: Menu,
    call: InboundCall,
    plan: DialPlan,
    at: datetime,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
    *,
    before: RoutingDecision,
    traced: bool = False,
) -> RoutingDecision | None:
    """What follows on a key, or on an extension where the menu lets callers dial one; None when it means nothing.

    key: "" for a caller who chose nothing, or wrongly, as often as the menu is played. before: the decision that
    led to the menu; its priority and ringtone are kept.
    """
    arriving = _Arriving(call=call, plan=plan, at=at, situation=situation, traced=traced)
    return arriving.chosen(key, plan.menus[menu.menu], menu.department, before)


def queue_of(
    department: str, call: InboundCall, plan: DialPlan, at: datetime, situation: Situation
) -> Queue | None:
    """The queue in which a caller of the department would wait now; None while it is closed, or has none.

    call: as it came, for what the caller and the number called decide.
    """
    here = plan.departments.get(department)
    if here is None or not department_is_open(here, plan, at, situation).is_open:
        return None
    step = next(_queues(here.open, plan, set()), None)
    return CallSteps(call=call, plan=plan).queue(step, here, NOTHING_GIVEN) if step else None


def _queues(steps: Sequence[DepartmentStep], plan: DialPlan, menus: set[str]) -> Iterator[QueueStep]:
    """A department's queues, those behind its menus too. menus: already looked through."""
    for step in steps:
        if isinstance(step, QueueStep):
            yield step
        elif isinstance(step, MenuStep) and step.menu not in menus:
            menus.add(step.menu)
            menu = plan.menus[step.menu]
            for behind in (*(choice.steps for choice in menu.choices), menu.otherwise):
                yield from _queues(behind, plan, menus)


@dataclass(slots=True, kw_only=True)
class _Steps:
    """What has been gathered of a plan. here: the department whose steps these are."""

    rule: str
    because: str
    department: str | None = None
    is_open: bool | None = None
    here: Department | None = None
    steps: list[Step] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    given: Given = NOTHING_GIVEN


@dataclass(slots=True, kw_only=True)
class _Arriving:
    call: InboundCall
    plan: DialPlan
    at: datetime
    situation: Situation
    traced: bool
    trace: list[RuleTrace] = field(default_factory=list)

    @property
    def _steps(self) -> CallSteps:
        return CallSteps(call=self.call, plan=self.plan)

    # ---- where to

    def answer(self) -> RoutingDecision:
        call, plan = self.call, self.plan
        block = first_block(call, self.situation.blocks, self.at) if not call.internal else None
        if block is not None:
            because = f"blocked: {call.caller.shown} fits {block.name or block.pattern}"
            self._note(f"block:{block.key}", True, because)
            return self._refuse(because, block.cause, rule=f"block:{block.key}", block=block.key)
        conditions = Conditions(call=call, plan=plan, at=self.at, situation=self.situation)
        rules = plan.inbound
        if not self.traced:
            rules = plan.inbound_index.candidates((call.called, call.caller.number), (call.trunk,))
        for rule in rules:
            misfit = conditions.misfit(rule)
            if misfit is None:
                fit = conditions.fit(rule)
                self._note(rule.path, True, fit)
                return self._follow(rule.do, _Steps(rule=rule.path, because=f"rule {rule.name!r}: {fit}"))
            if self.traced:
                self._note(rule.path, False, conditions.reason(misfit, rule))

        called = call.called
        if called.kind not in (NumberKind.E164, NumberKind.EXTENSION):
            # Never looked up: of garbage such as "600;x" the digits are left, and they may be an extension's.
            return self._refuse("what was called is neither a public number nor an extension")
        if called.kind is NumberKind.EXTENSION and not call.internal:
            return self._refuse(f"{called} is an extension, which nobody outside may dial")
        if (person := plan.person_of.get(called.value)) is not None:
            return self._person(person, called.value)
        if (key := plan.menu_of.get(called.value)) is not None:
            menu = plan.menus[key]
            because = f"{called} is a number of the menu {key}"
            self._note(menu.where, True, because)
            return self._follow((MenuStep(menu=key),), _Steps(rule=menu.where, because=because))
        department = plan.departments.get(plan.department_of.get(called.value, ""))
        if department is None:
            return self._refuse(f"no department has the number {called}")
        because = f"{called} is a number of {department.name}"
        self._note(department.where, True, because)
        steps = _Steps(rule=department.where, because=because, department=department.key)
        return self._follow((HopStep(department=department.key),), steps)

    def chosen(
        self, key: str, menu: MenuDef, department: str | None, before: RoutingDecision
    ) -> RoutingDecision | None:
        steps = _Steps(
            rule=menu.where,
            because=f"menu {menu.key}: nothing was chosen",
            here=self.plan.departments.get(department or ""),
            given=Given(priority=before.priority, ringtone=before.ringtone),
        )
        if not key:
            steps.reached.append(f"{menu.where}.otherwise")
            return self._follow(menu.otherwise, steps)
        choice = next((choice for choice in menu.choices if choice.key == key), None)
        if choice is not None:
            steps.because = f"menu {menu.key}: {key} is {choice.words}"
            steps.reached.append(f"{menu.where}.keys.{key}")
            self._note(f"{menu.where}.keys.{key}", True, steps.because)
            return self._follow((*choice.steps, *menu.otherwise), steps)
        if menu.extensions and (person := self.plan.person_of.get(key)) is not None:
            return self._person(person, key)
        if menu.extensions and key in self.plan.department_of:
            hop = (HopStep(department=self.plan.department_of[key]),)
            steps.because = f"menu {menu.key}: {key} is an extension"
            return self._follow(hop, steps)
        return None

    def _person(self, key: str, number: str) -> RoutingDecision:
        """A person's own extension or number: their phone, then their mailbox where they have one."""
        person = self.plan.people[key]
        because = f"{number} is {person.name}'s {'number' if number.startswith('+') else 'extension'}"
        self._note(person.where, True, because)
        target = self._steps.target(Member(person=key))
        steps: list[Step] = [Ring(department=None, targets=(target,), for_s=PERSON_RINGS_FOR_S)]
        if person.email is not None:
            steps.append(Voicemail(department=key, greeting=None, longest_s=PERSON_MESSAGE_S))
        return RoutingDecision(
            plan=RoutePlan(steps=tuple(steps)),
            rule=person.where,
            because=because,
            dialplan=self.plan.digest,
            reached=(person.where,),
            trace=tuple(self.trace) if self.traced else (),
        )

    # ---- the steps

    def _follow(self, do: Sequence[DepartmentStep], into: _Steps) -> RoutingDecision:
        """Follows hops until the steps are flat. The first department entered is the decision's."""
        into.reached.insert(0, into.rule)
        pending: Sequence[DepartmentStep] = do
        for_call = self._steps
        while pending:
            following: Sequence[DepartmentStep] = ()
            for step in pending:
                if isinstance(step, HopStep):
                    following = self._enter(step, into)
                    break
                made = for_call.made(step, into.here, into.given)
                if isinstance(made, Ring | Queue) and not made.targets:
                    continue  # for the caller's owner, who has none
                into.steps.append(made)
                if isinstance(made, ENDING):
                    break  # what a menu's key leads to may stand before its `otherwise`
            pending = following
        return RoutingDecision(
            plan=RoutePlan(steps=tuple(into.steps)),
            rule=into.rule,
            because=into.because,
            dialplan=self.plan.digest,
            department=into.department,
            is_open=into.is_open,
            reached=tuple(into.reached),
            trace=tuple(self.trace) if self.traced else (),
            came_through=tuple(into.entered),
            priority=into.given.priority,
            ringtone=into.given.ringtone,
        )

    def _enter(self, hop: HopStep, into: _Steps) -> Sequence[DepartmentStep]:
        """Goes into a department: the steps that hold there now."""
        key = hop.department
        if key in into.entered:  # refused at load; a plan built by hand must not hang a call
            self._note(into.rule, False, f"already came through {key}")
            into.steps.append(Reject(cause=RejectCause.CONGESTION))
            return ()
        here = into.here = self.plan.departments[key]
        into.entered.append(key)
        priority, ringtone = hop.priority or into.given.priority, hop.ringtone or into.given.ringtone
        into.given = Given(priority=priority, ringtone=ringtone)
        verdict = department_is_open(here, self.plan, self.at, self.situation)
        where, following = f"{here.where}.open", here.open
        if not verdict.is_open:
            where, following = f"{here.where}.closed", here.closed
            if verdict.exception is not None and verdict.exception.steps is not None:
                where, following = verdict.exception.where, verdict.exception.steps
        into.reached.append(where)
        self._note(where, True, verdict.because)
        if len(into.entered) == 1:
            into.is_open, into.department = verdict.is_open, key
        if len(into.entered) > 1 or into.rule != here.where:
            into.because = f"{into.because}; goes to {here.name}"
        into.because = f"{into.because}; {verdict.because}"
        return following

    # ---- the end

    def _refuse(
        self,
        because: str,
        cause: RejectCause = RejectCause.UNALLOCATED,
        *,
        rule: str = "",
        block: str | None = None,
    ) -> RoutingDecision:
        if block is None:
            self._note("numbers", False, because)
        return RoutingDecision(
            plan=RoutePlan(steps=(Reject(cause=cause),)),
            rule=rule,
            because=because,
            dialplan=self.plan.digest,
            block=block,
            trace=tuple(self.trace) if self.traced else (),
        )

    def _note(self, path: str, matched: bool, because: str) -> None:
        if self.traced:
            self.trace.append(RuleTrace(path=path, matched=matched, because=because))
