"""`contacts:` of a plan -> the lists that rules may name, and who a number belongs to.

A list is written out in the YAML, or a file beside it. Such a file is part of the plan: it lies below the plan's
folder, counts in its digest, and one faulty row refuses the plan like any other fault.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from router.dialplan import scalars
from router.dialplan.addressbook import Row, Rows, read_csv, read_vcards
from router.dialplan.beside import content_beside
from router.dialplan.faults import Fault, Suggest, brief
from router.dialplan.numbers import clean_name, is_country
from router.dialplan.parts import got
from router.dialplan.patterns import RESERVED, pattern
from router.dialplan.source import Source
from router.model.contact import Contact, ContactList
from router.model.number import NumberKind, NumberList, NumberPattern, PatternKind, PhoneNumber

SUFFIXES = (".csv", ".vcf")
FILE_LIMIT = 4_000_000  # bytes
ENTRIES_LIMIT = 1_000  # of a list written out
OTHERS_LIMIT = 1_000  # prefixes and ranges of one list: every call may walk through them
FAULTS_TOLD = 50  # of one file

_FILE = re.compile(r"[^\s*]+\.[A-Za-z]{3,4}\Z")  # something's name, if not a list's

_NUMBERS = (PatternKind.EXACT, PatternKind.PREFIX, PatternKind.RANGE, PatternKind.COUNTRY, PatternKind.TYPE)


@dataclass(slots=True, kw_only=True)
class Lists:
    """lists: by name; one with faults is there too, with what is good of it, so that rules may name it."""

    lists: dict[str, ContactList] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    @property
    def numbers(self) -> Mapping[str, NumberList]:
        return {name: found.listed for name, found in self.lists.items()}

    @property
    def contact_of(self) -> Mapping[str, Contact]:
        """By E.164. A number of several lists is who the first of them says it is."""
        return {value: each for found in reversed(self.lists.values()) for value, each in found.contacts.items()}


def read_lists(source: Source, folder: Path) -> Lists:
    """Reads every list of the plan. Files come to `source`. folder: the plan's. Never raises."""
    lists = Lists()
    written = source.value.get("contacts")
    if written is None:
        return lists
    if not isinstance(written, dict) or not written:
        lists.faults.append(source.fault(("contacts",), f"expected names of lists, got {got(written)}"))
        return lists
    for name, entry in written.items():
        reading = _Reading(source=source, folder=folder, into=lists, name=name)
        try:
            _list_name(name)
        except ValueError as wrong:
            reading.fault(str(wrong), at_key=True)
        reading.entry(entry)
        lists.lists[name] = reading.made()
    return lists


