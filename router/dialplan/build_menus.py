"""Menus as written -> the model's: what each key leads to as steps, and in words."""

from collections.abc import Mapping, Sequence

from router.dialplan import menus as written
from router.dialplan.build_steps import RING_FOR_S, steps_of
from router.dialplan.draft import Draft
from router.dialplan.steps import Step
from router.model import department as model
from router.model.plan import Music, Order
from router.model.steps import DepartmentStep, HopStep, Member, MenuStep, RingStep
from router.rules.words import in_words


def menu(draft: Draft, name: str, entry: written.Menu) -> model.MenuDef:
    """draft: without faults."""
    names = {key: person.name for key, person in draft.people.items()}
    names |= {key: department.name for key, department in draft.departments.items()}
    return model.MenuDef(
        key=name,
        prompt=entry.prompt,
        choices=tuple(_choice(draft, key, lead, names) for key, lead in entry.keys.items()),
        otherwise=_steps(draft, entry.otherwise),
        numbers=tuple(entry.numbers),
        extension=entry.extension,
        wait_s=entry.wait,
        tries=entry.tries,
        extensions=entry.extensions,
        invalid=entry.invalid,
        where=draft.source.where(("menus", name)),
    )


def _choice(draft: Draft, key: str, lead: str | Sequence[Step], names: Mapping[str, str]) -> model.MenuChoice:
    steps = _steps(draft, lead)
    person = draft.people.get(lead) if isinstance(lead, str) else None
    words = person.name if person else in_words(steps, names)
    return model.MenuChoice(key=key, steps=steps, words=words)


def _steps(draft: Draft, lead: str | Sequence[Step]) -> tuple[DepartmentStep, ...]:
    if not isinstance(lead, str):
        return steps_of(draft, lead, ())
    if lead in draft.departments:
        return (HopStep(department=lead),)
    if lead in draft.menus:
        return (MenuStep(menu=lead),)
    rings = RingStep(
        members=(Member(person=lead),), for_s=RING_FOR_S, order=Order.TOGETHER, each_s=None, music=Music.RINGING
    )
    return (rings,)
