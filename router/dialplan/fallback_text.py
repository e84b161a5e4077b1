"""What the lines of the fallback dialplan are made of: harmless characters, and the names of its contexts."""

import re
from collections.abc import Iterator

from router.model.department import Person

LAST_CAUSE = 127  # of Q.850
AFTER_EVERYTHING = f"-{'-'.join(map(str, range(LAST_CAUSE + 1)))}-"  # CALLROUTER_NEXT_n of an emergency call

_UNFIT_NAME = re.compile(r"[^\w .'+-]")
_UNFIT_DIAL = re.compile(r"[^A-Za-z0-9/@_.+-]")


def extension(extension: str, *steps: str) -> Iterator[str]:
    for priority, step in enumerate(steps):
        yield f" same => n,{step}" if priority else f"exten => {extension},1,{step}"


def context(department: str) -> str:
    return f"callrouter-plan-department-{department}"


def help_at(site: str) -> str:
    return f"callrouter-plan-help-{site}"


def mailbox_of(person: Person) -> str:
    return f"callrouter-plan-person-{person.key}"


def name(text: str) -> str:
    """A display name without what means something to Asterisk's dialplan or to a SIP header."""
    return _UNFIT_NAME.sub("", text)[:60].strip()


def dial(text: str) -> str:
    return _UNFIT_DIAL.sub("", text)
