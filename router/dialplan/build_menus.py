"""Menus as written -> the model's: what each key leads to as steps, and in words."""

from collections.abc import Iterable, Sequence

from router.dialplan import menus as written
from router.dialplan.build_steps import RING_FOR_S, steps_of
from router.dialplan.draft import Draft
from router.dialplan.ring_steps import QueueStep, RingStep
from router.dialplan.steps import DeadEndStep, HopStep, MenuStep, PlayStep, RejectStep, Step
from router.model import department as model
from router.model import steps as plan_steps
from router.model.plan import Music, Order
from router.model.steps import DepartmentStep, Member


def menu(draft: Draft, name: str, entry: written.Menu) -> model.MenuDef:
    """draft: without faults."""
    return model.MenuDef(
        key=name,
        prompt=entry.prompt,
        choices=tuple(_choice(draft, key, lead) for key, lead in entry.keys.items()),
        otherwise=_steps(draft, entry.otherwise),
        numbers=tuple(entry.numbers),
        extension=entry.extension,
        wait_s=entry.wait,
        tries=entry.tries,
        extensions=entry.extensions,
        invalid=entry.invalid,
        where=draft.source.where(("menus", name)),
    )


def _choice(draft: Draft, key: str, lead: str | Sequence[Step]) -> model.MenuChoice:
    return model.MenuChoice(key=key, steps=_steps(draft, lead), words=_words(draft, lead))


def _steps(draft: Draft, lead: str | Sequence[Step]) -> tuple[DepartmentStep, ...]:
    if not isinstance(lead, str):
        return steps_of(draft, lead, ())
    if lead in draft.departments:
        return (plan_steps.HopStep(department=lead),)
    if lead in draft.menus:
        return (plan_steps.MenuStep(menu=lead),)
    rings = plan_steps.RingStep(
        members=(Member(person=lead),), for_s=RING_FOR_S, order=Order.TOGETHER, each_s=None, music=Music.RINGING
    )
    return (rings,)


def _words(draft: Draft, lead: str | Sequence[Step]) -> str:
    """What a key leads to, for a reader: a name, or the steps in short."""
    if not isinstance(lead, str):
        return ", then ".join(_step_words(draft, step) for step in lead)
    named = draft.departments.get(lead) or draft.people.get(lead)
    return named.name if named else f"the menu {lead}"


def _step_words(draft: Draft, step: Step) -> str:
    match step:
        case PlayStep():
            return f"plays {step.play}"
        case RingStep():
            return f"rings {_listed(entry.who.text for entry in step.ring)}"
        case QueueStep():
            return f"queues for {_listed(entry.who.text for entry in step.queue)}"
        case MenuStep():
            return f"the menu {step.menu}"
        case RejectStep():
            return f"refuses as {step.reject.value}"
        case DeadEndStep():
            return "music until the caller gives up"
        case HopStep():
            return draft.departments[step.department].name
        case "voicemail":
            return "voicemail"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts)
