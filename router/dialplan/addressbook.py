"""The files of an address book: CSV and vCard -> rows, each with its line, and what is wrong with the others.

Read here rather than by a library: those we know stop at the first fault or do not say where it stands.
"""

import binascii
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from router.dialplan.faults import Suggest, brief

COLUMNS = ("number", "name", "owner", "ringtone")
MOST_ROWS = 20_000
MOST_CELL = 200  # characters

_BREAK = re.compile(r"\r\n|\r|\n")
_VCARD_TEXT = re.compile(r"\\(.)")
_BETWEEN_PARTS = re.compile(r"(?<!\\);")  # of a value of several parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number, as written. line: from 1."""

    line: int
    number: str
    name: str = ""
    owner: str = ""
    ringtone: str = ""


@dataclass(slots=True, kw_only=True)
class Rows:
    """faults: line and what is wrong there."""

    rows: list[Row] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: Row) -> bool:
        """False when there are as many as possible."""
        if len(self.rows) >= MOST_ROWS:
            self.faults.append((row.line, f"more than {MOST_ROWS:,} numbers in one list: split it"))
            return False
        self.rows.append(row)
        return True


# ---- CSV


def read_csv(text: str) -> Rows:
    """A header that names the columns, in any order, then a number a row; separated by commas or semicolons."""
    found = Rows()
    head = _BREAK.split(text, maxsplit=1)[0]
    separator = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        columns = _columns(next(reader, []), found)
        if columns is None:
            return found
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells) and not _row(cells, columns, line, found):
                break
            line = reader.line_num + 1
    except csv.Error as wrong:
        found.faults.append((line, f"cannot be read from here on: {wrong}; is a quote not closed?"))
    return found


def _columns(header: Sequence[str], found: Rows) -> list[str] | None:
    names = [name.strip().casefold() for name in header]
    suggest = Suggest()
    for name in names:
        if name not in COLUMNS:
            what = f'"{brief(name)}" is no column; {suggest(name, COLUMNS)}'
            found.faults.append((1, what if name else "a column has no name; the first row names each of them"))
        elif names.count(name) > 1:
            found.faults.append((1, f'two columns are called "{name}"; keep one'))
            break
    if "number" not in names:
        found.faults.append((1, f'the column "number" is missing; the first row names them: {", ".join(COLUMNS)}'))
    return None if found.faults else names


def _row(cells: Sequence[str], columns: Sequence[str], line: int, found: Rows) -> bool:
    if len(cells) > len(columns):
        found.faults.append(
            (line, f"has {len(cells)} values for {len(columns)} columns; quote what has commas in it")
        )
        return True
    values = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
    long = next((name for name, value in values.items() if len(value) > MOST_CELL), None)
    if long is not None:
        found.faults.append((line, f"{long}: has {len(values[long])} characters; {MOST_CELL} are possible"))
        return True
    get = values.get
    return found.add(
        Row(
            line=line,
            number=get("number", ""),
            name=get("name", ""),
            owner=get("owner", ""),
            ringtone=get("ringtone", ""),
        )
    )


# ---- vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350)


@dataclass(slots=True, kw_only=True)
class _Card:
    begins: int
    names: dict[str, str] = field(default_factory=dict)  # by property
    numbers: list[tuple[int, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return next((self.names[each] for each in ("FN", "N", "ORG") if self.names.get(each)), "")


def read_vcards(text: str) -> Rows:
    """A row for each number of each card. The name is FN, else N, else ORG; everything else is passed over."""
    found = Rows()
    card: _Card | None = None
    for line, raw in _unfolded(text):
        name, parameters, value = _property(raw)
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            if card is not None:
                found.faults.append((card.begins, "the card has no END:VCARD"))
            card = _Card(begins=line)
        elif card is None:
            if raw.strip():
                found.faults.append((line, "expected BEGIN:VCARD"))
                return found
        elif name == "END":
            for at, number in card.numbers:
                if not found.add(Row(line=at, number=number, name=card.name[:MOST_CELL])):
                    return found
            card = None
        else:
            _take(card, name, _decoded(value, parameters), line)
    if card is not None:
        found.faults.append((card.begins, "the card has no END:VCARD"))
    return found


def _take(card: _Card, name: str, value: str, line: int) -> None:
    match name:
        case "TEL":
            card.numbers.append((line, _number(value)))
        case "FN":
            card.names.setdefault(name, _plain(value))
        case "N":
            family, given, *_ = [*_parts(value), "", ""]
            card.names.setdefault(name, f"{given} {family}".strip())
        case "ORG":
            card.names.setdefault(name, _parts(value)[0])


def _number(value: str) -> str:
    """The number of a TEL: text, or a `tel:` URI. One with an extension stays whole, and is no public number."""
    scheme, _, rest = value.strip().partition(":")
    number = rest if scheme.casefold() == "tel" else value.strip()
    alone, _, more = number.partition(";")
    return (number if "ext=" in more.casefold() else alone)[:MOST_CELL]


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of the line each begins in."""
    begins, parts, is_soft = 1, [""], False
    for number, line in enumerate(_BREAK.split(text), 1):
        if is_soft:
            parts.append(line)
        elif number > 1 and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        else:
            if number > 1:
                yield begins, "".join(parts)
            begins, parts = number, [line]
        # A soft line break of quoted-printable, which 2.1 does not fold.
        is_soft = line.endswith("=") and "QUOTED-PRINTABLE" in parts[0].partition(":")[0].upper()
        if is_soft:
            parts[-1] = parts[-1][:-1]
    yield begins, "".join(parts)


def _property(line: str) -> tuple[str, str, str]:
    """Name without its group, parameters, value."""
    quoted, end = False, -1
    for at, character in enumerate(line[:2_000]):
        quoted ^= character == '"'
        if character == ":" and not quoted:
            end = at
            break
    if end < 0:
        return "", "", ""
    name, _, parameters = line[:end].partition(";")
    return name.rpartition(".")[2].strip().upper(), parameters.upper(), line[end + 1 :]


def _decoded(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    _, found, rest = parameters.partition("CHARSET=")
    charset = rest.partition(";")[0].strip('" ') if found else "utf-8"
    content = binascii.a2b_qp(value.encode("utf-8"))
    try:
        return content.decode(charset, "replace")
    except LookupError:  # of a charset nobody knows
        return content.decode("utf-8", "replace")


def _parts(value: str) -> list[str]:
    return [_plain(part) for part in _BETWEEN_PARTS.split(value)]


def _plain(value: str) -> str:
    r"""Without the escapes of a text: \, \; \\ and \n."""
    return _VCARD_TEXT.sub(lambda found: " " if found[1] in "nN" else found[1], value).strip()
