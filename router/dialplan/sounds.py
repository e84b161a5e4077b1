"""Prompts: found below `sounds/` beside the plan, converted to what Asterisk plays, placed where it looks for them.

`play: sales/welcome` is the file `sounds/sales/welcome` with any of the suffixes below. It becomes 8 kHz, mono,
16-bit WAV, the one format every Asterisk plays without a codec module of its own.
"""

import io
import os
import tempfile
import wave
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import miniaudio

from router.dialplan.faults import Fault
from router.model.department import Department, DialPlan
from router.model.plan import Play, Reject
from router.model.steps import DepartmentStep, QueueStep

FOLDER = "sounds"
SUFFIXES = (".wav", ".mp3", ".ogg", ".flac")
RATE_HZ = 8000
SIZE_LIMIT = 50_000_000  # bytes of one prompt's file


def sounds_of(plan: DialPlan) -> frozenset[str]:
    """The names of all prompts and greetings that the plan plays."""
    named = chain(*map(_played, _steps(plan)), *map(_of_department, plan.departments.values()))
    menus = ((menu.prompt, menu.invalid) for menu in plan.menus.values())
    denied = (rule.prompt for rule in plan.denied)
    return frozenset(name for name in chain(named, *menus, denied, plan.prompts.named) if name)


def _steps(plan: DialPlan) -> Iterator[DepartmentStep]:
    for department in plan.departments.values():
        yield from (*department.open, *department.closed)
    for schedule in plan.schedules.values():
        for day in schedule.exceptions.values():
            yield from day.steps or ()
    for rule in plan.inbound:
        yield from rule.do
    for menu in plan.menus.values():
        yield from menu.otherwise
        for choice in menu.choices:
            yield from choice.steps


def _played(step: DepartmentStep) -> tuple[str | None, ...]:
    match step:
        case Play(sound=sound):
            return (sound,)
        case Reject(prompt=prompt):
            return (prompt,)
        case QueueStep(announce=announce, call_back=call_back):
            return (announce.prompt if announce else None, call_back.prompt if call_back else None)
    return ()


def _of_department(department: Department) -> tuple[str | None, ...]:
    mailbox, recording = department.mailbox, department.recording
    return (mailbox.greeting if mailbox else None, recording.announce if recording else None)


def find(plan_dir: Path) -> Mapping[str, Sequence[Path]]:
    """Every prompt below the plan's `sounds/`: name -> its files, more than one when suffixes compete."""
    found: dict[str, list[Path]] = {}
    root = plan_dir / FOLDER
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            found.setdefault(path.relative_to(root).with_suffix("").as_posix(), []).append(path)
    return found


def problem(name: str, found: Mapping[str, Sequence[Path]]) -> str | None:
    """What is wrong with a prompt, None when it can be played."""
    paths = found.get(name, ())
    if not paths:
        wanted = f"{FOLDER}/{name} with the suffix {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        return f'no prompt is called "{name}"; expected {wanted}'
    if len(paths) > 1:
        return f'"{name}" is ambiguous: {" and ".join(path.name for path in paths)}; keep one'
    try:
        _header(paths[0])
    except (miniaudio.MiniaudioError, OSError, ValueError) as wrong:
        return f"{FOLDER}/{name}{paths[0].suffix} cannot be played: {wrong}"
    return None


def place(plan_dir: Path, sounds: Iterable[str], into: Path) -> tuple[Fault, ...]:
    """Converts prompts to WAV under the same names below `into`; returns those that could not be.

    Each file appears whole or not at all, so that a call in progress never plays half a prompt, and one that is
    already right is left alone. Prompts no longer used stay: calls keep the plan they began with. Reads, decodes
    and writes: not for the event loop.
    """
    faults = []
    found = find(plan_dir)
    for name in sorted(set(sounds)):
        what = problem(name, found)
        if what is None:
            try:
                _write(into / f"{name}.wav", convert(found[name][0].read_bytes()))
            except (miniaudio.MiniaudioError, OSError, ValueError) as wrong:
                what = f"cannot be converted or placed below {into}: {wrong}"
        if what is not None:
            faults.append(Fault(file=f"{FOLDER}/{name}", line=0, column=0, path="", what=what))
    return tuple(faults)


def convert(content: bytes) -> bytes:
    """WAV, MP3, Ogg Vorbis or FLAC -> WAV of 8 kHz, mono, 16 bit. Raises MiniaudioError, ValueError when silent."""
    decoded = miniaudio.decode(content, miniaudio.SampleFormat.SIGNED16, nchannels=1, sample_rate=RATE_HZ)
    if not decoded.samples:
        raise ValueError("there is no sound in it")
    converted = io.BytesIO()
    with wave.open(converted, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(decoded.samples.tobytes())
    return converted.getvalue()


def _header(path: Path) -> None:
    if path.stat().st_size > SIZE_LIMIT:
        raise ValueError(f"it is larger than {SIZE_LIMIT // 1_000_000} MB")
    read = {
        ".wav": miniaudio.wav_get_info,
        ".mp3": miniaudio.mp3_get_info,
        ".ogg": miniaudio.vorbis_get_info,
        ".flac": miniaudio.flac_get_info,
    }
    read[path.suffix.lower()](path.read_bytes())


def _write(path: Path, content: bytes) -> None:
    """Replaces the file in one step; Asterisk, which may run as another user, can read it."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
