"""YAML text -> plain values and the place of each, with scalars kept as they were written.

PyYAML's own resolver is YAML 1.1: `10:30` becomes 630, `NO` false, `+44…` an integer, and of two equal keys the
last wins in silence. Here a plain scalar is `true`, `false`, `null`, a decimal without leading zero, or else text.
The values are built from the parser's events rather than its node tree, because depth and number can then be
limited before memory and stack are spent: whatever is in a file, reading it ends soon and with a fault at worst.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from router.dialplan.faults import Fault, Mark, Path, brief, dotted

SIZE_LIMIT = 4_000_000  # bytes of one file
DEPTH_LIMIT = 20
VALUES_LIMIT = 100_000  # keys and values of one file

# What the YAML library says -> what it mostly means for who wrote the file.
_HINTS = (
    ("cannot start any token", "a tab? indent with spaces; quote text that begins with @, ` or %"),
    (
        "mapping values are not allowed",
        'is this line or the one before indented wrongly? quote text with ": " in it',
    ),
    ("could not find expected ':'", "in the line before: a key is followed by : and a space"),
    ("did not find expected '-' indicator", "entries of one list begin in the same column, each with a dash"),
    ("did not find expected key", "keys of one entry begin in the same column"),
    ("did not find expected ',' or", "is a bracket, brace or quote before this not closed?"),
    ("scanning an alias", 'quote text that begins with *, such as "*"'),
    ("scanning a quoted scalar", "a quote is not closed"),
)
_INTEGER = re.compile(r"(?:0|[1-9][0-9]{0,14})\Z")


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file, read. value: None when the file is empty or could not be read.

    keys: place of each mapping key; values: place of each value; both by path.
    """

    file: str
    value: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class _Unreadable(Exception):
    """The file cannot be read any further; the fault is noted."""


def read(content: bytes, file: str) -> Reading:
    """Reads one file. Never raises because of `content`."""
    reading = Reading(file=file)
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        if len(content) > SIZE_LIMIT:
            what = f"the file has {len(content):,} bytes, a dial plan may have {SIZE_LIMIT:,}: split it"
            _note(reading, b"", what)
        else:
            reading.value = _Builder(content.decode("utf-8"), reading).document()
    except _Unreadable:
        pass
    except UnicodeDecodeError as wrong:
        _note(reading, content[: wrong.start], "is not UTF-8; save the file in that encoding")
    except yaml.reader.ReaderError as wrong:
        what = f"character {wrong.character:#04x} is not allowed in YAML"
        _note(reading, content[: wrong.position], what)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(part for part in (wrong.context, wrong.problem) if part) or "is not YAML"
        what += next((f" ({hint})" for said, hint in _HINTS if said in what), "")
        reading.faults.append(Fault(file=file, line=line, column=column, path="", what=what))
    return reading


def _note(reading: Reading, before: bytes, what: str) -> None:
    """Notes a fault at the place that follows the bytes `before`."""
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    reading.faults.append(Fault(file=reading.file, line=line, column=column, path="", what=what))


def scalar(text: str) -> Any:
    """A plain (unquoted) scalar: true, false, null, a decimal without leading zero, or the text itself."""
    match text:
        case "true":
            return True
        case "false":
            return False
        case "null" | "~" | "":
            return None
    return int(text) if _INTEGER.match(text) else text


class _Builder:
    """Builds values from one file's events."""

    def __init__(self, text: str, reading: Reading) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._reading = reading
        self._values = 0

    def document(self) -> Any:
        next(self._events)  # StreamStart
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), ())
        next(self._events)  # DocumentEnd
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._fault(after, (), "a second document begins here; a file holds one")
        return value

    def _value(self, event: Any, path: Path) -> Any:
        self._values += 1
        if self._values > VALUES_LIMIT:
            self._stop(event, path, f"more than {VALUES_LIMIT:,} values in one file: split it")
        if len(path) > DEPTH_LIMIT:
            self._stop(event, (), f"nested more than {DEPTH_LIMIT} deep")
        self._reading.values[path] = self._mark(event, path)
        if isinstance(event, yaml.AliasEvent):
            self._fault(
                event, path, f'aliases are not supported; write it out, or quote it: "*{brief(event.anchor)}"'
            )
            return event.anchor
        if event.anchor is not None:
            self._fault(
                event, path, f'anchors are not supported; quote it if text is meant: "&{brief(event.anchor)} …"'
            )
        if event.tag is not None and event.tag != "!":
            self._fault(
                event, path, f"tags such as {brief(event.tag)} are not supported; quote it if text is meant"
            )
        match event:
            case yaml.MappingStartEvent():
                return self._mapping(path)
            case yaml.SequenceStartEvent():
                return self._sequence(path)
            case _:
                return scalar(event.value) if event.implicit[0] else event.value

    def _mapping(self, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            here = (*path, key)
            if key in mapping:
                first = self._reading.keys[here]
                self._fault(event, here, f"is written twice, first in line {first.line}; keep one")
                self._value(next(self._events), (*path, f"{key} (second)"))  # read for its faults, not kept
                continue
            self._reading.keys[here] = self._mark(event, here)
            mapping[key] = self._value(next(self._events), here)
        return mapping

    def _key(self, event: Any, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, path, "a key must be a plain word; is a brace before this not closed?")
        return str(event.value)

    def _sequence(self, path: Path) -> list[Any]:
        sequence: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            sequence.append(self._value(event, (*path, len(sequence))))
        return sequence

    def _mark(self, event: Any, path: Path) -> Mark:
        start = event.start_mark
        return Mark(file=self._reading.file, line=start.line + 1, column=start.column + 1, path=path)

    def _fault(self, event: Any, path: Path, what: str) -> None:
        mark = self._mark(event, path)
        fault = Fault(file=mark.file, line=mark.line, column=mark.column, path=dotted(path), what=what)
        self._reading.faults.append(fault)

    def _stop(self, event: Any, path: Path, what: str) -> None:
        self._fault(event, path, what)
        raise _Unreadable
