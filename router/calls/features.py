"""Phone codes: what a colleague sets by dialling it, confirmed by a prompt of Asterisk's own.

Nobody can set more from a phone than its person's own standing, and the switches of the departments they are a
member of.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import structlog

from router.calls.call import Call
from router.calls.pick_up import pick_up
from router.calls.prompt import hear
from router.calls.state import State
from router.dialplan.dialling import read_forward
from router.model.decision import CallerIdDecision
from router.model.department import Department, DialPlan, Feature
from router.model.ending import Ending, Party
from router.model.hours import Position, Switch
from router.model.people import ForwardWhen, Standing
from router.model.plan import RejectCause
from router.rules import endings
from router.rules.standing import forwarded, may_forward_to

log = structlog.get_logger()

# Of Asterisk's core sounds, which every installation has.
_ERROR = ("beeperr", "pbx-invalid")
_NOT_HERE = ("beeperr", "feature-not-avail-line")
_CONFIRMED = {
    Feature.PAUSE: ("do-not-disturb", "activated"),
    Feature.RESUME: ("do-not-disturb", "de-activated"),
    Feature.LOG_IN: ("agent-loginok",),
    Feature.LOG_OUT: ("agent-loggedoff",),
    Feature.OPEN: ("beep", "enabled"),
    Feature.CLOSE: ("beep", "disabled"),
    Feature.FOLLOW: ("beep", "cancelled"),
}
_FORWARDED = ("call-fwd-unconditional", "activated")
_FORWARDED_NO_MORE = ("call-fwd-unconditional", "de-activated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the phone hears, and the record says. sounds: Asterisk's, in order."""

    sounds: tuple[str, ...]
    what: str
    is_done: bool = True


async def use(call: Call, decision: CallerIdDecision) -> Ending:
    """Carries out the code a phone dialled, confirms it or says that it cannot be, and hangs up."""
    if decision.feature is Feature.PICK_UP:
        return await pick_up(call, decision.argument)
    phone = Phone(
        plan=call.plan, state=call.exchange.state, person=call.record.person or "", at=call.exchange.now()
    )
    assert decision.feature is not None
    reply = phone.dials(decision.feature, decision.argument)
    call.note(reply.what)
    if not reply.is_done:
        log.info("code refused", because=reply.what)
    ending = endings.answered(Party.US) if reply.is_done else endings.rejected(RejectCause.REJECTED)
    await call.until_left(_tell(call, reply, ending))
    return ending  # also of one who did not wait for the confirmation


async def _tell(call: Call, reply: Reply, ending: Ending) -> Ending:
    await call.caller.lease(call.exchange.limits.prompt_s)
    await call.caller.answer()
    await hear(call, ",".join(f"sound:{sound}" for sound in reply.sounds))
    return ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """person: whose phone it is, "" for nobody's."""

    plan: DialPlan
    state: State
    person: str
    at: datetime

    def dials(self, feature: Feature, argument: str) -> Reply:
        if self.person not in self.plan.people:
            return _refused("this phone is nobody's: no person in the dial plan has it", _NOT_HERE)
        match feature:
            case Feature.PAUSE | Feature.RESUME:
                return self._pause(feature, argument)
            case Feature.LOG_IN | Feature.LOG_OUT:
                return self._log(feature, argument)
            case Feature.FORWARD:
                return self._forward(argument)
            case Feature.OPEN | Feature.CLOSE | Feature.FOLLOW:
                return self._switch(feature, argument)
            case Feature.RECORD | Feature.PICK_UP:
                return _refused("this code is pressed during a talk", _NOT_HERE)
            case _:
                assert_never(feature)

    @property
    def _by(self) -> str:
        return f"{self.person} by phone"

    def _stand(self, change: Callable[[Standing], Standing], what: str) -> None:
        before = self.state.situation.standing(self.person)
        self.state.stand(self.person, change(before), by=self._by, what=what)

    # ---- a person's own standing

    def _pause(self, feature: Feature, argument: str) -> Reply:
        if argument:
            return _refused(f"nothing follows the code for {feature.value}, but {argument} did")
        is_paused = feature is Feature.PAUSE
        what = f"{self.person} {'paused' if is_paused else 'takes calls again'}"
        self._stand(lambda before: replace(before, is_paused=is_paused, reason=""), what)
        return Reply(sounds=_CONFIRMED[feature], what=what)

    def _log(self, feature: Feature, argument: str) -> Reply:
        departments = self._departments(argument)
        if not departments:
            return self._no_department(argument)
        keys = frozenset(department.key for department in departments)
        verb = "logged into" if feature is Feature.LOG_IN else "logged out of"
        what = f"{self.person} {verb} {', '.join(sorted(keys))}"

        def change(before: Standing) -> Standing:
            left = before.logged_out - keys if feature is Feature.LOG_IN else before.logged_out | keys
            return replace(before, logged_out=left)

        self._stand(change, what)
        return Reply(sounds=_CONFIRMED[feature], what=what)

    def _forward(self, argument: str) -> Reply:
        if not argument:
            return self._forward_no_more()
        to = read_forward(argument, self.plan, self.person)
        if not may_forward_to(self.person, to, self.plan, self.at):
            return _refused(f"{self.person} cannot forward calls to {to}")
        what = f"{self.person} forwards all calls to {to}"
        self._stand(lambda before: forwarded(before, self.plan.people[self.person], ForwardWhen.ALWAYS, to), what)
        return Reply(sounds=_FORWARDED, what=what)

    def _forward_no_more(self) -> Reply:
        what = f"{self.person} forwards calls no longer"
        self._stand(lambda before: forwarded(before, self.plan.people[self.person], ForwardWhen.ALWAYS, None), what)
        return Reply(sounds=_FORWARDED_NO_MORE, what=what)

    # ---- the switch of a department

    def _switch(self, feature: Feature, argument: str) -> Reply:
        departments = self._departments(argument)
        if len(departments) != 1:
            return self._no_department(argument)
        department = departments[0]
        if feature is Feature.CLOSE and not department.closed:
            return _refused(f"{department.key} has no steps for when it is closed")
        switch = None
        if feature is not Feature.FOLLOW:
            position = Position.OPEN if feature is Feature.OPEN else Position.CLOSED
            switch = Switch(position=position, set_at=self.at, set_by=self._by)
        self.state.switch(f"department:{department.key}", switch, by=self._by)
        position_words = switch.position.value if switch else "as its schedule says"
        return Reply(sounds=_CONFIRMED[feature], what=f"{department.key} is {position_words}")

    def _departments(self, extension: str) -> list[Department]:
        """Those of the person: the one with this extension, all without one."""
        wanted = self.plan.department_of.get(extension)
        return [
            department
            for key, department in self.plan.departments.items()
            if self.person in department.members and (not extension or key == wanted)
        ]

    def _no_department(self, extension: str) -> Reply:
        if not extension:
            return _refused(f"{self.person} is a member of none or several: the extension must follow the code")
        if extension in self.plan.department_of:
            return _refused(f"{self.person} is no member of {self.plan.department_of[extension]}", _NOT_HERE)
        return _refused(f"no department has the extension {extension}")


def _refused(what: str, sounds: tuple[str, ...] = _ERROR) -> Reply:
    return Reply(sounds=sounds, what=what, is_done=False)
