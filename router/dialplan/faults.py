"""What is wrong with a dial plan, where it stands and what to do: a value, so that all of it is told at once."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

SUGGESTIONS = 100  # looked for per plan; a file of ten thousand typos must not cost minutes
NAMES_LISTED = 12

Path = tuple[str | int, ...]  # of keys and indexes into a file, such as ("departments", "sales", "open", 0)


def dotted(path: Path) -> str:
    """The path as people read it: departments.sales.open[0].ring."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{brief(part)}" if text else brief(part)
    return text


def brief(text: object, most: int = 60) -> str:
    """What a file says, fit for one line of a terminal: no control characters, at most `most` characters."""
    line = "".join(char if char.isprintable() else "�" for char in str(text)[: most + 1])
    return line if len(line) <= most else line[:most] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in a file. file: name below the plan's folder; line, column: from 1. path: within that file."""

    file: str
    line: int
    column: int
    path: Path = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {dotted(self.path)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong. line, column: from 1, both 0 when the fault is the file itself. path: dotted."""

    file: str
    line: int
    column: int
    path: str
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.what) if part)


def order(fault: Fault) -> tuple[str, int, int, str, str]:
    """Sorts faults the way a person reads the files."""
    return (fault.file, fault.line, fault.column, fault.path, fault.what)


class Suggest:
    """Names the nearest known name for an unknown one, a limited number of times."""

    def __init__(self, most: int = SUGGESTIONS) -> None:
        self._left = most

    def __call__(self, name: str, known: Iterable[str]) -> str:
        """`did you mean "sales"? known: sales, support`, as much of it as can be said."""
        if self._left <= 0:
            return "too many like it to look up what is known"
        self._left -= 1
        names = sorted(set(known))
        if not names:
            return "none is known"
        listed = ", ".join(map(brief, names[:NAMES_LISTED]))
        if len(names) > NAMES_LISTED:
            listed += f" and {len(names) - NAMES_LISTED} more"
        nearest = difflib.get_close_matches(name[:80], names, n=1)
        if nearest:
            return f'did you mean "{brief(nearest[0])}"? known: {listed}'
        return f"known: {listed}"
