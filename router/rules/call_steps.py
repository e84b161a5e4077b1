"""A department's, rule's or menu's steps for one call: names looked up, what phones show and ring with decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from router.model.call import InboundCall
from router.model.contact import Contact
from router.model.department import Department, DialPlan
from router.model.number import PhoneNumber
from router.model.plan import (
    DeadEnd,
    Menu,
    Play,
    Queue,
    Reject,
    RejectCause,
    Ring,
    Step,
    Target,
    Voicemail,
)
from router.model.steps import DepartmentStep, Member, MenuStep, QueueStep, RingStep, VoicemailStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What rules and hops on the way gave to all that follows."""

    priority: int = 0
    ringtone: str = ""


NOTHING_GIVEN = Given()


@dataclass(slots=True, kw_only=True)  # made for every call: a frozen one takes four times as long
class CallSteps:
    call: InboundCall
    plan: DialPlan

    def made(self, step: DepartmentStep, here: Department | None, given: Given) -> Step:
        """The step for this call. here: the department whose step it is."""
        match step:
            case RingStep():
                return self._ring(step, here, given)
            case QueueStep() if here is not None:
                return self.queue(step, here, given)
            case MenuStep():
                return self._menu(step, here)
            case VoicemailStep() if here is not None and here.mailbox is not None:
                box = here.mailbox
                return Voicemail(department=here.key, greeting=box.greeting, longest_s=box.longest_s)
            case Play() | Reject() | DeadEnd():
                return step
        # Refused at load: a mailbox and a queue need a department around them.
        return Reject(cause=RejectCause.NO_ANSWER)

    def _ring(self, step: RingStep, here: Department | None, given: Given) -> Ring:
        return Ring(
            department=here.key if here else None,
            targets=self._targets(step.members),
            for_s=step.for_s,
            order=step.order,
            each_s=step.each_s,
            music=step.music,
            screen=step.screen,
            ringtone=self._ringtone(step.ringtone, here, given),
            label=self._label(here),
        )

    def queue(self, step: QueueStep, here: Department, given: Given) -> Queue:
        return Queue(
            department=here.key,
            targets=self._targets(step.members),
            order=step.order,
            each_s=step.each_s,
            longest_s=step.longest_s,
            fullest=step.fullest,
            priority=given.priority,
            leave_when_nobody=step.leave_when_nobody,
            announce=step.announce,
            call_back=step.call_back,
            screen=step.screen,
            ringtone=self._ringtone(step.ringtone, here, given),
            label=self._label(here),
        )

    def _menu(self, step: MenuStep, here: Department | None) -> Menu:
        menu = self.plan.menus[step.menu]
        return Menu(
            menu=menu.key,
            department=here.key if here else None,
            prompt=menu.prompt,
            choices=tuple((choice.key, choice.words) for choice in menu.choices),
            wait_s=menu.wait_s,
            tries=menu.tries,
            extensions=menu.extensions,
            invalid=menu.invalid,
        )

    def _ringtone(self, of_step: str, here: Department | None, given: Given) -> str:
        """The caller's own, else what a rule or hop gave, the step's, the department's."""
        contact = self._contact()
        of_department = here.ringtone if here else ""
        return (contact.ringtone if contact else "") or given.ringtone or of_step or of_department

    def _contact(self) -> Contact | None:
        number = self.call.caller.number
        return self.plan.contact_of.get(number.value) if number else None

    def _label(self, here: Department | None) -> str:
        if here is None:
            return ""
        return here.labels.get(self.call.called.value, here.label)

    def _targets(self, members: Sequence[Member]) -> tuple[Target, ...]:
        """Nobody twice, also where the caller's owner is named too; without an owner nobody is."""
        contact = self._contact()
        owner = contact.owner if contact else None
        found: dict[tuple[str | None, PhoneNumber | None], Target] = {}
        for member in members:
            if member.is_owner and owner is None:
                continue
            target = self.target(replace(member, person=owner) if member.is_owner else member)
            found.setdefault((target.person, target.number), target)
        return tuple(found.values())

    def target(self, member: Member) -> Target:
        person = self.plan.people.get(member.person or "")
        is_phone = person is not None and member.number is None
        return Target(
            person=member.person,
            endpoint=person.endpoint if person is not None and is_phone else "",
            name=person.name if person else str(member.number),
            number=member.number,
            after_s=member.after_s,
            for_s=member.for_s,
            weight=member.weight,
            confirm=member.confirm,
        )
