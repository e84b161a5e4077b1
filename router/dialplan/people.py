"""People as they are written, and where their own calls go when they cannot take them."""

import re
from typing import Annotated, Self

from pydantic import Field, model_validator

from router.dialplan import values
from router.dialplan.leaves import Many, Short, Text
from router.dialplan.limits import Limits
from router.dialplan.parts import Context, Part
from router.dialplan.pins import is_kept
from router.model.number import PhoneNumber
from router.model.people import ForwardWhen

_FILE = re.compile(r"/[A-Za-z0-9_./-]{1,199}\Z")
_ENV = re.compile(r"[A-Z][A-Z0-9_]{0,63}\Z")


def _kept(text: str, _: Context) -> str:
    if not is_kept(text):  # whatever it is, it may be a PIN: it is not repeated
        raise ValueError("is not what `callrouter pin` makes; a PIN itself is never written here")
    return text


def _file(text: str, _: Context) -> str:
    if not _FILE.match(text) or ".." in text.split("/"):
        raise ValueError("must be the whole path of a file, such as /run/secrets/pin-of-alice")
    return text


def _env(text: str, _: Context) -> str:
    if not _ENV.match(text):
        raise ValueError("must be the name of a variable, such as PIN_OF_ALICE")
    return text


class Forward(Part):
    """Where a person's own calls go, and when: mobile, a number or a colleague's extension."""

    always: values.Forwarded | None = None
    busy: values.Forwarded | None = None
    no_answer: values.Forwarded | None = Field(default=None, alias="no-answer")
    unregistered: values.Forwarded | None = None

    @model_validator(mode="after")
    def _reached(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("forwards nothing; write when: always, busy, no-answer or unregistered")
        if "always" in self.model_fields_set and len(self.model_fields_set) > 1:
            raise ValueError('"always" leaves nothing for the others; keep one')
        return self

    @property
    def cases(self) -> dict[ForwardWhen, PhoneNumber | None]:
        """The cases that are written; None for the person's mobile."""
        every = {
            "always": (ForwardWhen.ALWAYS, self.always),
            "busy": (ForwardWhen.BUSY, self.busy),
            "no_answer": (ForwardWhen.NO_ANSWER, self.no_answer),
            "unregistered": (ForwardWhen.UNREGISTERED, self.unregistered),
        }
        return dict(case for name, case in every.items() if name in self.model_fields_set)


class Pin(Part):
    """A person's PIN, hashed, or where it is."""

    kept: Annotated[str, Text(_kept, digits=True)] = ""
    file: Annotated[str, Text(_file)] = ""
    env: Annotated[str, Text(_env)] = ""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("is in one place: write what `callrouter pin` makes, or file:, or env:")
        return self


class Person(Part):
    """Somebody with a phone."""

    name: values.Line
    phone: values.Phone
    extension: values.Extension | None = None
    numbers: Many[values.Number] = Field(default_factory=list)
    department: values.DepartmentName | None = None
    caller_id: values.Shown | None = None
    mobile: values.Number | None = None
    email: values.Email | None = None
    forward: Forward | None = None
    limits: Limits | None = None
    site: values.SiteName | None = None
    pin: Annotated[Pin, Short("kept")] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.forward is not None and self.mobile is None and None in self.forward.cases.values():
            raise ValueError("forwards to a mobile that is not written; add mobile: to the person")
        return self
