"""What may not be called, and how much may be, as it is written."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from router.dialplan import scalars, values
from router.dialplan.leaves import Many, Text, whole, within
from router.dialplan.numbers import emergency_numbers
from router.dialplan.parts import UNKNOWN_COUNTRY, Context, Part
from router.model.number import NumberPattern, PatternKind


def _denied(text: str, context: Context) -> NumberPattern:
    if context.country != UNKNOWN_COUNTRY and text in emergency_numbers(context.country):
        raise ValueError(f"{text} is an emergency number; nobody can be denied it")
    return values.called(text, context)


Denied = Annotated[NumberPattern, Text(_denied, digits=True)]
Calls = Annotated[int, whole(1, 1000)]
Minutes = Annotated[int, whole(0, 1440 * 100)]  # a day's, of many at once
Money = Annotated[
    scalars.Amount, Text(lambda text, _: scalars.money(text), digits=True, examples=["50", "12.50", "50 GBP"])
]


class Unusual(Part):
    """How many calls go while schedules are closed. to: which are meant; without it foreign and premium ones."""

    outside: Many[values.ScheduleName]
    calls: Calls
    to: Many[Denied] = Field(default_factory=list)


class Limits(Part):
    """How much may be called."""

    concurrent: Calls | None = None
    per_minute: Calls | None = None
    longest: Annotated[float, within(60, 86_400)] | None = None
    foreign_minutes_a_day: Minutes | None = None
    premium_minutes_a_day: Minutes | None = None
    spend_a_day: Money | None = None
    unusual: Unusual | None = None
    play: values.Sound | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.model_fields_set - {"play"}:
            raise ValueError("limits nothing; write concurrent, per_minute, longest, minutes or money a day")
        return self


class UsualLimits(Limits):
    """How much each person may call, and all together as the company."""

    company: Limits | None = None


class DenyRule(Part):
    """What may not be called, or not without a PIN; the first that matches refuses the call."""

    name: values.Line | None = None
    to: Many[Denied] = Field(default_factory=list)
    departments: Many[values.DepartmentName] = Field(default_factory=list)
    people: Many[values.PersonName] = Field(default_factory=list)
    except_departments: Many[values.DepartmentName] = Field(default_factory=list)
    except_people: Many[values.PersonName] = Field(default_factory=list)
    during: Many[values.ScheduleName] = Field(default_factory=list)
    outside: Many[values.ScheduleName] = Field(default_factory=list)
    pin: bool = False
    play: values.Sound | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for only, but, key in (
            (self.departments, self.except_departments, "departments"),
            (self.people, self.except_people, "people"),
            (self.during, self.outside, "schedules"),
        ):
            both = next((name for name in only if name in but), None)
            if both is not None:
                raise ValueError(f'never fits: "{both}" is both among its {key} and excepted from them')
        return self

    @property
    def is_unconditional(self) -> bool:
        named = (self.departments, self.people, self.except_departments, self.except_people)
        return not any((self.to, *named, self.during, self.outside, self.pin))

    @property
    def is_internal(self) -> bool:
        """Names extensions only, which nobody can be denied."""
        exact = [pattern for pattern in self.to if pattern.kind is PatternKind.EXACT]
        return bool(self.to) and len(exact) == len(self.to) and all(not p.value.startswith("+") for p in exact)
