"""The small texts of a dial plan -> values: durations, hours, days, dates, addresses, dial strings, names.

Each function takes the text as it was written and raises ValueError saying what is expected in its place.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from router.dialplan.faults import brief
from router.model.hours import Span

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MIDNIGHT = time(0, 0)

_DURATION = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?(?:(\d{1,6})ms)?\Z", re.ASCII)
_SPAN = re.compile(r"(\d\d):(\d\d)\s*[-–]\s*(\d\d):(\d\d)\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
_PHONE = re.compile(r"PJSIP/[A-Za-z0-9_.-]+\Z")
_DIAL = re.compile(r"PJSIP/\{number\}@[A-Za-z0-9_.-]+\Z")
_RINGTONE = re.compile(r"[A-Za-z0-9_.-]{1,32}\Z")
_CODE = re.compile(r"\*[0-9]{1,4}\Z", re.ASCII)
_KEPT = re.compile(r"([0-9]{1,4})d\Z", re.ASCII)
_MONEY = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,2})?)(?: ([A-Z]{3}))?\Z", re.ASCII)
_SOUND = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\Z")

NAME_RULE = "a name is made of a-z, 0-9, - and _, and begins with a letter or digit"
MOST_NAME = 40


def seconds(text: str, least: float, most: float) -> float:
    """A duration such as 20s, 1m30s or 500ms, in seconds."""
    found = _DURATION.match(text)
    if found is None or not text:
        raise ValueError(f'"{brief(text)}" is no duration; write it with its unit, such as 20s, 3m or 1m30s')
    days, hours, minutes, whole, thousandths = (int(part or 0) for part in found.groups())
    total = days * 86400 + hours * 3600 + minutes * 60 + whole + thousandths / 1000
    if not least <= total <= most:
        raise ValueError(f"{text} is out of range; {spoken(least)} to {spoken(most)} is possible")
    return total


def spoken(length_s: float) -> str:
    """Seconds as they are written in a plan: 90.0 -> 1m30s."""
    if length_s < 1:
        return f"{length_s * 1000:g}ms"
    days, rest = divmod(length_s, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Money as it is written. currency: None for the company's own."""

    value: Decimal
    currency: str | None


def money(text: str) -> Amount:
    """50, 12.50 or 50 GBP."""
    found = _MONEY.match(text)
    if found is None:
        raise ValueError(f'"{brief(text)}" is no money; write it such as 50, 12.50 or 50 GBP')
    return Amount(value=Decimal(found.group(1)), currency=found.group(2))


def kept_days(text: str, most: int) -> int:
    """For how long something is kept, in whole days: 90d."""
    found = _KEPT.match(text)
    if found is None or not 1 <= int(found.group(1)) <= most:
        raise ValueError(f'"{brief(text)}" is no number of days; write it such as 90d, 1d to {most}d is possible')
    return int(found.group(1))


def span(text: str) -> Span:
    """Opening hours such as 09:00-17:30, 22:00-06:00 (past midnight) or 18:00-24:00."""
    found = _SPAN.match(text)
    if found is None:
        raise ValueError(f'"{brief(text)}" is no time span; write it such as "09:00-17:30"')
    opens, closes = _clock(*found.group(1, 2)), _clock(*found.group(3, 4), end=True)
    if opens == closes and found.group(3) != "24":
        raise ValueError(f'"{text}" is empty; the whole day is "00:00-24:00"')
    return Span(opens=opens, closes=closes)


def _clock(hour: str, minute: str, *, end: bool = False) -> time:
    if end and (hour, minute) == ("24", "00"):
        return MIDNIGHT
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError(f'"{hour}:{minute}" is no time of day; 00:00 to 23:59, and 24:00 as an end')
    return time(int(hour), int(minute))


