"""Whether the rules before another take every call that fits it: one of them alone, or several together.

A rule is the ways in which it fits. What they ask of people, departments, trunks and hours is looked through
exactly, each schedule as if it could stand either way at any time; a number pattern must lie within one of an
earlier rule's. So what is found is certain; not found are ten prefixes that make up another, or schedules of which
one is always open.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from router.dialplan.patterns import covers
from router.model.number import NumberPattern

MOST_LOOKED_AT = 20_000  # ways, for one rule
_MOST_PATTERNS = 200  # of one rule that are looked at one by one

Values = frozenset[object]
EITHER: Values = frozenset({True, False})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One in which the rule at `path` fits. called, callers: () for every one.

    only: of a condition the values that fit, where not all do.
    """

    path: str
    called: tuple[NumberPattern, ...] = ()
    callers: tuple[NumberPattern, ...] = ()
    only: Mapping[str, Values] = field(default_factory=dict)


class TooMany(Exception):
    """Conditions that stand across each other in more ways than are looked through."""


def takers(ways: Iterable[Way], earlier: Sequence[Way], domains: Mapping[str, Values]) -> tuple[str, ...] | None:
    """The rules that take every call of these ways, one where one does; None when some call may come past them.

    () for a rule that no call fits. domains: all values of a condition, where they are others than True and False.
    Raises TooMany.
    """
    parts = [part for way in ways for part in _parts(way)]
    found = _together(parts, earlier, domains)
    if found is not None and len(found) > 1:
        for path in dict.fromkeys(each.path for each in earlier):
            if _together(parts, [each for each in earlier if each.path == path], domains) is not None:
                return (path,)
    return found


def _together(
    parts: Sequence[Way], earlier: Sequence[Way], domains: Mapping[str, Values]
) -> tuple[str, ...] | None:
    search = _Search(domains)
    for part in parts:
        able = [e for e in earlier if _covers(e.called, part.called) and _covers(e.callers, part.callers)]
        if not search.is_taken(part.only, able):
            return None
    return tuple(dict.fromkeys(each.path for each in earlier if each.path in search.needed))


def _parts(way: Way) -> Iterator[Way]:
    """By pattern: each may lie within another rule's."""
    if len(way.called) * len(way.callers) > _MOST_PATTERNS:
        yield way
        return
    for called in _each(way.called):
        for callers in _each(way.callers):
            yield replace(way, called=called, callers=callers)


def _each(patterns: tuple[NumberPattern, ...]) -> Sequence[tuple[NumberPattern, ...]]:
    return [(pattern,) for pattern in patterns] or [()]


def _covers(ours: Sequence[NumberPattern], theirs: Sequence[NumberPattern]) -> bool:
    return not ours or ours == theirs or covers(ours, theirs)


class _Search:
    """needed: the paths of the rules that take something."""

    def __init__(self, domains: Mapping[str, Values]) -> None:
        self._domains = domains
        self._looked_at = 0
        self.needed: set[str] = set()

    def is_taken(self, only: Mapping[str, Values], ways: Sequence[Way]) -> bool:
        """Whether all these values, however they come together, fit some of the ways."""
        self._looked_at += len(ways)
        if self._looked_at > MOST_LOOKED_AT:
            raise TooMany
        if not all(only.values()):
            return True  # no call fits it
        for way in ways:
            if self._asked(only, way) is None:
                self.needed.add(way.path)
                return True
        name = self._asked(only, ways[0]) if ways else None
        return name is not None and all(
            self.is_taken({**only, name: values}, able) for values, able in self._split(only, ways, name)
        )

    def _of(self, only: Mapping[str, Values], name: str) -> Values:
        return only.get(name) or self._domains.get(name, EITHER)

    def _asked(self, only: Mapping[str, Values], way: Way) -> str | None:
        """A condition of the way that does not hold for all these values."""
        return next((name for name, values in way.only.items() if not self._of(only, name) <= values), None)

    def _split(
        self, only: Mapping[str, Values], ways: Sequence[Way], name: str
    ) -> Iterator[tuple[Values, Sequence[Way]]]:
        """The values of a condition with the ways they fit, those together that fit the same.

        What is true of those that no way names is true of all: the others fit the same ways, and more.
        """
        values = self._of(only, name)
        rest = values.difference(*(way.only[name] for way in ways if name in way.only))
        if rest:
            yield rest, [way for way in ways if name not in way.only]
            return
        alike: dict[tuple[int, ...], set[object]] = {}
        for value in values:
            fitting = tuple(at for at, way in enumerate(ways) if name not in way.only or value in way.only[name])
            alike.setdefault(fitting, set()).add(value)
        for fitting, some in alike.items():
            yield frozenset(some), [ways[at] for at in fitting]
