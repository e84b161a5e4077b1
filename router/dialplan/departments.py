"""Departments as they are written: who has which number and what happens to its calls."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from router.dialplan import values
from router.dialplan.leaves import Many, Word
from router.dialplan.limits import Limits
from router.dialplan.parts import Part
from router.dialplan.steps import Steps

LONGEST_MESSAGE_S = 180.0
KEEP_DAYS = 90


class Mailbox(Part):
    """Where a department's voicemail goes."""

    later: ClassVar[frozenset[str]] = frozenset({"text"})

    to: Many[values.Email]
    greeting: values.Sound | None = None
    longest: values.MessageTime = LONGEST_MESSAGE_S


class Recording(Part):
    """Whether talks are recorded: from their beginning, or only when somebody dials the code for it."""

    always: bool
    announce: values.Sound | None = None
    keep: values.KeptDays = KEEP_DAYS


Recorded = Annotated[
    Recording,
    Word("always", {"always": True}, "write always, or {always: false} for talks that are recorded on demand"),
]


class Department(Part):
    """A department."""

    name: values.Line
    numbers: Many[values.Number] = Field(default_factory=list)
    extension: values.Extension | None = None
    caller_id: values.Shown | None = None
    forwarded: values.ForwardedAs | None = None
    members: Many[values.PersonName] = Field(default_factory=list)
    hours: values.ScheduleName | None = None
    open: Steps
    closed: Steps | None = None
    voicemail: Mailbox | None = None
    wrap_up: values.WrapUpTime | None = None
    label: values.Label | None = None
    labels: dict[values.NumberText, values.Label] = Field(default_factory=dict)
    ringtone: values.Ringtone | None = None
    record: Recorded | None = None
    limits: Limits | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.hours is not None and self.closed is None:
            raise ValueError('has hours but no "closed" steps: say what happens outside them')
        if self.hours is None and self.closed is not None:
            raise ValueError('has "closed" steps but no hours, so it is always open: add hours or remove them')
        no_repeats("members", self.members)
        return self


def no_repeats(key: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise ValueError(f'"{twice}" is listed twice in {key}')
