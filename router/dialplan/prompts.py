"""Every prompt that a plan names, and where: each must be there and be playable."""

from collections.abc import Iterator
from pathlib import Path as Folder
from typing import Any

from router.dialplan import scalars, sounds
from router.dialplan.draft import Draft
from router.dialplan.faults import Path, dotted

_PLACES: tuple[Path, ...] = (
    ("departments",),
    ("people",),
    ("menus",),
    ("schedules",),
    ("inbound",),
    ("outbound", "deny"),
    ("limits",),
)
_KEYS = frozenset({"play", "prompt", "invalid", "greeting", "announce"})
_NAMED_BY_THE_PLAN = frozenset({"when", "labels"})  # what stands below has other keys, of departments and numbers


def check(plan: Draft, folder: Folder) -> None:
    """Notes prompts that are missing or cannot be played, at every place that names them. folder: of the plan.

    Looked for in what is written, so that the prompts of an entry with another fault are told with that fault.
    """
    told = {fault.path for fault in plan.faults}
    wanted = [(path, name) for path, name in _named(plan) if dotted(plan.source.mark(path).path) not in told]
    if not wanted:
        return
    found = sounds.find(folder)
    problems = {name: sounds.problem(name, found) for name in sorted({name for _, name in wanted})}
    for path, name in wanted:
        if (what := problems[name]) is not None:
            plan.fault(path, what)


def _named(plan: Draft) -> Iterator[tuple[Path, str]]:
    for place in _PLACES:
        value: Any = plan.source.value
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        yield from _below(place, value)
    own = plan.source.value.get("prompts")
    for key, entry in own.items() if isinstance(own, dict) else ():
        if isinstance(entry, str) and _is_name(entry):
            yield ("prompts", key), entry


def _below(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _below((*path, index), entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key in _KEYS and isinstance(entry, str):
                if _is_name(entry):
                    yield (*path, key), entry
            elif key not in _NAMED_BY_THE_PLAN or len(path) < 2:
                yield from _below((*path, key), entry)


def _is_name(text: str) -> bool:
    """Whether it can be a prompt's name; what cannot is told where it is read."""
    try:
        scalars.sound(text)
    except ValueError:
        return False
    return True
