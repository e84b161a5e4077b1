"""Voicemail messages: safe on disk first, then a row with its delivery, on SQLite and on PostgreSQL."""

import asyncio
import contextlib
import hashlib
import io
import sqlite3
import struct
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from router.model.message import DeliveryState
from router.store.contract import Store
from router.store.database import open_store
from router.store.errors import StoreError
from tests.support.databases import refusing
from tests.support.messages import MONDAY, after, facts, speech


async def waiting(store: Store) -> list[str]:
    """The ids of messages that are still to be delivered."""
    return sorted(
        delivery.message_id for _, delivery in await store.deliveries() if delivery.state is DeliveryState.WAITING
    )


async def test_a_message_comes_back_with_its_sound(store: Store) -> None:
    kept = await store.keep(speech(12.34), facts())

    assert kept.facts == facts()
    assert kept.sound.duration_s == pytest.approx(12.34)
    assert kept.sound.size_bytes == len(speech(12.34))
    assert kept.sound.digest == hashlib.sha256(speech(12.34)).hexdigest()
    assert await store.message("vm-1") == kept
    assert await store.read_sound(kept) == speech(12.34)


async def test_a_kept_message_waits_to_be_delivered_to_all_its_addresses(store: Store) -> None:
    kept = await store.keep(speech(), facts(to=("a@acme.example", "b@acme.example")))

    [(message, delivery)] = await store.deliveries()
    assert message == kept
    assert delivery.state is DeliveryState.WAITING
    assert delivery.attempts == 0
    assert delivery.remaining == ("a@acme.example", "b@acme.example")
    assert delivery.next_at == MONDAY


async def test_an_address_named_twice_gets_one_mail(store: Store) -> None:
    await store.keep(speech(), facts(to=("a@acme.example", "b@acme.example", "a@acme.example")))

    [(_, delivery)] = await store.deliveries()
    assert delivery.remaining == ("a@acme.example", "b@acme.example")


async def test_a_message_that_is_not_there_is_none(store: Store) -> None:
    assert await store.message("vm-1") is None


async def test_the_same_id_again_replaces_nothing_and_delivers_nothing_twice(store: Store) -> None:
    first = await store.keep(speech(12), facts())

    again = await store.keep(speech(3), facts(caller_name="Somebody Else"))

    assert again == first
    assert await store.read_sound(again) == speech(12)
    assert len(await store.deliveries()) == 1


async def test_the_same_id_after_it_was_sent_is_not_sent_again(store: Store) -> None:
    await store.keep(speech(), facts())
    await store.claim_delivery("r1", after(0), 60)
    await store.finish_delivery("vm-1", 1, DeliveryState.SENT, after(1))

    await store.keep(speech(), facts())
    await store.recover()

    assert await store.claim_delivery("r1", after(9), 60) is None


async def test_the_same_message_many_times_at_once_is_one(store: Store) -> None:
    kept = await asyncio.gather(*(store.keep(speech(n + 1), facts()) for n in range(6)))

    assert len(set(kept)) == 1
    assert hashlib.sha256(await store.read_sound(kept[0])).hexdigest() == kept[0].sound.digest
    assert len(await store.deliveries()) == 1


@pytest.mark.parametrize("name", ["", "../etc/passwd", "a/b", "vm.1", "vm 1", "vm-1\n", "vm\0", "ü", "a" * 121])
async def test_an_id_that_is_no_safe_file_name_is_refused(store: Store, sounds: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not of letters, digits"):
        await store.keep(speech(), facts(name))

    assert files(sounds) == []


async def test_a_message_for_nobody_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no recipient"):
        await store.keep(speech(), facts(to=()))


class TestAudio:
    @pytest.mark.parametrize(
        "audio",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"ID3\x04 an mp3", id="mp3"),
            pytest.param(speech(1)[:20], id="cut-in-header"),
            pytest.param(b"RIFF\x24\0\0\0WAVE", id="no-chunks"),
            pytest.param(speech(1)[:20] + struct.pack("<H", 49) + speech(1)[22:], id="gsm"),
            pytest.param(speech(1)[:24] + bytes(4) + speech(1)[28:], id="rate-0"),
            pytest.param(speech(1)[:22] + bytes(2) + speech(1)[24:], id="no-channels"),
            pytest.param(speech(1)[:34] + bytes(2) + speech(1)[36:], id="no-bits"),
        ],
    )
    async def test_what_is_no_pcm_wav_is_refused(self, store: Store, sounds: Path, audio: bytes) -> None:
        with pytest.raises(ValueError, match="is no PCM WAV"):
            await store.keep(audio, facts())

        assert files(sounds) == []
        assert await store.deliveries() == ()

    @pytest.mark.parametrize(("rate", "seconds"), [(8000, 0.0), (8000, 0.5), (16000, 61.25), (48000, 1.0)])
    async def test_its_length_is_measured(self, store: Store, rate: int, seconds: float) -> None:
        kept = await store.keep(speech(seconds, rate=rate), facts())

        assert kept.sound.duration_s == pytest.approx(seconds, abs=0.001)

    @pytest.mark.parametrize(
        "header",
        [
            pytest.param((0, 0), id="sizes-never-written"),
            pytest.param((36 + 99_999_998, 99_999_998), id="sizes-of-more-than-there-is"),
        ],
    )
    async def test_a_recording_cut_off_by_a_crash_is_kept_and_can_be_played(
        self, store: Store, header: tuple[int, int]
    ) -> None:
        whole = speech(3)
        riff, samples = (struct.pack("<I", size) for size in header)
        kept = await store.keep(whole[:4] + riff + whole[8:40] + samples + whole[44:], facts())

        assert kept.sound.duration_s == pytest.approx(3)
        assert await store.read_sound(kept) == whole

    async def test_a_chunk_before_the_samples_is_no_sample(self, store: Store) -> None:
        whole = speech(3)
        listed = whole[:36] + b"LIST" + struct.pack("<I", 5) + b"data!\0" + whole[36:]
        kept = await store.keep(b"RIFF" + struct.pack("<I", len(listed) - 8) + listed[8:], facts())

        assert kept.sound.duration_s == pytest.approx(3)
        with wave.open(io.BytesIO(await store.read_sound(kept))) as sound:
            assert sound.readframes(3 * 8000) == whole[44:]


