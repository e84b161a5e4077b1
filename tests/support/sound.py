"""What a leg heard, as numbers a test can ask: is it silence, which tone is in it."""

import array
import io
import math
import wave
from dataclasses import dataclass

RATE = 8000


@dataclass(frozen=True, slots=True)
class Sound:
    """8 kHz, 16 bit, mono."""

    samples: "array.array[int]"

    @classmethod
    def from_wav(cls, data: bytes) -> "Sound":
        with wave.open(io.BytesIO(data)) as reader:
            assert (reader.getframerate(), reader.getsampwidth(), reader.getnchannels()) == (RATE, 2, 1)
            return cls(array.array("h", reader.readframes(reader.getnframes())))

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE

    @property
    def loudness(self) -> float:
        """Root mean square, 0 to 1."""
        if not self.samples:
            return 0.0
        return math.sqrt(sum(value * value for value in self.samples) / len(self.samples)) / 32768

    @property
    def is_silent(self) -> bool:
        return self.loudness < 0.002

    def has_tone(self, hz: float) -> bool:
        """Whether at least a third of the power is at `hz` (Goertzel's algorithm over every tenth of a second).

        By parts, since a frame that is lost or comes late shifts the phase of all that follows, and over the whole
        a tone would cancel itself out.
        """
        if self.is_silent:
            return False
        step = 2 * math.cos(2 * math.pi * hz / RATE)
        size = RATE // 10
        found = 0.0
        for start in range(0, len(self.samples), size):
            part = self.samples[start : start + size]
            before, last = 0.0, 0.0
            for value in part:
                before, last = last, value + step * last - before
            found += 2 * (last * last + before * before - step * before * last) / len(part)
        return found / sum(value * value for value in self.samples) > 1 / 3


def tone_wav(hz: float, seconds: float = 2.0) -> bytes:
    """A tone as a WAV file, for music on hold that can be recognised. Whole periods, so that it loops evenly."""
    count = int(RATE / hz * int(seconds * hz))
    wave_form = array.array("h", (int(8000 * math.sin(2 * math.pi * hz * n / RATE)) for n in range(count)))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, RATE, 0, "NONE", ""))
        writer.writeframes(wave_form.tobytes())
    return file.getvalue()
