"""A person's PIN: where it is kept, and how often it was guessed at."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One of the three. kept: salted and hashed, as `callrouter pin` makes it; file, env: where it or that is."""

    kept: str = field(default="", repr=False)
    file: str = ""
    env: str = ""


class Asking(Enum):
    """Whether who calls can be asked for a PIN."""

    CANNOT = "cannot"  # nobody is there to type it: a transfer, what is forwarded
    MAY = "may"
    TYPED = "typed"  # it was asked for, and was right


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStanding:
    """wrong: PINs in a row, of all calls. locked_until: nobody is asked before; None when it is not locked."""

    wrong: int = 0
    locked_until: datetime | None = None


NEVER_WRONG = PinStanding()
