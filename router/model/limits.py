"""Who may not call what, how much may be called, and where the phones stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from router.model.number import NumberPattern, PhoneNumber
from router.model.rate import Money, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class DenyRule:
    """The first whose conditions all hold refuses the call; an empty one always holds.

    departments, people: any of them calls; except_*: none of them does. during, outside: schedules that must be
    open, or not. pin: it refuses only those who do not type theirs. prompt: played to who is refused.
    """

    path: str
    name: str
    called: tuple[NumberPattern, ...] = ()
    departments: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    except_departments: tuple[str, ...] = ()
    except_people: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    pin: bool = False
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """Of calls while these schedules are closed, so many go before one opens again.

    called: () for those that are foreign or at premium rate.
    """

    outside: tuple[str, ...]
    calls: int
    called: tuple[NumberPattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be called; None for no limit. The minutes are of one day, in seconds; so is what is spent.

    prompt: played to who is refused, None for none.
    """

    concurrent: int | None = None
    per_minute: int | None = None
    longest_s: float | None = None
    foreign_s: float | None = None
    premium_s: float | None = None
    spend: Money | None = None
    unusual: Unusual | None = None
    prompt: str | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """A call that goes on by a trunk. answered_at: None while it rings. rate: None where nobody says, with the
    currency it is in."""

    began_at: datetime
    answered_at: datetime | None = None
    is_foreign: bool = False
    is_premium: bool = False
    rate: Rate | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What somebody has called. began: of the last calls, oldest first. going_on: by channel.

    day: of which the sums are, None for whatever day is asked about. foreign_s, premium_s, spent (by currency): of
    calls that ended on it. unusual: calls of the night until that moment, None for the night asked about.
    """

    began: tuple[datetime, ...] = ()
    going_on: Mapping[str, Spending] = field(default_factory=dict)
    day: date | None = None
    foreign_s: float = 0.0
    premium_s: float = 0.0
    spent: Mapping[str, Decimal] = field(default_factory=dict)
    unusual: int = 0
    unusual_until: datetime | None = None


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used up at the moment of a decision that looked at a limit, those who talk then counted in.

    concurrent: calls that go on. in_last_minute: that began. unusual: in the night of that moment.
    """

    concurrent: int = 0
    in_last_minute: int = 0
    foreign_s: float = 0.0
    premium_s: float = 0.0
    spent: Mapping[str, Decimal] = field(default_factory=dict)
    unusual: int = 0


NOTHING_USED = Used()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where phones stand. caller_id: shown by their emergency calls. location: for who comes to help.

    test_number: to be called in the self-test, "" for none.
    """

    key: str
    caller_id: PhoneNumber
    location: str
    country: str
    where: str = ""
    test_number: str = ""
