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

MOST_STEPS = 2_000  # for one rule
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
        self._steps = 0
        self.needed: set[str] = set()

    def is_taken(self, only: Mapping[str, Values], ways: Sequence[Way]) -> bool:
        """Whether each choice of values fits one of the ways: the first that fits some of them divides the rest."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TooMany
        if not all(only.values()):
            return True
        ways = [way for way in ways if all(self._of(only, name) & values for name, values in way.only.items())]
        for way in ways:
            if self._beyond(only, way) is None:
                self.needed.add(way.path)
                return True
        name = self._beyond(only, ways[0]) if ways else None
        if name is None:
            return False
        here, there = self._of(only, name), ways[0].only[name]
        return all(self.is_taken({**only, name: part}, ways) for part in (here & there, here - there))

    def _of(self, only: Mapping[str, Values], name: str) -> Values:
        return only.get(name) or self._domains.get(name, EITHER)

    def _beyond(self, only: Mapping[str, Values], way: Way) -> str | None:
        """A condition of the way that does not hold for all these values."""
        return next((name for name, values in way.only.items() if not self._of(only, name) <= values), None)
