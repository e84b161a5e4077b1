"""What a phone can do by dialling, codes and parking slots, and what a company says itself, as they are written."""

from pydantic import Field

from router.dialplan import values
from router.dialplan.parts import Part
from router.model.department import CallPrefix, Feature


class Codes(Part):
    """The codes that phones may dial, each with what it asks for."""

    pause: values.Code | None = None
    resume: values.Code | None = None
    log_in: values.Code | None = Field(default=None, alias="log-in")
    log_out: values.Code | None = Field(default=None, alias="log-out")
    forward: values.Code | None = None
    open: values.Code | None = None
    close: values.Code | None = None
    follow: values.Code | None = None
    pick_up: values.Code | None = Field(default=None, alias="pick-up")
    record: values.Code | None = None
    withhold: values.Code | None = None
    show_as: values.Code | None = Field(default=None, alias="show-as")

    @property
    def prefixes(self) -> dict[CallPrefix, str]:
        """The codes that are dialled before a number, by what they ask of the call."""
        written = {CallPrefix.WITHHOLD: self.withhold, CallPrefix.SHOW_AS: self.show_as}
        return {prefix: code for prefix, code in written.items() if code is not None}

    @property
    def features(self) -> dict[Feature, str]:
        """The codes that are written, by what they ask for."""
        written = ((feature, getattr(self, feature.value.replace("-", "_"))) for feature in Feature)
        return {feature: code for feature, code in written if code is not None}


class Prompts(Part):
    """Prompts in place of those that Asterisk brings, in the language of its core sounds."""

    incoming: values.Sound | None = None
    incoming_from: values.Sound | None = Field(default=None, alias="incoming-from")
    choose: values.Sound | None = None
    too_late: values.Sound | None = Field(default=None, alias="too-late")
    say_name: values.Sound | None = Field(default=None, alias="say-name")
    will_call_back: values.Sound | None = Field(default=None, alias="will-call-back")
    pin: values.Sound | None = None
    pin_wrong: values.Sound | None = Field(default=None, alias="pin-wrong")


class Parking(Part):
    """Where talks are parked, and for how long."""

    extension: values.Extension
    slots: values.Slots
    for_: values.ParkingTime = Field(default=60.0, alias="for")
