"""Keys pressed one after another: when what the caller dials is whole."""

from collections.abc import Collection

KEYS = frozenset("0123456789*#")
TOGETHER_S = 3.0  # no longer between two keys of a code pressed during a talk


def is_whole(pressed: str, keys: Collection[str], extensions: Collection[str]) -> bool:
    """Whether nothing the caller could add would mean anything else.

    pressed: at least one of KEYS. keys: single ones that mean something. extensions: that may be dialled, () for
    none. What cannot become any of them is waited for to the length of the longest, so that the rest of it is not
    taken for the caller's next choice.
    """
    if not extensions or pressed[-1] in "*#":
        return True
    if pressed in keys or pressed in extensions:
        return not any(each != pressed and each.startswith(pressed) for each in extensions)
    return len(pressed) >= max(map(len, extensions))


def meant(pressed: str) -> str:
    """What was dialled, without the # that ends it."""
    return pressed[:-1] if len(pressed) > 1 and pressed.endswith("#") else pressed


class Sequence:
    """Codes pressed during a talk: noticed at their last key, when no pause between two keys was too long."""

    def __init__(self, codes: Collection[str]) -> None:
        self._codes = tuple(codes)
        self._longest = max(map(len, codes), default=0)
        self._pressed = self._by = ""
        self._at_s = float("-inf")

    def ends(self, key: str, by: str, at_s: float) -> bool:
        """Whether this key ends a code. by: whose key it is; at_s: seconds of any clock."""
        if by != self._by or at_s - self._at_s > TOGETHER_S:
            self._pressed = ""
        self._by, self._at_s = by, at_s
        self._pressed = (self._pressed + key)[-self._longest :] if self._longest else ""
        if not any(self._pressed.endswith(code) for code in self._codes):
            return False
        self._pressed = ""
        return True
