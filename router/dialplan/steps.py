"""The steps of a department, a rule, a menu or a day as they are written: each ends the call or falls through."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo

from router.dialplan import values
from router.dialplan.faults import brief
from router.dialplan.parts import Part, context_of, got
from router.dialplan.ring_steps import QueueStep, RingStep


class PlayStep(Part):
    """Plays a prompt."""

    play: values.Sound
    answer: bool = True


class MenuStep(Part):
    """The caller chooses by key; the menu says what follows."""

    menu: values.MenuName


class RejectStep(Part):
    """Refuses the call, after a prompt that costs the caller nothing when there is one."""

    reject: values.Cause
    play: values.Sound | None = None


class DeadEndStep(Part):
    """Music until the caller gives up."""

    dead_end: values.DeadEndTime = Field(alias="dead-end")


class HopStep(Part):
    """Goes on in another department."""

    department: values.DepartmentName
    priority: values.Priority = 0
    ringtone: values.Ringtone | None = None


STEPS = {
    "play": "{play: welcome}",
    "ring": "{ring: members}",
    "queue": "{queue: members}",
    "menu": "{menu: main}",
    "voicemail": "voicemail",
    "reject": "{reject: busy}",
    "dead-end": "{dead-end: 2m}",
    "department": "{department: support}",
}


def _begins(step: Any, info: ValidationInfo) -> Any:
    """Refuses what is no step at all, before its keys are looked at."""
    if step == "voicemail":
        return step
    if isinstance(step, str):
        if step in STEPS:
            raise ValueError(f'"{step}" needs a value; write {STEPS[step]}')
        raise ValueError(f'"{brief(step)}" is no step; {context_of(info).suggest(step, STEPS)}')
    if not isinstance(step, dict):
        raise ValueError(f"expected a step, got {got(step)}; known: {', '.join(STEPS)}")
    heads = _heads(step)
    if heads == ["voicemail"]:
        raise ValueError('"voicemail" stands alone; its settings are the department\'s voicemail:')
    if len(heads) > 1:
        raise ValueError(f"{' and '.join(heads)} in one step; begin each step with a dash of its own")
    if not heads:
        first = next(iter(step), "")
        raise ValueError(f'"{brief(first)}" is no step; {context_of(info).suggest(first, STEPS)}')
    return step


def _heads(step: dict[str, Any]) -> list[str]:
    """The keys that say which step it is; a refusal may play a prompt."""
    heads = [key for key in step if key in STEPS]
    return ["reject"] if sorted(heads) == ["play", "reject"] else heads


def _head(step: Any) -> str:
    return "<voicemail>" if step == "voicemail" else f"<{_heads(step)[0]}>"


# The tags stand in angle brackets so that a fault's path can leave them out.
Step = Annotated[
    Annotated[PlayStep, Tag("<play>")]
    | Annotated[RingStep, Tag("<ring>")]
    | Annotated[QueueStep, Tag("<queue>")]
    | Annotated[MenuStep, Tag("<menu>")]
    | Annotated[Literal["voicemail"], Tag("<voicemail>")]
    | Annotated[RejectStep, Tag("<reject>")]
    | Annotated[DeadEndStep, Tag("<dead-end>")]
    | Annotated[HopStep, Tag("<department>")],
    Discriminator(_head),
    BeforeValidator(_begins),
]
Steps = Annotated[list[Step], Field(min_length=1)]


def ends(step: Step) -> bool:
    """Whether nothing after the step is ever done: the call is over, or goes on elsewhere."""
    return step == "voicemail" or isinstance(step, RejectStep | DeadEndStep | HopStep | MenuStep)
