"""The files of a company's plan as one: where they are, how they come together, where each value stands.

A company is one file or a folder of files, read in the order of their names. People, trunks, contacts, schedules,
departments and menus may be spread over the files, each name once; tests may stand in any file; every other
top-level key is written once, because the order of its rules is what the reader must see in one piece.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.dialplan.faults import Fault, Mark, dotted
from router.dialplan.faults import Path as Keys
from router.dialplan.parts import got
from router.dialplan.reading import Reading, read

SUFFIXES = (".yaml", ".yml")
FILES_LIMIT = 500

SPREAD = ("trunks", "people", "contacts", "schedules", "departments", "menus")
APPENDED = "tests"


@dataclass(slots=True, kw_only=True)
class Source:
    """All files, merged. value: the plan as plain values. is_partial: a file could not be read or is no mapping."""

    value: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    digest: str = ""
    faults: list[Fault] = field(default_factory=list)
    is_partial: bool = False
    _keys: dict[Keys, Mark] = field(default_factory=dict)
    _values: dict[Keys, Mark] = field(default_factory=dict)
    _first: str = ""

    def mark(self, path: Keys, *, at_key: bool = False) -> Mark:
        """The place of a value, or of its key; of the nearest thing around it when that is not in a file."""
        # In a list's place may stand its only entry: what is below that entry is in the file without the index.
        alone = tuple(
            part for at, part in enumerate(path) if not isinstance(part, int) or path[: at + 1] in self._values
        )
        path = alone if alone in self._keys or alone in self._values else path
        while path:
            places = (self._keys, self._values) if at_key else (self._values, self._keys)
            for place in places:
                if path in place:
                    return place[path]
            # Where the entry itself is meant it is the value, not the key.
            path, at_key = path[:-1], not isinstance(path[-1], int)
        return Mark(file=self._first, line=1, column=1)

    def where(self, path: Keys) -> str:
        """The place in short, as decisions name it: "acme.yaml:45: departments.sales"."""
        return str(self.mark(path, at_key=True))

    def fault(self, path: Keys, what: str, *, at_key: bool = False) -> Fault:
        """A fault at that place. The dotted path is as the file itself sees it."""
        mark = self.mark(path, at_key=at_key)
        return Fault(file=mark.file, line=mark.line, column=mark.column, path=dotted(mark.path), what=what)

    def attach(self, name: str, content: bytes) -> None:
        """Makes another file part of the plan, such as a list of contacts. name: its path below the folder."""
        if name not in self.files:
            self.files[name] = content.decode("utf-8", "replace")
            self.weigh(name, content)

    def weigh(self, name: str, content: bytes) -> None:
        """Has another file count in the digest, without keeping its text."""
        self.digest = hashlib.sha256(f"{self.digest}\0{name}\0".encode() + content).hexdigest()

    def add(self, reading: Reading) -> None:
        """Merges one file into the plan."""
        self._first = self._first or reading.file
        self.faults += reading.faults
        if reading.value is None:
            self.is_partial |= bool(reading.faults)
            return
        if not isinstance(reading.value, dict):
            what = f"expected keys with values such as company: and departments:, got {got(reading.value)}"
            self.faults.append(Fault(file=reading.file, line=1, column=1, path="", what=what))
            self.is_partial = True
            return
        shift = 0
        dropped: set[Keys] = set()
        for key, value in reading.value.items():
            mine = self.value.get(key)
            if key not in self.value:
                self.value[key] = value
            elif key in SPREAD and isinstance(mine, dict) and isinstance(value, dict):
                dropped |= {(key, name) for name in value if name in mine}
                mine.update({name: entry for name, entry in value.items() if name not in mine})
            elif key == APPENDED and isinstance(mine, list) and isinstance(value, list):
                shift = len(mine)
                mine.extend(value)
            else:
                dropped.add((key,))
        for path in sorted(dropped, key=dotted):
            first = self.mark(path, at_key=True)
            again = reading.keys[path]
            what = f"is already defined in {first.file}:{first.line}:{first.column}; keep one"
            place = dotted(path)
            self.faults.append(Fault(file=again.file, line=again.line, column=again.column, path=place, what=what))
        self._keys.update(_moved(reading.keys, dropped, shift))
        self._values.update(_moved(reading.values, dropped, shift))


def _moved(marks: Mapping[Keys, Mark], dropped: set[Keys], shift: int) -> Iterator[tuple[Keys, Mark]]:
    """The places of a file under their paths in the whole plan. What was first under a path stays."""
    for path, mark in marks.items():
        if path[:1] in dropped or path[:2] in dropped or (len(path) < 2 and path[:1] in (("tests",), ()) and shift):
            continue
        if shift and path[0] == APPENDED and isinstance(path[1], int):
            path = (APPENDED, path[1] + shift, *path[2:])
        yield path, mark


def gather(place: Path) -> Source:
    """Reads the plan at `place`, a folder or one file. What cannot be read is a fault, never an exception."""
    source = Source()
    digest = hashlib.sha256()
    try:
        paths = _plan_files(place)
    except OSError as wrong:
        source.faults.append(_unreadable(str(place), f"cannot be read: {wrong.strerror}"))
        source.is_partial = True
        return source
    if not paths:
        what = f"holds no dial plan; expected a file ending in {' or '.join(SUFFIXES)}"
        source.faults.append(_unreadable(str(place), what))
        source.is_partial = True
    if len(paths) > FILES_LIMIT:
        source.faults.append(_unreadable(str(place), f"holds {len(paths)} files; {FILES_LIMIT} are possible"))
        source.is_partial = True
    for path in paths[:FILES_LIMIT]:
        try:
            content = path.read_bytes()
        except OSError as wrong:
            source.faults.append(
                _unreadable(str(place) if path == place else path.name, f"cannot be read: {wrong.strerror}")
            )
            source.is_partial = True
            continue
        digest.update(f"{path.name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
        source.files[path.name] = content.decode("utf-8", "replace")
        source.add(read(content, path.name))
    source.digest = digest.hexdigest()
    return source


def folder(place: Path) -> Path:
    """The folder that the plan's prompts lie below."""
    return place if place.is_dir() else place.parent


def _plan_files(place: Path) -> Sequence[Path]:
    if not place.is_dir():
        return (place,)
    return sorted(
        path
        for path in place.iterdir()
        if path.suffix in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _unreadable(file: str, what: str) -> Fault:
    return Fault(file=file, line=0, column=0, path="", what=what)
