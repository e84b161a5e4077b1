"""Prompts of the company in place of those that Asterisk brings."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrompts:
    """None: Asterisk's own is played.

    incoming: to whoever picks up and is asked whether they take the call; incoming_from: the name that the caller
    said follows. choose: which keys take and refuse it. too_late: another has taken it. say_name: to the caller,
    before the tone. will_call_back: to a caller who has asked to be called back.
    pin: to who must type theirs, then #; pin_wrong: once more.
    """

    incoming: str | None = None
    incoming_from: str | None = None
    choose: str | None = None
    too_late: str | None = None
    say_name: str | None = None
    will_call_back: str | None = None
    pin: str | None = None
    pin_wrong: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(sound for sound in astuple(self) if sound is not None)


ASTERISKS = OwnPrompts()
