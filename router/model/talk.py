"""The recording of a talk."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from router.model.call import CallId

_NAME = re.compile(r"callrouter-talk\.([a-z0-9][a-z0-9_-]*)\.(\d{1,12})\.([0-9A-Za-z]{1,64})\.(\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkName:
    """The name of a talk's recording, in Asterisk and in our own store. Nothing in it comes from a caller.

    Its text is `callrouter-talk.DEPARTMENT.EPOCH.CALL.NUMBER`. department: key, whose settings say how long it is
    kept. epoch: seconds since 1970, start of the recording. number: of the recordings of this call, from 1.
    """

    department: str
    epoch: int
    call: CallId
    number: int

    def __str__(self) -> str:
        return f"callrouter-talk.{self.department}.{self.epoch}.{self.call}.{self.number}"

    @property
    def recorded_at(self) -> datetime:
        return datetime.fromtimestamp(self.epoch, UTC)

    @classmethod
    def parse(cls, text: str) -> "TalkName | None":
        """None for what is no recording of a talk."""
        found = _NAME.fullmatch(text)
        if found is None:
            return None
        department, epoch, call, number = found.groups()
        return cls(department=department, epoch=int(epoch), call=CallId(call), number=int(number))