class TestSoundOnDisk:
    async def test_a_missing_recording_is_an_error(self, store: Store, sounds: Path) -> None:
        kept = await store.keep(speech(), facts())
        (sounds / kept.sound.path).unlink()

        with pytest.raises(StoreError, match=r"vm-1\.wav: No such file"):
            await store.read_sound(kept)

    async def test_a_recording_that_was_changed_is_an_error(self, store: Store, sounds: Path) -> None:
        kept = await store.keep(speech(), facts())
        (sounds / kept.sound.path).write_bytes(speech(1))

        with pytest.raises(StoreError, match=r"vm-1\.wav: differs from what was recorded"):
            await store.read_sound(kept)

    async def test_a_recording_keeps_its_facts_beside_it(self, store: Store, sounds: Path) -> None:
        await store.keep(speech(), facts())

        assert files(sounds) == ["vm-1.json", "vm-1.wav"]
        assert "+442079460999" in (sounds / "vm-1.json").read_text()


class TestDatabaseDown:
    async def test_a_message_is_kept_and_gets_its_row_later(self, store: Store, sounds: Path) -> None:
        with refusing(store):
            kept = await store.keep(speech(), facts())
            assert files(sounds) == ["incoming/vm-1.json", "vm-1.wav"]
            with pytest.raises(StoreError):
                await store.recover()

        assert await store.deliveries() == ()
        assert await store.recover() == 1
        assert await store.message("vm-1") == kept
        assert await waiting(store) == ["vm-1"]
        assert await store.recover() == 0

    async def test_the_same_message_again_gets_its_row(self, store: Store) -> None:
        with refusing(store):
            await store.keep(speech(), facts())

        await store.keep(speech(), facts())

        assert await waiting(store) == ["vm-1"]

    async def test_a_file_that_cannot_be_read_does_not_hold_up_the_rest(self, store: Store, sounds: Path) -> None:
        with refusing(store):
            await store.keep(speech(), facts("vm-2"))
        (sounds / "incoming" / "vm-1.json").write_text('{"facts": {')
        (sounds / "incoming" / "vm-3.json").write_bytes((sounds / "incoming" / "vm-2.json").read_bytes())

        assert await store.recover() == 1
        assert await waiting(store) == ["vm-2"]

    async def test_one_that_hangs_does_not_hold_up_a_message(
        self, url: str, sounds: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("router.store.messages.ROW_LIMIT_S", 0.05)
        monkeypatch.setattr("router.store.engines.BUSY_TIMEOUT_MS", 100)  # what SQLite's thread cannot cut short
        store = await open_store(url, sounds)
        with locked(url):
            kept = await store.keep(speech(), facts())

        assert await store.message("vm-1") is None
        assert await store.recover() == 1
        assert await store.message("vm-1") == kept
        await store.close()

    async def test_a_lost_one_mails_no_old_message_again(self, store: Store, sounds: Path) -> None:
        await store.keep(speech(), facts())

        fresh = await open_store(f"sqlite:///{sounds.parent}/fresh.db", sounds)

        assert await fresh.recover() == 0
        await fresh.close()


class TestFullDisk:
    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[Path]:
        """A disk of 1 MB."""
        place = tmp_path / "small"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
        done = subprocess.run(mount, capture_output=True, text=True, timeout=10, check=False)
        if done.returncode:
            pytest.skip(f"a full disk needs a small tmpfs, and mounting is refused here: {done.stderr.strip()}")
        yield place
        subprocess.run(["umount", str(place)], timeout=10, check=True)

    async def test_a_message_that_does_not_fit_is_an_error_and_leaves_nothing(self, small: Path, url: str) -> None:
        store = await open_store(url, small)
        await store.keep(speech(30), facts("vm-1"))

        with pytest.raises(StoreError, match=r"No space left on device; message vm-2 is not safe here"):
            await store.keep(speech(60), facts("vm-2"))

        assert files(small) == ["vm-1.json", "vm-1.wav"]
        await store.keep(speech(10), facts("vm-3"))
        assert await waiting(store) == ["vm-1", "vm-3"]
        await store.close()

    async def test_a_message_is_kept_when_the_database_has_no_room(self, small: Path, sounds: Path) -> None:
        store = await open_store(f"sqlite:///{small}/calls.db", sounds)
        with contextlib.suppress(OSError):
            (small / "ballast").write_bytes(bytes(1_000_000))

        await store.keep(speech(), facts())

        assert files(sounds) == ["incoming/vm-1.json", "vm-1.wav"]
        (small / "ballast").unlink()
        assert await store.recover() == 1
        assert await waiting(store) == ["vm-1"]
        await store.close()


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Another holds the lock that a new message needs, and does not let go."""
    if url.startswith("sqlite"):
        file = url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE messages")
            yield


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
