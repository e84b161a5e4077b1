"""Rules by what they ask for, so that a call meets only those that it could fit.

The index leaves rules out and keeps their order; whether one that is left fits is asked of the rule itself. So it
need not be exact: keys of all sorts stand together, and two of one name bring a rule more.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from router.model.number import TYPE_WORDS, NumberPattern, PatternKind, PhoneNumber

Rule = TypeVar("Rule")
Keys = Sequence[str]

_KEYED = frozenset(
    {PatternKind.EXACT, PatternKind.PREFIX, PatternKind.RANGE, PatternKind.COUNTRY, PatternKind.TYPE}
)


class RuleIndex(Generic[Rule]):
    """Each rule stands under the keys of one of its conditions: the one that the fewest rules share."""

    def __init__(self, rules: Sequence[Rule], conditions: Callable[[Rule], Iterable[Keys]]) -> None:
        """conditions: for each a call that fits has one of its keys, see `keys`; () where it may have none."""
        asked = [[each for each in conditions(rule) if each] for rule in rules]
        shared: dict[str, int] = {}
        for key in (key for each in asked for keys in each for key in keys):
            shared[key] = shared.get(key, 0) + 1
        self._rules = rules
        self._of_key: dict[str, list[int]] = {}
        self._of_any: list[int] = []
        for at, each in enumerate(asked):
            if not each:
                self._of_any.append(at)
                continue
            for key in min(each, key=lambda keys: sum(shared[key] for key in keys)):
                self._of_key.setdefault(key, []).append(at)
        self._always = tuple(rules[at] for at in self._of_any)
        self._lengths = sorted({len(key) for key in self._of_key if not key[:1].isalpha()})

    def candidates(
        self, numbers: Iterable[PhoneNumber | None], names: Iterable[str | None] = ()
    ) -> tuple[Rule, ...]:
        """All rules that a call with these numbers and names could fit, in their order.

        names: of people, departments, trunks.
        """
        found: list[int] = []
        for number in numbers:
            if number is not None:
                found += self._of_number(number)
        for name in names:
            found += self._of_key.get(name or "", ())
        if not found:
            return self._always
        return tuple(self._rules[at] for at in sorted({*self._of_any, *found}))

    def _of_number(self, number: PhoneNumber) -> list[int]:
        of_key, value = self._of_key.get, number.value
        found: list[int] = []
        for length in self._lengths:
            found += of_key(value[:length], ())
        found += of_key(number.country or "", ())
        for word in TYPE_WORDS[number.type] if number.type else ():
            found += of_key(word, ())
        return found


def keys(patterns: Sequence[NumberPattern]) -> Keys:
    """What a number that fits one of them begins with, or its country, or its type; () where it may have none."""
    if any(pattern.kind not in _KEYED for pattern in patterns):
        return ()
    return [pattern.beginning for pattern in patterns]  # of a country or type its word
