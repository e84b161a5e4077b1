"""The dial plan of the show: the shipped one, with hours that suit the moment and a phone that gives up sooner.

The show must work at any hour of any day, on the real clock. Values are replaced at the places the YAML parser
gives for them, so the copy stays the shipped file in everything else; one that is no longer there stops the show.
"""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

ZONE = "Europe/London"
RINGS_S = 2
_ALL_DAY = '{open: {Mon-Sun: "00:00-24:00"}}'
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class PlanChanged(Exception):
    """The shipped plan no longer has what the show changes in it."""


def copy_for_show(shipped: Path, copy: Path, at: datetime) -> str:
    """Copies the plan's folder: Sales and Support are open at `at`, Accounts is closed. Says what it changed.

    at: aware. Raises PlanChanged.
    """
    local = at.astimezone(ZoneInfo(ZONE))
    # Three days away: whatever the clock does during the show, Accounts does not open.
    later = _DAYS[(local + timedelta(days=3)).weekday()]
    changes = {
        "timezone": ZONE,
        "schedules.office": _ALL_DAY,
        "schedules.helpdesk": _ALL_DAY,
        "schedules.accounts": f'{{open: {{{later}: "10:00-12:00"}}}}',
        "departments.sales.hours": "office",
        "departments.support.hours": "helpdesk",
        "departments.accounts.hours": "accounts",
        "departments.support.open.0.each": f"{RINGS_S}s",
        "tests": "[]",  # they speak of the shipped hours
    }
    shutil.copytree(shipped, copy)
    file = copy / f"{shipped.name}.yaml"
    file.write_text(with_values(file.read_text(), changes))
    return (
        f"It is {_DAYS[local.weekday()]} {local:%H:%M} in London. For the show a copy of {file.name} has"
        f" Sales and Support open all day, Accounts open on {later} only, and Support's phones ring"
        f" {RINGS_S} s each."
    )


def with_values(text: str, changes: Mapping[str, str]) -> str:
    """The YAML text with other values at those paths. Raises PlanChanged for a path it does not have."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    places = [(*_place(root, path), value) for path, value in changes.items()]
    for start, end, value in sorted(places, reverse=True):
        # A block ends where the next key begins; what stands between is not the value's.
        end = start + len(text[start:end].rstrip())
        text = text[:start] + value + text[end:]
    return text


def _place(root: yaml.Node | None, path: str) -> tuple[int, int]:
    node = root
    for part in path.split("."):
        inside: dict[str, yaml.Node] = {}
        match node:
            case yaml.MappingNode():
                inside = {key.value: value for key, value in node.value}
            case yaml.SequenceNode():
                inside = {str(number): value for number, value in enumerate(node.value)}
        if part not in inside:
            raise PlanChanged(
                f'the dial plan has no "{path}" to change for the show: where "{part}" was looked for there is'
                f" {', '.join(inside) or 'nothing'}. Adapt tests/demo/plan.py to the plan."
            )
        node = inside[part]
    assert node is not None
    return node.start_mark.index, node.end_mark.index
