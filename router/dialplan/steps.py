"""The steps of a department or an inbound rule as they are written: each ends the call or falls through."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator

from router.dialplan import values
from router.dialplan.faults import brief
from router.dialplan.parts import Part, context_of, got
from router.dialplan.values import Many
from router.model.plan import Music, Order


class PlayStep(Part):
    """Plays a prompt."""

    play: values.Sound
    answer: bool = True


class RingStep(Part):
    """Rings people."""

    later: ClassVar[frozenset[str]] = frozenset({"confirm", "ringtone", "priority"})

    ring: Many[values.RingName]
    order: values.RingOrder = Order.TOGETHER
    each: values.RingTime | None = None
    for_: values.RingTime | None = Field(default=None, alias="for")
    music: values.Heard = Music.RINGING

    @model_validator(mode="after")
    def _each_in_turn(self) -> Self:
        if self.each is not None and self.order is not Order.IN_TURN:
            raise ValueError('"each" is the time of one phone after another; it goes with order: in-turn')
        if self.each is not None and self.for_ is not None and self.each > self.for_:
            raise ValueError('"each" is longer than "for", the time of the whole step')
        return self


class RejectStep(Part):
    """Refuses the call."""

    reject: values.Cause


class HopStep(Part):
    """Goes on in another department."""

    later: ClassVar[frozenset[str]] = frozenset({"priority", "ringtone"})

    department: values.DepartmentName


STEPS = {
    "play": "{play: welcome}",
    "ring": "{ring: members}",
    "voicemail": "voicemail",
    "reject": "{reject: busy}",
    "department": "{department: support}",
}
_LATER_STEPS = frozenset({"menu", "queue", "transfer", "text", "mobile"})


def _begins(step: Any, info: ValidationInfo) -> Any:
    """Refuses what is no step at all, before its keys are looked at."""
    if step == "voicemail":
        return step
    if isinstance(step, str):
        if step in STEPS:
            raise ValueError(f'"{step}" needs a value; write {STEPS[step]}')
        if step in _LATER_STEPS:
            raise ValueError(f'"{step}" is not yet supported')
        raise ValueError(f'"{brief(step)}" is no step; {context_of(info).suggest(step, STEPS)}')
    if not isinstance(step, dict):
        raise ValueError(f"expected a step, got {got(step)}; known: {', '.join(STEPS)}")
    heads = [key for key in step if key in STEPS]
    if heads == ["voicemail"]:
        raise ValueError('"voicemail" stands alone; its settings are the department\'s voicemail:')
    if len(heads) > 1:
        raise ValueError(f"{' and '.join(heads)} in one step; begin each step with a dash of its own")
    if not heads:
        later = next((key for key in step if key in _LATER_STEPS), None)
        if later:
            raise ValueError(f'"{later}" is not yet supported')
        first = next(iter(step), "")
        raise ValueError(f'"{brief(first)}" is no step; {context_of(info).suggest(first, STEPS)}')
    return step


def _head(step: Any) -> str:
    return "<voicemail>" if step == "voicemail" else next(f"<{key}>" for key in step if key in STEPS)


# The tags stand in angle brackets so that a fault's path can leave them out.
Step = Annotated[
    Annotated[PlayStep, Tag("<play>")]
    | Annotated[RingStep, Tag("<ring>")]
    | Annotated[Literal["voicemail"], Tag("<voicemail>")]
    | Annotated[RejectStep, Tag("<reject>")]
    | Annotated[HopStep, Tag("<department>")],
    Discriminator(_head),
    BeforeValidator(_begins),
]
Steps = Annotated[list[Step], Field(min_length=1)]


def ends(step: Step) -> bool:
    """Whether nothing after the step is ever done."""
    return step == "voicemail" or isinstance(step, RejectStep | HopStep)
