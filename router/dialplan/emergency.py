"""Emergency calls and the places they come from, as they are written."""

from typing import Annotated

from pydantic import Field

from router.dialplan import values
from router.dialplan.faults import brief
from router.dialplan.leaves import Many, Text
from router.dialplan.parts import Context, Part
from router.dialplan.short_numbers import is_short

MOST_PLACE = 200  # characters


def _place(text: str, _: Context) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"must be one line of 1 to {MOST_PLACE} printable characters, for who comes to help")
    return text.strip()


def _test_number(text: str, _: Context) -> str:
    if not is_short(text):
        raise ValueError(f'"{brief(text)}" is no test number; write two to six digits, such as 933 in the US')
    return text


class Emergency(Part):
    """Numbers that are matched before every rule."""

    numbers: Many[values.ShortNumber] = Field(default_factory=list)
    caller_id: values.Number | None = None
    alert: Many[values.Email] = Field(default_factory=list)


class Site(Part):
    """Where phones stand. country: where it is not the company's. test_number: called by the self-test alone."""

    caller_id: values.Number
    location: Annotated[str, Text(_place, minLength=1, maxLength=MOST_PLACE)]
    country: values.Country | None = None
    test_number: Annotated[str, Text(_test_number, digits=True, examples=["933"])] | None = None
