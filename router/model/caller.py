"""Who is calling: number, name and whether they may be shown (Q.951 calling line identification)."""

from dataclasses import dataclass
from enum import Enum

from router.model.number import PhoneNumber


class Presentation(Enum):
    """Whether the number may be shown (ITU-T Q.951.3; RFC 3325 Privacy: id)."""

    ALLOWED = "allowed"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerId:
    """An identity as sent or received. number: None when there is none or it is withheld."""

    number: PhoneNumber | None
    name: str = ""
    presentation: Presentation = Presentation.ALLOWED

    @property
    def shown(self) -> str:
        """What a person may read: the number, or why there is none."""
        if self.presentation is Presentation.WITHHELD:
            return "withheld"
        return str(self.number) if self.number else "unknown"


_ENDS_A_NAME = frozenset('"\\<>,;')


def display_name(text: str, most: int = 60) -> str:
    """A name that cannot end its quotes, begin another header or become a second address.

    The one filter through which a name goes to a telephone or a carrier.
    """
    line = "".join(char for char in text[: 4 * most] if char.isprintable() and char not in _ENDS_A_NAME)
    return " ".join(line.split())[:most].rstrip()
