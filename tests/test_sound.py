"""What the tests on a real Asterisk hear by."""

import array
import math

import pytest

from tests.support.sound import RATE, Sound


def sound(*tones_hz: float, frames_lost: int = 0) -> Sound:
    """A second of those tones together. frames_lost: of 20 ms, spread evenly."""
    samples = [
        int(sum(6000 * math.sin(2 * math.pi * hz * n / RATE) for hz in tones_hz))
        for n in range(RATE + frames_lost * 160)
    ]
    for number in range(frames_lost, 0, -1):
        at = number * RATE // (frames_lost + 1)
        del samples[at : at + 160]
    return Sound(array.array("h", samples))


@pytest.mark.parametrize(
    ("heard", "has_440"),
    [
        pytest.param(sound(440), True, id="the tone"),
        pytest.param(sound(440, frames_lost=1), True, id="the tone, one frame lost"),
        pytest.param(sound(440, frames_lost=3), True, id="the tone, three frames lost"),
        pytest.param(sound(440, 550), True, id="the tone and another"),
        pytest.param(sound(), False, id="silence"),
        pytest.param(sound(550), False, id="another tone"),
        pytest.param(sound(425), False, id="a ringing tone nearby"),
        pytest.param(sound(400, 450), False, id="a British ringing tone"),
    ],
)
def test_a_tone_is_known_also_when_frames_are_lost(heard: Sound, has_440: bool) -> None:
    assert heard.has_tone(440) is has_440
