"""Recordings of talks on disk, below the messages' folder: `talks/NAME.wav`, each whole or not there at all.

No database knows of them but by the names in the records of calls; the name says what retention must know.
"""

import asyncio
from pathlib import Path

from router.model.talk import TalkName
from router.store.errors import StoreError
from router.store.shelf import measured, sync_folder, write_whole

FOLDER = "talks"


class TalksOnDisk:
    """`contract.TalkStore` below the folder of the messages."""

    def __init__(self, sounds: Path) -> None:
        self._talks = sounds / FOLDER

    async def keep_talk(self, audio: bytes, name: TalkName) -> Path:
        return await asyncio.to_thread(self._keep, audio, name)

    async def talks(self) -> tuple[TalkName, ...]:
        return await asyncio.to_thread(self._names)

    async def forget_talk(self, name: TalkName) -> None:
        await asyncio.to_thread(self._forget, name)

    def _keep(self, audio: bytes, name: TalkName) -> Path:
        path, (whole, _) = self._path(name), measured(audio)
        try:
            if not self._talks.is_dir():
                self._talks.mkdir(parents=True, exist_ok=True, mode=0o750)
                sync_folder(self._talks.parent)
            if not path.exists():
                write_whole(path, whole)
        except OSError as error:
            raise StoreError(
                f"{path}: {error.strerror or error}; the recording is not safe here: make room or repair the disk"
            ) from error
        return path

    def _names(self) -> tuple[TalkName, ...]:
        try:
            found = (TalkName.parse(path.stem) for path in self._talks.glob("*.wav"))
            return tuple(name for name in found if name is not None)
        except OSError as error:
            raise StoreError(f"{self._talks}: {error.strerror or error}") from error

    def _forget(self, name: TalkName) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self._path(name)}: {error.strerror or error}") from error

    def _path(self, name: TalkName) -> Path:
        if TalkName.parse(str(name)) != name:
            raise ValueError(f"{str(name)!r} is no name of a talk's recording")
        return self._talks / f"{name}.wav"