def days(text: str) -> tuple[int, ...]:
    """Days of the week such as Mon-Fri, Sat, "Mon,Wed" or Sat-Mon; Monday is 0."""
    chosen: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in re.split(r"[-–]", part)]
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            known = ", ".join(DAYS)
            raise ValueError(f'"{brief(text)}" is no day; write Mon, Mon-Fri or Mon,Wed; known: {known}')
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        chosen += [(first + offset) % 7 for offset in range((last - first) % 7 + 1)]
    if len(set(chosen)) < len(chosen):
        raise ValueError(f'"{brief(text)}" names a day twice')
    return tuple(chosen)


def day(text: str) -> date:
    """A date such as 2026-12-24."""
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f'"{brief(text)}" is no date; write year-month-day, such as 2026-12-24')


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A date and time such as 2026-11-24 10:00, in the company's zone unless it names an offset."""
    try:
        if _MOMENT.match(text):
            at = datetime.fromisoformat(text)
            return at if at.tzinfo is not None else at.replace(tzinfo=zone)
    except ValueError:
        pass
    raise ValueError(f'"{brief(text)}" is no moment; write date and time, such as 2026-11-24 10:00')


def upcoming(text: str, now: datetime) -> datetime:
    """A moment to come: the next time the clock shows 18:00, or a date and time. now: in the company's zone."""
    assert isinstance(now.tzinfo, ZoneInfo)
    if _CLOCK.match(text):
        shown = time.fromisoformat(text)
        today = datetime.combine(now.date(), shown, now.tzinfo)
        return today if today > now else datetime.combine(now.date() + timedelta(days=1), shown, now.tzinfo)
    try:
        at = moment(text, now.tzinfo)
    except ValueError:
        raise ValueError(
            f'"{brief(text)}" is no moment; write 18:00, or date and time such as 2026-11-24 18:00'
        ) from None
    if at <= now:
        raise ValueError(f'"{brief(text)}" is over already')
    return at


def email(text: str) -> str:
    """An e-mail address, ASCII, with nothing in it that could become a second header or recipient."""
    if len(text) > 254 or not _EMAIL.match(text):
        raise ValueError(f'"{brief(text)}" is no e-mail address; write it such as sales@example.com')
    return text


def name(text: str) -> str:
    """The key of a person, department, trunk or schedule."""
    if len(text) > MOST_NAME or not _NAME.match(text):
        raise ValueError(f'"{brief(text)}" is no name; {NAME_RULE}, at most {MOST_NAME} characters')
    return text


def phone(text: str) -> str:
    """A person's phone: Asterisk's PJSIP/name. Other technologies (Local/ above all) would open a way out."""
    if not _PHONE.match(text):
        raise ValueError(f'"{brief(text)}" is no phone; write PJSIP/ and the endpoint\'s name, such as PJSIP/alice')
    return text


def dial(text: str) -> str:
    """A trunk's dial string: PJSIP/{number}@endpoint."""
    if not _DIAL.match(text):
        wanted = "PJSIP/{number}@ and the endpoint's name, such as PJSIP/{number}@voipco"
        raise ValueError(f'"{brief(text)}" is no dial string; write {wanted}')
    return text


def sound(text: str) -> str:
    """The name of a prompt: its path below sounds/ without the suffix."""
    if not _SOUND.match(text):
        wanted = "its path below sounds/ without the suffix, such as welcome or sales/greeting"
        raise ValueError(f'"{brief(text)}" is no name of a prompt; write {wanted}')
    return text


def ringtone(text: str) -> str:
    """What phones are told to ring with (Alert-Info), with nothing in it that means something to a SIP header."""
    if not _RINGTONE.match(text):
        raise ValueError(f'"{brief(text)}" is no ringtone; write letters, digits and ._- such as vip, 32 at most')
    return text


def code(text: str) -> str:
    """What is dialled on a phone to ask for something: * and one to four digits."""
    if not _CODE.match(text):
        raise ValueError(f'"{brief(text)}" is no code; write * and one to four digits in quotes, such as "*51"')
    return text
