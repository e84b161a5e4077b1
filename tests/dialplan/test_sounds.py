"""Prompts are found, judged, converted and placed."""

import io
import math
import os
import re
import shutil
import struct
import wave
from pathlib import Path

import pytest

from router.dialplan.load import load
from router.dialplan.sounds import convert, place, sounds_of
from tests.dialplan.conftest import HEAD, HERE, SALES, SHIPPED, LoadText, Write, faults, plan_of, write_prompt

RATE_HZ = 8000


def tone(*, pitch_hz: float, rate_hz: int, channels: int = 1, length_s: float = 0.5) -> bytes:
    """A WAV file with a sine of half the full scale in every channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        for at in range(int(rate_hz * length_s)):
            sample = int(16384 * math.sin(2 * math.pi * pitch_hz * at / rate_hz))
            sound.writeframes(struct.pack("<h", sample) * channels)
    return file.getvalue()


def samples(content: bytes) -> tuple[int, ...]:
    """What Asterisk would play, after checking that it is in the form that it plays."""
    with wave.open(io.BytesIO(content)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, RATE_HZ)
        assert sound.getcomptype() == "NONE"
        frames = sound.readframes(sound.getnframes())
    return struct.unpack(f"<{len(frames) // 2}h", frames)


def loudness(content: bytes, pitch_hz: float) -> float:
    """Strength of one pitch, 0.5 for the tones made above."""
    played = samples(content)[400:-400]
    turn = 2 * math.pi * pitch_hz / RATE_HZ
    real = sum(sample * math.cos(turn * at) for at, sample in enumerate(played))
    imaginary = sum(sample * math.sin(turn * at) for at, sample in enumerate(played))
    return 2 * math.hypot(real, imaginary) / len(played) / 32768


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (16000, 1), (44100, 2), (48000, 2), (22050, 1)])
def test_a_prompt_of_any_rate_keeps_its_pitch_length_and_loudness(rate_hz: int, channels: int) -> None:
    converted = convert(tone(pitch_hz=1000, rate_hz=rate_hz, channels=channels))

    assert loudness(converted, 1000) == pytest.approx(0.5, rel=0.1)
    assert len(samples(converted)) == pytest.approx(RATE_HZ / 2, abs=20)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac"])
def test_common_formats_are_converted(suffix: str) -> None:
    converted = convert((HERE / "audio" / f"tone.{suffix}").read_bytes())

    assert loudness(converted, 1000) > 0.2
    assert len(samples(converted)) > RATE_HZ / 4


def test_what_a_telephone_cannot_carry_is_not_folded_into_what_it_can() -> None:
    converted = convert(tone(pitch_hz=7000, rate_hz=48000))

    assert loudness(converted, 1000) < 0.05


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A plan's folder with the prompts welcome and sales/greeting."""
    place = tmp_path / "plan"
    (place / "sounds" / "sales").mkdir(parents=True)
    (place / "sounds" / "welcome.WAV").write_bytes(tone(pitch_hz=500, rate_hz=16000))
    (place / "sounds" / "sales" / "greeting.flac").write_bytes((HERE / "audio" / "tone.flac").read_bytes())
    return place


def test_prompts_are_placed_under_their_names(prompts: Path, tmp_path: Path) -> None:
    into = tmp_path / "asterisk"

    assert place(prompts, ["welcome", "sales/greeting"], into) == ()

    placed = sorted(path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file())
    assert placed == ["sales/greeting.wav", "welcome.wav"]
    assert loudness((into / "welcome.wav").read_bytes(), 500) > 0.4
    assert (into / "welcome.wav").stat().st_mode & 0o444 == 0o444  # Asterisk may run as another user


def test_a_prompt_that_is_right_is_left_alone_and_one_that_is_not_is_replaced(
    prompts: Path, tmp_path: Path
) -> None:
    place(prompts, ["welcome", "sales/greeting"], tmp_path)
    os.utime(tmp_path / "welcome.wav", ns=(1, 1))
    os.utime(tmp_path / "sales" / "greeting.wav", ns=(1, 1))
    (prompts / "sounds" / "welcome.WAV").write_bytes(tone(pitch_hz=700, rate_hz=16000))

    place(prompts, ["welcome", "sales/greeting"], tmp_path)

    assert loudness((tmp_path / "welcome.wav").read_bytes(), 700) > 0.4
    assert (tmp_path / "welcome.wav").stat().st_mtime_ns != 1
    assert (tmp_path / "sales" / "greeting.wav").stat().st_mtime_ns == 1


