"""Menus as they are written: a prompt, and what each key leads to."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from router.dialplan import values
from router.dialplan.leaves import Many
from router.dialplan.parts import Part
from router.dialplan.steps import Steps


def _shape(value: Any) -> str:
    return "<name>" if isinstance(value, str | int) else "<steps>"


# The tags stand in angle brackets so that a fault's path can leave them out.
Lead = Annotated[
    Annotated[values.LeadName, Tag("<name>")] | Annotated[Steps, Tag("<steps>")], Discriminator(_shape)
]
Otherwise = Annotated[
    Annotated[values.OtherwiseName, Tag("<name>")] | Annotated[Steps, Tag("<steps>")], Discriminator(_shape)
]


class Menu(Part):
    """A menu. A key leads to a department, a person, a menu, or to steps of its own.

    otherwise: for who presses nothing. A person is not enough there: nobody may be at the phone.
    """

    numbers: Many[values.Number] = Field(default_factory=list)
    extension: values.Extension | None = None
    prompt: values.Sound
    keys: Annotated[dict[values.Key, Lead], Field(min_length=1)]
    otherwise: Otherwise
    wait: values.KeyTime = 5.0
    tries: values.Tries = 3
    invalid: values.Sound | None = None
    extensions: bool = False
