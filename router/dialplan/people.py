"""People as they are written, and where their own calls go when they cannot take them."""

from typing import Self

from pydantic import Field, model_validator

from router.dialplan import values
from router.dialplan.leaves import Many
from router.dialplan.limits import Limits
from router.dialplan.parts import Part
from router.model.number import PhoneNumber
from router.model.people import ForwardWhen


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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.forward is not None and self.mobile is None and None in self.forward.cases.values():
            raise ValueError("forwards to a mobile that is not written; add mobile: to the person")
        return self
