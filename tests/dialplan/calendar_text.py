"""Calendars as text, an event a line or two."""


def calendar(*events: str, head: str = "") -> bytes:
    """Each event is its properties, a line each; a UID is added where there is none."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Acme//EN", *head.split()]
    for number, event in enumerate(events):
        properties = [line.strip() for line in event.strip().splitlines()]
        uid = [] if any(line.startswith("UID") for line in properties) else [f"UID:{number}@acme.example"]
        lines += ["BEGIN:VEVENT", *uid, *properties, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
