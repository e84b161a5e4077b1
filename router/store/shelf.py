"""Voicemail recordings on disk: safe there before any database hears of them.

    ID.wav              the recording
    incoming/ID.json    its facts, while the message has no row in the database
    ID.json             its facts, once it has

A file appears under its name only when it is whole: written under another name, fsynced, renamed, its folder
fsynced. The sound comes first, so that facts on disk mean a message that can be delivered. Looking through
`incoming` alone finds what has still to be told to the database; a lost database mails no old message again.
"""

import hashlib
import io
import os
import re
import struct
import threading
import wave
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from router.model.message import MessageFacts, StoredSound, VoicemailMessage
from router.store.errors import StoreError

log = structlog.get_logger()

_ID = re.compile(r"[A-Za-z0-9-]{1,120}")
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A message safe on disk. is_told: whether the database had it already."""

    message: VoicemailMessage
    is_told: bool


class Shelf:
    """The recordings below `root`. Its methods block on the disk: call them in a thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._lock = threading.Lock()  # the same message put twice at once would mix two files
        try:
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o750)
            sync_folder(root.parent)
            sync_folder(root)
        except OSError as error:
            raise StoreError(f"message store {root}: {error.strerror}; let the router write there") from error

    def put(self, audio: bytes, facts: MessageFacts) -> Shelved:
        """Makes the message safe. One that is there already stays as it is.

        Raises ValueError for an id that is no file name, no recipient, or audio that is no PCM WAV;
        StoreError when the disk refuses, and then leaves nothing of it behind.
        """
        name = _checked(facts.id)
        if not facts.to:
            raise ValueError(f"message {facts.id} has no recipient")
        audio, duration_s = measured(audio)
        sound = StoredSound(
            path=f"{name}.wav",
            duration_s=duration_s,
            size_bytes=len(audio),
            digest=hashlib.sha256(audio).hexdigest(),
        )
        message = VoicemailMessage(facts=facts, sound=sound)
        try:
            with self._lock:
                for folder in (self._root, self._incoming):
                    if (folder / f"{name}.json").exists():
                        there = _read(folder / f"{name}.json")
                        return Shelved(message=there, is_told=folder == self._root)
                write_whole(self._root / sound.path, audio)
                write_whole(self._incoming / f"{name}.json", msgspec.json.format(msgspec.json.encode(message)))
        except OSError as error:
            raise StoreError(
                f"message store {self._root}: {error.strerror or error}; message {facts.id} is not safe here: "
                "make room or repair the disk"
            ) from error
        return Shelved(message=message, is_told=False)

    def told(self, message_id: str) -> None:
        """The database has the message now. Raises StoreError; it may then be told once more."""
        name = f"{_checked(message_id)}.json"
        try:
            with self._lock:
                (self._incoming / name).replace(self._root / name)
                sync_folder(self._root)
                sync_folder(self._incoming)
        except FileNotFoundError:
            pass  # another process told it
        except OSError as error:
            raise StoreError(f"message store {self._root}: {error.strerror or error}") from error

    def untold(self) -> tuple[VoicemailMessage, ...]:
        """Messages the database does not know of. One that cannot be read is logged and does not hide the rest."""
        found = []
        try:
            for path in sorted(self._incoming.glob("*.json")):
                try:
                    found.append(_read(path))
                except FileNotFoundError:
                    continue  # another process told it meanwhile
                except ValueError as error:
                    log.error("message on disk cannot be read", file=str(path), because=str(error))
        except OSError as error:
            raise StoreError(f"message store {self._root}: {error.strerror or error}") from error
        return tuple(found)

    def read(self, message: VoicemailMessage) -> bytes:
        """The recording. Raises StoreError when it is missing or not what was put."""
        path = self._root / f"{_checked(message.facts.id)}.wav"
        try:
            audio = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}") from error
        if hashlib.sha256(audio).hexdigest() != message.sound.digest:
            raise StoreError(f"{path}: differs from what was recorded; restore it from a backup")
        return audio


def measured(audio: bytes) -> tuple[bytes, float]:
    """The WAV, with a true header, and its length in seconds. Raises ValueError when it is no PCM WAV."""
    whole = _with_true_sizes(audio)
    try:
        with wave.open(io.BytesIO(whole)) as sound:
            frames, rate = sound.getnframes(), sound.getframerate()
    except (wave.Error, EOFError, struct.error) as error:
        raise ValueError(f"the recording is no PCM WAV: {error or 'it ends early'}") from error
    if rate <= 0:
        raise ValueError("the recording is no PCM WAV: its rate is 0")
    return whole, frames / rate


def _with_true_sizes(audio: bytes) -> bytes:
    """Asterisk writes a WAV's sizes when it closes the file (format_wav.c): one that was killed leaves them 0."""
    if audio[:4] != b"RIFF" or audio[8:12] != b"WAVE":
        return audio
    at = 12
    while at + 8 <= len(audio):
        name, size = struct.unpack_from("<4sI", audio, at)
        at += 8
        if name == b"data":
            present = len(audio) - at
            if size > present or (size == 0 and present):
                riff = b"RIFF" + struct.pack("<I", len(audio) - 8)
                return riff + audio[8 : at - 4] + struct.pack("<I", present) + audio[at:]
            return audio
        at += size + (size & 1)
    return audio


def _checked(message_id: str) -> str:
    if not _ID.fullmatch(message_id):
        raise ValueError(f"message id {message_id!r} is not of letters, digits and '-'")
    return message_id


def _read(path: Path) -> VoicemailMessage:
    """Raises ValueError when these are no facts of a message."""
    message = msgspec.json.decode(path.read_bytes(), type=VoicemailMessage)
    if message.facts.id != path.stem:
        raise ValueError(f"the facts of message {message.facts.id!r} are in the file of another")
    return message


def write_whole(path: Path, content: bytes) -> None:
    """The file appears under its name only when it is whole and safe on disk. Raises OSError."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
