"""Opening hours as a calendar (RFC 5545), an event for each time that a schedule is open."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from router.dialplan.prove.findings import Window, schedules_in_use
from router.rules.timeline import Stretch

_LINE = 73  # bytes before the fold; RFC 5545 3.1 allows 75


def opening_hours(window: Window, made_at: datetime) -> str:
    """The text of the calendar. made_at: aware, of every event's stamp."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//callrouter//opening hours//EN"]
    lines.append(f"X-WR-CALNAME:{_text(f'{window.plan.company}: opening hours')}")
    for key in schedules_in_use(window.plan):
        names = [each.name for each in window.plan.departments.values() if each.hours == key]
        what = f"{', '.join(names)} open" if names else f"{key} open"
        for stretch in window.of_schedule(key):
            if stretch.is_open:
                lines += _event(key, what, stretch, made_at)
    return "".join(f"{folded}\r\n" for line in (*lines, "END:VCALENDAR") for folded in _folded(line))


def _event(key: str, what: str, stretch: Stretch, made_at: datetime) -> Iterator[str]:
    uid = hashlib.sha256(f"{key} {stretch.begins_at.isoformat()}".encode()).hexdigest()[:24]
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}@callrouter"
    yield f"DTSTAMP:{_moment(made_at)}"
    yield f"DTSTART:{_moment(stretch.begins_at)}"
    yield f"DTEND:{_moment(stretch.ends_at)}"
    yield f"SUMMARY:{_text(what)}"
    yield f"CATEGORIES:{_text(key)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """RFC 5545 3.3.11"""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def _folded(line: str) -> Iterator[str]:
    """RFC 5545 3.1: a long line goes on in the next, behind a space; never within a character."""
    held, size = "", 0
    for character in line:
        size += len(character.encode())
        if size > _LINE:
            yield held
            held, size = " ", 1 + len(character.encode())
        held += character
    yield held
