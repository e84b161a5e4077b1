"""The leaves of a plan's tests: keys that are pressed, switches, and steps in short."""

import re
from typing import Annotated

from router.dialplan.faults import brief
from router.dialplan.leaves import Text, names, one_of
from router.dialplan.parts import Context, Kind
from router.dialplan.values import CAUSES, NUMBERISH, person, public
from router.model.hours import Position

NOTHING = "nothing"  # in a test's press: no key at all

_PRESSED = re.compile(r"[0-9*#]\Z|[0-9]{2,6}\Z", re.ASCII)


def _pressed(text: str, _: Context) -> str:
    if text == NOTHING:
        return ""
    if not _PRESSED.match(text):
        raise ValueError(f'"{brief(text)}" cannot be pressed; write a key, an extension or "{NOTHING}"')
    return text


def _switched(text: str, context: Context) -> str:
    """The name of a department or schedule -> the key of its switch, such as "department:sales"."""
    kinds = [kind for kind in (Kind.DEPARTMENT, Kind.SCHEDULE) if text in context.names.get(kind, ())]
    if len(kinds) == 1:
        return f"{kinds[0].value}:{text}"
    both = [f"{kind.value}:{text}" for kind in kinds]
    if both:
        raise ValueError(f'"{text}" is a department and a schedule; write {" or ".join(both)}')
    kind, _, name = text.partition(":")
    shared = set(context.names.get(Kind.DEPARTMENT, ())) & set(context.names.get(Kind.SCHEDULE, ()))
    if context.is_partial or (kind in (Kind.DEPARTMENT.value, Kind.SCHEDULE.value) and name in shared):
        return text
    known = names(context, Kind.DEPARTMENT, Kind.SCHEDULE)
    raise ValueError(f'"{brief(text)}" is no department or schedule; {context.suggest(text, known)}')


def _target_text(text: str, context: Context) -> str:
    """Whom a step rings, as a test names them: alice, alice.mobile or +447400123456."""
    people = context.names.get(Kind.PERSON, ())
    if NUMBERISH.match(text) and text not in people:
        return public(text, context).value
    person(text.removesuffix(".mobile"), context)
    return text


def _step_text(text: str, context: Context) -> str:
    """A step in short, as `rules.explain.step_text` writes it."""
    match text.split():
        case ["play"] | ["voicemail"] | ["dead-end"]:
            return text
        case ["ring" | "queue" as what, _, *_] as words:
            return " ".join([what, *(_target_text(word, context) for word in words[1:])])
        case ["menu", menu]:
            menus = context.names.get(Kind.MENU, ())
            if menu not in menus and not context.is_partial:
                raise ValueError(f'"{brief(menu)}" is no menu; {context.suggest(menu, menus)}')
            return f"menu {menu}"
        case ["reject", cause] if cause in CAUSES:
            return f"reject {cause}"
    raise ValueError(f'"{brief(text)}" is no step in short; known: {", ".join(SHORT_STEPS)}')


SHORT_STEPS = (
    "play",
    "ring alice bob.mobile",
    "queue alice bob",
    "menu main",
    "voicemail",
    "reject busy",
    "dead-end",
)

SwitchName = Annotated[str, Text(_switched)]
Pressed = Annotated[str, Text(_pressed, digits=True, examples=["2", "201", NOTHING])]
Put = Annotated[Position, one_of({each.value: each for each in Position})]
TargetText = Annotated[str, Text(_target_text, digits=True, examples=["alice", "alice.mobile", "+447400123456"])]
StepText = Annotated[str, Text(_step_text, examples=list(SHORT_STEPS))]
