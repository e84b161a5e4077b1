"""Keys pressed one after another: when what the caller dials is whole."""

from collections.abc import Collection

KEYS = frozenset("0123456789*#")


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
