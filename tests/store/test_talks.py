"""Recordings of talks in the store's own folder, and records that have been kept long enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.call import CallId
from router.model.talk import TalkName
from router.store.contract import Store
from router.store.errors import StoreError
from tests.support.fake.recordings import sound
from tests.support.messages import record

NAME = TalkName(department="sales", epoch=1795514400, call=CallId("19a5f1c2d3e"), number=1)


async def test_a_recording_is_a_wav_under_its_name(store: Store, sounds: Path) -> None:
    path = await store.keep_talk(sound(2.0), NAME)

    assert path == sounds / "talks" / "callrouter-talk.sales.1795514400.19a5f1c2d3e.1.wav"
    assert path.read_bytes() == sound(2.0)
    assert await store.talks() == (NAME,)


async def test_the_same_recording_again_replaces_nothing(store: Store) -> None:
    path = await store.keep_talk(sound(2.0), NAME)
    await store.keep_talk(sound(1.0), NAME)

    assert path.read_bytes() == sound(2.0)


async def test_a_file_whose_asterisk_was_killed_gets_a_true_header(store: Store) -> None:
    whole = sound(1.0)
    path = await store.keep_talk(whole[:4] + b"\0\0\0\0" + whole[8:40] + b"\0\0\0\0" + whole[44:], NAME)

    assert path.read_bytes() == whole


async def test_what_is_no_sound_is_refused_and_leaves_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="no PCM WAV"):
        await store.keep_talk(b"", NAME)
    assert await store.talks() == ()


async def test_a_disk_that_refuses_is_told(store: Store, sounds: Path) -> None:
    (sounds / "talks").write_text("in the way")
    with pytest.raises(StoreError, match="not safe here"):
        await store.keep_talk(sound(1.0), NAME)


async def test_a_recording_is_forgotten_once_and_for_all(store: Store) -> None:
    path = await store.keep_talk(sound(1.0), NAME)
    await store.forget_talk(NAME)
    await store.forget_talk(NAME)

    assert not path.exists()
    assert await store.talks() == ()


async def test_nothing_but_recordings_is_listed(store: Store, sounds: Path) -> None:
    await store.keep_talk(sound(1.0), NAME)
    (sounds / "talks" / "holiday.wav").write_bytes(b"")

    assert await store.talks() == (NAME,)


@pytest.mark.parametrize("department", ["../sales", "sales/..", "", "Sales", "s.1"])
async def test_a_name_that_is_none_is_no_file(store: Store, department: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        await store.keep_talk(sound(1.0), replace(NAME, department=department))


@given(
    st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True),
    st.integers(0, 10**11),
    st.from_regex(r"[0-9a-f]{1,40}", fullmatch=True),
    st.integers(1, 999),
)
def test_a_name_says_what_it_was_made_of(department: str, epoch: int, call: str, number: int) -> None:
    name = TalkName(department=department, epoch=epoch, call=CallId(call), number=number)

    assert TalkName.parse(str(name)) == name


@given(st.text())
def test_any_other_text_is_no_name(text: str) -> None:
    assert TalkName.parse(text) is None


async def test_records_of_calls_are_deleted_when_they_are_old_enough(store: Store) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    records = [record(f"c{days}", arrived_at=now - timedelta(days=days)) for days in range(1200)]
    await store.save_calls(records)

    assert await store.forget_calls(before=now - timedelta(days=2)) == 1197
    assert [each.id for each in await store.latest_calls()] == ["c0", "c1", "c2"]
    assert await store.forget_calls(before=now - timedelta(days=2)) == 0
