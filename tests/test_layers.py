"""The map of the house: each part imports what lies below it, never what lies beside or above."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import router

HOUSE = Path(router.__file__).parent
LAYERS = (  # from the ground up
    {"model"},
    {"rules"},
    {"dialplan", "store", "ari"},
    {"calls", "voicemail", "fastagi", "console"},
    {"settings", "notify"},
    {"logs"},
    {"service"},
    {"cli"},
    {"__main__"},
)
FLOOR = {part: floor for floor, parts in enumerate(LAYERS) for part in parts}
PURE = {"model", "rules"}  # nothing that reads, waits or knows the time
PURE_IMPORTS = {
    "bisect",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "re",
    "zoneinfo",
    "typing",
    "collections.abc",
    "functools",
}
STORE_DOOR = {"router.store.contract", "router.store.errors"}  # which database it is, only the top knows
NOT_FOR = {"console": {"ari"}}  # it asks `calls`


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Every import of a file, those for type checking and within functions too: line and module."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(module="router", level=0, names=names):
                yield from ((node.lineno, f"router.{name.name}") for name in names)
            case ast.ImportFrom(module=module, level=level):
                yield node.lineno, module or "" if level == 0 else "a relative import"


def objection(part: str, imported: str) -> str | None:
    """Why `part` may not import `imported`, None when it may."""
    package, _, rest = imported.partition(".")
    if imported == "a relative import":
        return "is not found by name"
    if package != "router":
        return f"{part} is pure" if part in PURE and imported not in PURE_IMPORTS else None
    other = rest.partition(".")[0]
    if not other or other == part:
        return None
    if FLOOR[other] >= FLOOR[part]:
        return f"{other} does not lie below {part}"
    if other in NOT_FOR.get(part, ()):
        return f"{part} may not use {other}"
    if other == "store" and FLOOR[part] == FLOOR["calls"] and not any(imported.startswith(d) for d in STORE_DOOR):
        return f"{part} knows the store by its contract only"
    return None


@pytest.mark.parametrize("file", sorted(HOUSE.rglob("*.py")), ids=lambda file: str(file.relative_to(HOUSE)))
def test_a_part_imports_only_what_lies_below_it(file: Path) -> None:
    part = file.relative_to(HOUSE).parts[0].removesuffix(".py")
    assert part in FLOOR or part == "__init__", f"{part} has no place in LAYERS"
    broken = [
        f"{file.relative_to(HOUSE.parent)}:{line}: imports {imported}: {why}"
        for line, imported in imports(file)
        if part != "__init__" and (why := objection(part, imported))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("part", "imported"),
    [
        ("model", "router.rules.inbound"),
        ("model", "time"),
        ("rules", "structlog"),
        ("ari", "router.store.contract"),
        ("calls", "router.voicemail.outbox"),
        ("calls", "router.store.database"),
        ("console", "router.ari.client"),
        ("settings", "router.service"),
        ("fastagi", "a relative import"),
    ],
)
def test_the_map_objects_to_what_it_should(part: str, imported: str) -> None:
    assert objection(part, imported)
