"""Where settings come from: a TOML or YAML file, then variables, which win. No fault stops the rest."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from router.dialplan.faults import Fault, Suggest, brief
from router.dialplan.reading import read as read_yaml
from router.settings import kinds

PREFIX = "CALLROUTER_"
FILE_VARIABLE = f"{PREFIX}SETTINGS"  # names the file; no setting itself

Sections = Mapping[str, Mapping[str, kinds.Key]]
Place = tuple[str | int, ...]  # of keys, from the top of the file


@dataclass(frozen=True, slots=True)
class _Given:
    """A value before it is read. where: "callrouter.toml: ari.url" or the variable's name."""

    value: Any
    where: str
    folder: Path  # relative paths begin here


class Sources:
    """Collects what is given; then gives it section by section, read.

    sections: the keys of each, the top ones in section "". faults: all that was met.
    """

    def __init__(self, sections: Sections) -> None:
        self.faults: list[str] = []
        self._sections = sections
        self._given: dict[tuple[str, str], _Given] = {}
        self._suggest = Suggest()

    def file(self, file: Path) -> bool:
        """Whether it could be read; else nothing is known of what it holds."""
        try:
            content = file.read_bytes()
        except OSError as error:
            self.faults.append(f"{file}: cannot be read: {error.strerror}")
            return False
        tree: Any = None
        places: dict[Place, str] = {}
        if file.suffix == ".toml":
            try:
                tree = tomllib.loads(content.decode())
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                self.faults.append(f"{file}: is not TOML: {error}")
                return False
        elif file.suffix in (".yaml", ".yml"):
            reading = read_yaml(content, str(file))
            self.faults += map(self._harmless, reading.faults)
            places = {path: f":{mark.line}:{mark.column}" for path, mark in reading.keys.items()}
            tree = {} if reading.value is None else reading.value
        else:
            self.faults.append(f"{file}: is neither .toml nor .yaml")
            return False
        if not isinstance(tree, dict):
            self.faults.append(f"{file}: holds no keys")
            return False
        for name, value in tree.items():
            where = f"{file}{places.get((name,), '')}: {brief(name)}"
            if isinstance(value, dict):
                self._section(file, places, name, value)
            elif name and name in self._sections:
                self.faults.append(f"{where}: is a section; its keys stand below it")
            else:
                self._add("", name, _Given(value, where, file.parent))
        return True

    def _harmless(self, fault: Fault) -> str:
        """A fault of the YAML; that of a secret's value, such as one that begins with *, would quote it."""
        section, _, key = fault.path.rpartition(".")
        kind = self._sections.get(section, {}).get(key)
        if kind is not None and kind.secret:
            fault = replace(fault, what="is not plain text; put it in quotes, and write it once")
        return str(fault)

    def _section(self, file: Path, places: Mapping[Place, str], name: str, tree: Mapping[str, Any]) -> None:
        if name not in self._sections or not name:
            known = self._suggest(name, [each for each in self._sections if each])
            self.faults.append(f"{file}{places.get((name,), '')}: {brief(name)}: no such section; {known}")
            return
        for key, value in tree.items():
            where = f"{file}{places.get((name, key), '')}: {name}.{brief(key)}"
            self._add(name, key, _Given(value, where, file.parent))

    def _add(self, section: str, key: str, given: _Given) -> None:
        known = self._known(section)
        if key in known:
            self._given[section, key] = given
        else:
            names = [*known, *(each for each in self._sections if each)] if not section else known
            self.faults.append(f"{given.where}: no such key; {self._suggest(key, names)}")

    def variables(self, environ: Mapping[str, str]) -> None:
        names = {
            variable(section, key): (section, key) for section in self._sections for key in self._known(section)
        }
        for name, value in environ.items():
            if not name.startswith(PREFIX) or name == FILE_VARIABLE or not value:
                continue
            if name not in names:
                self.faults.append(f"{name}: no such variable; {self._suggest(name, names)}")
                continue
            section, key = names[name]
            # A variable wins over the file in whichever of the two ways a secret is given.
            for twin in (key.removesuffix("_file"), f"{key}_file"):
                if (given := self._given.get((section, twin))) and not given.where.startswith(PREFIX):
                    del self._given[section, twin]
            self._given[section, key] = _Given(value, name, Path())

    def section(self, name: str, for_service: bool) -> dict[str, Any]:
        """What is given in a section, read; what is wrong goes to `faults`."""
        values: dict[str, Any] = {}
        for key, kind in self._sections[name].items():
            if kind.secret and kind.needed and not for_service:
                continue  # whoever lists calls need not be allowed to read it
            given = self._secret(name, key) if kind.secret else self._given.get((name, key))
            if given is None:
                if kind.needed and for_service and (name, f"{key}_file") not in self._given:
                    said = f"{kind.needed}; set it in the file or as {variable(name, key)}"
                    self.faults.append(f"{name}.{key}: is missing: {said}")
                continue
            try:
                value = kind.read(given.value)
            except ValueError as expected:
                said = "what is given" if kind.secret else f'"{brief(_without_user(given.value))}"'
                self.faults.append(f"{given.where}: {said} {expected}")
                continue
            values[key] = given.folder / value if isinstance(value, Path) else value
        return values

    def _secret(self, section: str, key: str) -> _Given | None:
        """A secret from its own file, or as it stands."""
        plain, named = self._given.get((section, key)), self._given.get((section, f"{key}_file"))
        if named is None:
            return plain
        if plain is not None:
            self.faults.append(f"{named.where}: is given beside {plain.where}; keep one of them")
            return None
        try:
            file = named.folder / kinds.path(named.value)
            return _Given(file.read_text("utf-8").rstrip("\r\n"), f"{named.where}: {file}", named.folder)
        except OSError as error:
            self.faults.append(f"{named.where}: {file} cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self.faults.append(f"{named.where}: {file} is not text")
        except ValueError as expected:
            self.faults.append(f"{named.where}: {expected}")
        return None

    def _known(self, section: str) -> list[str]:
        keys = self._sections[section]
        return [*keys, *(f"{key}_file" for key, kind in keys.items() if kind.secret)]


def variable(section: str, key: str) -> str:
    return PREFIX + "_".join(part for part in (section, key) if part).upper()


def _without_user(value: Any) -> str:
    """An address may hold a password where none belongs."""
    return re.sub("//.*@", "//…@", str(value))