def test_what_cannot_be_placed_is_told_and_hinders_nothing_else(prompts: Path, tmp_path: Path) -> None:
    into = tmp_path / "asterisk"
    into.mkdir()
    (into / "sales").write_text("in the way")

    told = [str(fault) for fault in place(prompts, ["welcome", "sales/greeting", "closed"], into)]

    assert (into / "welcome.wav").is_file()
    assert len(told) == 2
    assert told[0].startswith('sounds/closed: no prompt is called "closed"')
    assert told[1].startswith(f"sounds/sales/greeting: cannot be converted or placed below {into}")


def test_the_shipped_prompts_can_be_played(tmp_path: Path) -> None:
    wanted = sounds_of(plan_of(load(SHIPPED / "acme")))

    assert place(SHIPPED / "acme", wanted, tmp_path) == ()
    for name in wanted:
        assert len(samples((tmp_path / f"{name}.wav").read_bytes())) > 2 * RATE_HZ
    assert {path.stem for path in (SHIPPED / "acme" / "sounds").iterdir()} == wanted


GREETS = "departments:\n  sales: {name: S, extension: 1, open: [{play: welcome}, {reject: busy}]}\n"


def test_a_prompt_with_two_files_is_a_fault(load_text: LoadText, tmp_path: Path) -> None:
    write_prompt(tmp_path / "sounds" / "welcome.wav")
    write_prompt(tmp_path / "sounds" / "welcome.mp3")

    assert faults(load_text(HEAD + GREETS)) == [
        "acme.yaml:5:48: departments.sales.open[0].play: "
        '"welcome" is ambiguous: welcome.mp3 and welcome.wav; keep one'
    ]


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\xff\xff\xff\xffWAVEfmt "])
def test_a_prompt_that_is_no_sound_is_a_fault(load_text: LoadText, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "welcome.wav").write_bytes(content)

    told = faults(load_text(HEAD + GREETS))

    assert len(told) == 1
    assert "departments.sales.open[0].play: sounds/welcome.wav cannot be played: " in told[0]


def test_a_missing_greeting_and_a_missing_prompt_of_a_rule_are_faults(load_text: LoadText) -> None:
    loaded = load_text(
        HEAD
        + """departments:
  sales: {name: S, extension: 1, open: [voicemail], voicemail: {to: a@acme.example, greeting: hello}}
inbound:
  - {name: n, from: withheld, do: [{play: bye}, {reject: busy}]}
"""
    )

    assert [fault.path for fault in loaded.faults] == [
        "departments.sales.voicemail.greeting",
        "inbound[0].do[0].play",
    ]


def test_a_missing_prompt_of_an_entry_with_another_fault_is_told_with_it(load_text: LoadText) -> None:
    loaded = load_text(
        HEAD
        + """departments:
  sales:
    name: S
    extension: 1
    members: [nobody]
    open: [{play: hello}, {queue: [members], announce: {prompt: wait}, call_back: {prompt: back}}, voicemail]
    voicemail: {to: a@acme.example, greeting: bad name}
    record: {always: true, announce: taped}
menus:
  main: {prompt: welcome, keys: {1: nowhere}, invalid: sorry, otherwise: sales}
outbound:
  deny:
    - {name: d, to: nowhere, play: denied}
inbound:
  - {name: n, from: nobody, when: {play: open}, do: [{reject: busy, play: bye}]}
"""
    )

    assert [fault.path for fault in loaded.faults if "no prompt is called" in fault.what] == [
        "departments.sales.open[0].play",
        "departments.sales.open[1].announce.prompt",
        "departments.sales.open[1].call_back.prompt",
        "departments.sales.record.announce",
        "menus.main.prompt",
        "menus.main.invalid",
        "outbound.deny[0].play",
        "inbound[0].do[0].play",
    ]
    assert [fault.path for fault in loaded.faults].count("departments.sales.voicemail.greeting") == 1


def test_a_plan_names_all_its_prompts(write: Write) -> None:
    plan = plan_of(load(HERE / "good" / "everything"))

    assert sounds_of(plan) == {"welcome", "sales/greeting"}


def test_the_whole_language_names_its_prompts_in_every_place_and_the_loader_wants_the_same(tmp_path: Path) -> None:
    whole = HERE / "good" / "whole"
    plan = plan_of(load(whole))
    shutil.copytree(whole, tmp_path / "plan", ignore=shutil.ignore_patterns("*.wav"))

    wanted = sounds_of(plan)
    missed = {re.findall(r'no prompt is called "(.+?)"', fault)[0] for fault in faults(load(tmp_path / "plan"))}

    assert missed == wanted == {path.stem for path in (whole / "sounds").iterdir()}


def test_the_prompts_of_what_is_denied_are_placed_too(load_text: LoadText, tmp_path: Path) -> None:
    write_prompt(tmp_path / "sounds" / "denied.wav")
    plan = plan_of(load_text(HEAD + SALES + "outbound: {deny: [{to: FR, play: denied}]}\n"))

    assert "denied" in sounds_of(plan)
