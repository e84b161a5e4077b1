"""What a party hears, second by second, so that a test can say: never in silence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.fake.channel import Channel

SILENCE = "silence"
RINGING = "ringing"
MUSIC = "music"
BEEP = "beep"
RECORDING = "recording"  # quiet on purpose: the caller speaks
DIALPLAN = "dialplan"  # back in Asterisk's own hands


@dataclass(frozen=True, slots=True)
class Span:
    """what: a constant above, "prompt:acme/welcome", or the other party: "alice". Times are the loop's."""

    what: str
    from_s: float
    to_s: float

    @property
    def lasted_s(self) -> float:
        return self.to_s - self.from_s


class Heard:
    """All that one party heard until now, in order, without spans of no length. now: seconds of the loop."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._clock = now
        self._spans: list[Span] = []
        self._now: tuple[str, float] | None = None

    def change(self, what: str | None) -> None:
        """From now on it is `what`; None: the call is over."""
        if self._now and self._now[0] == what:
            return
        self._spans = [*self]
        self._now = (what, self._clock()) if what is not None else None

    def __iter__(self) -> Iterator[Span]:
        yield from self._spans
        if self._now and self._clock() > self._now[1]:
            yield Span(*self._now, self._clock())

    def __repr__(self) -> str:
        return ", ".join(f"{span.what} {span.lasted_s:g}s" for span in self)

    @property
    def in_order(self) -> list[str]:
        """The names alone; the same twice in a row is once."""
        found: list[str] = []
        for span in self:
            if not found or found[-1] != span.what:
                found.append(span.what)
        return found

    def seconds(self, what: str) -> float:
        return sum(span.lasted_s for span in self if span.what == what)

    @property
    def silent_s(self) -> float:
        return self.seconds(SILENCE)

    @property
    def longest_silence_s(self) -> float:
        return max((span.lasted_s for span in self if span.what == SILENCE), default=0.0)


def hears(channel: "Channel") -> str:
    """What reaches the far end of a channel at this moment."""
    if not channel.in_stasis:
        return DIALPLAN if channel.location else SILENCE
    if channel.recording and channel.recording.state == "recording":
        return BEEP if channel.recording.is_beeping else RECORDING
    if channel.playback:
        return channel.playback.sounds_like
    if channel.has_music:
        return MUSIC
    if channel.bridge and (channel.has_progress or channel.state == "Up"):
        sounds = [*channel.bridge.sounds_for(channel)]
        if sounds:
            return " + ".join(sounds)
    return RINGING if channel.is_ringing else SILENCE
