"""The tests of a dial plan as they are written: a call, and what shall become of it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from router.dialplan import tested_values, values
from router.dialplan.leaves import Many, OneOrMany
from router.dialplan.parts import Part
from router.model.call import Verification


class TestedCall(Part):
    """The call of a test: from outside (from) or by a person (by)."""

    from_: values.Dialled | None = Field(default=None, alias="from")
    by: values.PersonName | None = None
    to: values.Dialled
    at: values.Moment | None = None
    department: values.DepartmentName | None = None
    withhold: bool = False
    trunk: values.TrunkName | None = None
    verified: values.Verified = Verification.NONE
    name: values.Line | None = None
    press: Many[tested_values.Pressed] = Field(default_factory=list)
    switched: dict[tested_values.SwitchName, tested_values.Put] = Field(default_factory=dict)
    paused: Many[values.PersonName] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_caller(self) -> Self:
        if (self.from_ is None) == (self.by is None):
            raise ValueError('needs either "from", a number outside, or "by", a person')
        if self.from_ is not None and self.at is None:
            raise ValueError('"at" is missing: what an inbound call reaches depends on the time')
        if self.from_ is not None and (self.department is not None or self.withhold):
            raise ValueError('"department" and "withhold" belong to a call by a person')
        if self.by is not None and (self.trunk or self.name or self.verified is not Verification.NONE):
            raise ValueError('"trunk", "name" and "verified" belong to a call from outside')
        return self


class Expectation(Part):
    """What a test expects; what it does not name is not looked at."""

    department: values.DepartmentName | None = None
    open: bool | None = None
    steps: list[tested_values.StepText] | None = None
    caller_id: values.Shown | None = None
    trunks: Many[values.TrunkName] | None = None
    refused: bool | None = None
    pin: bool | None = None
    rings: Annotated[list[tested_values.TargetText], OneOrMany(str, int)] | None = None
    name: values.Line | None = None
    ringtone: values.Ringtone | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("expects nothing, so it cannot fail")
        return self


class RouteTest(Part):
    """A call and what shall become of it."""

    name: values.Line
    call: TestedCall
    expect: Expectation

    @model_validator(mode="after")
    def _possible(self) -> Self:
        expect = self.expect
        if self.call.by is None and (expect.caller_id is not None or expect.trunks is not None):
            raise ValueError("an inbound call shows no caller ID and takes no trunk: a call by a person does")
        if self.call.by is None and expect.pin is not None:
            raise ValueError("an inbound call asks for no PIN: a call by a person may")
        timely = (expect.open, expect.steps, expect.rings)
        if self.call.at is None and any(each is not None for each in timely):
            raise ValueError('"at" is missing: whether a department is open depends on the time')
        return self