def _list_name(name: str) -> None:
    scalars.name(name)
    if name in RESERVED:
        raise ValueError(f'"{name}" means something else among callers; call the list differently')
    if name.isdigit():
        raise ValueError(f'"{name}" could be an extension; a list\'s name has a letter in it')


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One list while it is read. places: where each pattern was written first."""

    source: Source
    folder: Path
    into: Lists
    name: str
    numbers: set[str] = field(default_factory=set)
    others: list[NumberPattern] = field(default_factory=list)
    contacts: dict[str, Contact] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def made(self) -> ContactList:
        return ContactList(
            key=self.name,
            listed=NumberList(numbers=frozenset(self.numbers), others=tuple(self.others)),
            contacts=self.contacts,
            where=self.source.where(("contacts", self.name)),
        )

    def fault(self, what: str, *more: int, at_key: bool = False) -> None:
        self.into.faults.append(self.source.fault(("contacts", self.name, *more), what, at_key=at_key))

    def entry(self, entry: Any) -> None:
        if isinstance(entry, str) and entry.casefold().endswith(SUFFIXES):
            self._file(entry)
            return
        entries = entry if isinstance(entry, list) else [entry]
        if isinstance(entry, str) and _FILE.match(entry):
            self.fault(f'"{brief(entry)}" is no list; a file of contacts ends in {" or ".join(SUFFIXES)}')
            return
        if not entries or isinstance(entry, dict):
            self.fault(f"expected numbers, or a file ending in {' or '.join(SUFFIXES)}; got {got(entry)}")
        elif len(entries) > ENTRIES_LIMIT:
            self.fault(f"has {len(entries)} numbers; {ENTRIES_LIMIT} are possible here, more in a file")
        else:
            self._written_out(entries)

    def _written_out(self, entries: list[Any]) -> None:
        for index, text in enumerate(entries):
            place = ("contacts", self.name, index)
            try:
                if isinstance(text, bool) or not isinstance(text, str | int):
                    raise ValueError(f"expected a number, got {got(text)}")
                twice = self._listed(self._pattern(str(text)), str(self.source.mark(place)))
            except ValueError as wrong:
                self.fault(str(wrong), index)
            else:
                if twice:
                    self.into.warnings.append(self.source.fault(place, twice))

    # ---- a file

    def _file(self, name: str) -> None:
        try:
            content = content_beside(self.folder, name, f"contacts/{self.name}.csv", FILE_LIMIT)
        except ValueError as wrong:
            self.fault(str(wrong))
            return
        self.source.attach(str(PurePosixPath(name)), content)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            line = content.count(b"\n", 0, wrong.start) + 1
            self.into.faults.append(_at(name, line, "is not UTF-8; save the file in that encoding"))
            return
        rows = read_csv(text) if name.casefold().endswith(".csv") else read_vcards(text)
        for row in rows.rows:
            self._row(name, row, rows)
        if not rows.rows and not rows.faults:
            rows.faults.append((1, "has no numbers in it"))
        self._tell(name, rows)

    def _row(self, file: str, row: Row, rows: Rows) -> None:
        wrong: list[str] = []
        try:
            found = self._pattern(row.number)
            if found.kind not in (PatternKind.EXACT, PatternKind.ANY) and (row.owner or row.ringtone):
                wrong.append(f"{row.number} stands for many numbers; only a single one has an owner or a ringtone")
        except ValueError as error:
            wrong.append(f"number: {error}" if row.number else "has no number")
        owner = self._owner(row.owner, wrong)
        if row.ringtone:
            try:
                scalars.ringtone(row.ringtone)
            except ValueError as error:
                wrong.append(f"ringtone: {error}")
        if wrong:
            rows.faults += [(row.line, what) for what in wrong]
            return
        try:
            twice = self._listed(found, f"line {row.line}")
        except ValueError as error:
            rows.faults.append((row.line, str(error)))
            return
        if twice:
            self.into.warnings.append(_at(file, row.line, twice))
        elif found.kind is PatternKind.EXACT:
            self._contact(found, row, owner)

    def _contact(self, found: NumberPattern, row: Row, owner: str | None) -> None:
        name = clean_name(row.name)
        if name or owner or row.ringtone:
            number = PhoneNumber(kind=NumberKind.E164, value=found.value, raw=row.number)
            self.contacts[found.value] = Contact(number=number, name=name, owner=owner, ringtone=row.ringtone)

    def _owner(self, name: str, wrong: list[str]) -> str | None:
        people = self.source.value.get("people")
        known = people if isinstance(people, dict) else {}
        if name and name not in known and not self.source.is_partial:
            wrong.append(f'owner: "{brief(name)}" is no person; {Suggest()(name, known)}')
        return name or None

    def _tell(self, file: str, rows: Rows) -> None:
        faults = sorted(rows.faults, key=lambda fault: fault[0])
        self.into.faults += [_at(file, line, what) for line, what in faults[:FAULTS_TOLD]]
        if len(faults) > FAULTS_TOLD:
            more = f"and {len(faults) - FAULTS_TOLD} more faults below"
            self.into.faults.append(_at(file, faults[FAULTS_TOLD][0], more))

    # ---- both

    def _pattern(self, text: str) -> NumberPattern:
        country = self.source.value.get("country")
        if not isinstance(country, str) or not is_country(country):
            return NumberPattern(kind=PatternKind.ANY, text=text)  # the plan has that fault: numbers are not judged
        found = pattern(text, country, ())
        if found.kind not in _NUMBERS:
            raise ValueError(f'"{brief(text)}" is no number; a list holds numbers, prefixes, ranges, countries')
        return found

    def _listed(self, found: NumberPattern, place: str) -> str | None:
        """Takes it into the list; what is wrong when it is there already. Raises ValueError when full."""
        if found.kind is PatternKind.ANY:
            return None
        first = self.places.setdefault(f"{found.value}-{found.last}", place)
        if first != place:
            return f"{found} is listed twice, first in {first}; this one is not used"
        if found.kind is PatternKind.EXACT:
            self.numbers.add(found.value)
        elif len(self.others) < OTHERS_LIMIT:
            self.others.append(found)
        else:
            raise ValueError(f"more than {OTHERS_LIMIT:,} prefixes and ranges in one list: split it")
        return None


def _at(file: str, line: int, what: str) -> Fault:
    return Fault(file=file, line=line, column=1, path="", what=what)
