"""Records on their way to the store: nothing waits for it, and nothing is lost when it is away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pytest import approx

from router.calls.journal import Journal
from router.model.record import CallRecord
from router.store.errors import StoreError
from tests.support.messages import record


class Books:
    """A store that may be away, and remembers each transaction."""

    def __init__(self) -> None:
        self.batches: list[tuple[CallRecord, ...]] = []
        self.is_away = False

    async def save_calls(self, records: Sequence[CallRecord]) -> None:
        if self.is_away:
            raise StoreError("away")
        self.batches.append(tuple(records))


@asynccontextmanager
async def running(books: Any, spill: Path, **settings: Any) -> AsyncIterator[Journal]:
    journal = Journal(books, spill, **settings)
    task = asyncio.create_task(journal.run())
    try:
        yield journal
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_milestones_of_many_calls_are_one_transaction_with_the_newest_of_each(tmp_path: Path) -> None:
    books = Books()
    async with running(books, tmp_path / "spill") as journal:
        journal.save(record("a", rule="old"))
        journal.save(record("b"))
        journal.save(record("a", rule="new"))
        await asyncio.sleep(1.0)
    assert [[(r.id, r.rule) for r in batch] for batch in books.batches] == [[("a", "new"), ("b", record("b").rule)]]


class Clocked(Books):
    """When each transaction was asked for, in seconds since the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_at: list[float] = []
        self.takes_s = 0.0

    async def save_calls(self, records: Sequence[CallRecord]) -> None:
        self.asked_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes_s)
        await super().save_calls(records)

    @property
    def apart_s(self) -> list[float]:
        return [after - before for before, after in pairwise(self.asked_at)]


async def test_a_single_record_is_written_soon(tmp_path: Path) -> None:
    books = Clocked()
    async with running(books, tmp_path / "spill") as journal:
        for second in (3.0, 6.0, 9.0):
            await asyncio.sleep(second - asyncio.get_running_loop().time())
            journal.save(record("a"))
        await asyncio.sleep(1.0)
    assert books.asked_at == approx([3.1, 6.1, 9.1])


@pytest.mark.parametrize("takes_s", [0.0, 0.3, 2.0])
async def test_under_load_records_are_written_twice_a_second_and_none_waits_longer(
    tmp_path: Path, takes_s: float
) -> None:
    books = Clocked()
    books.takes_s = takes_s
    async with running(books, tmp_path / "spill") as journal:
        for number in range(200):
            journal.save(record(str(number)))
            await asyncio.sleep(0.05)
        await asyncio.sleep(5.0)
        assert not journal.unwritten
    assert books.apart_s == approx([max(0.5, takes_s + 0.1)] * len(books.apart_s))
    assert [each.id for batch in books.batches for each in batch] == [str(number) for number in range(200)]


async def test_a_store_that_is_away_is_asked_less_and_less_often_and_as_before_once_it_is_back(
    tmp_path: Path,
) -> None:
    books = Clocked()
    books.is_away = True
    async with running(books, tmp_path / "spill") as journal:
        journal.save(record("a"))
        await asyncio.sleep(60.0)
        books.is_away = False
        await asyncio.sleep(10.0)
        assert not journal.unwritten
        back = len(books.asked_at)
        for _ in range(40):
            journal.save(record("b"))
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
    assert books.apart_s[: back - 1] == approx([0.5, 0.5, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0, 10.0, 10.0])
    assert books.apart_s[back:] == approx([0.5] * 4)


async def test_a_store_that_is_away_is_waited_for_and_gets_the_newest(tmp_path: Path) -> None:
    books = Books()
    books.is_away = True
    async with running(books, tmp_path / "spill") as journal:
        journal.save(record("a", rule="old"))
        await asyncio.sleep(5.0)
        assert journal.backlog == 1
        journal.save(record("a", rule="new"))
        books.is_away = False
        await asyncio.sleep(15.0)
        assert journal.backlog == 0
    assert [r.rule for batch in books.batches for r in batch] == ["new"]


async def test_what_the_store_did_not_take_before_the_stop_is_read_by_the_next_start(tmp_path: Path) -> None:
    books = Books()
    books.is_away = True
    kept = [record("a"), replace(record("b"), caller_name="Zoë \n O'Neil")]
    async with running(books, tmp_path / "spill") as journal:
        for each in kept:
            journal.save(each)
        await asyncio.sleep(1.0)
    books.is_away = False
    async with running(books, tmp_path / "spill"):
        await asyncio.sleep(1.0)
    assert [r for batch in books.batches for r in batch] == kept
    assert not (tmp_path / "spill").exists(), "once in the store they are not read again"


async def test_records_saved_just_before_the_stop_are_written(tmp_path: Path) -> None:
    books = Books()
    async with running(books, tmp_path / "spill") as journal:
        journal.save(record("a"))
        await asyncio.sleep(0)
    assert len(books.batches) == 1


async def test_an_unreadable_line_of_the_spill_file_does_not_keep_the_others(tmp_path: Path) -> None:
    books = Books()
    books.is_away = True
    async with running(books, tmp_path / "spill") as journal:
        journal.save(record("a"))
        await asyncio.sleep(1.0)
    spill = tmp_path / "spill"
    spill.write_bytes(b"{half a rec\n" + spill.read_bytes())
    books.is_away = False
    async with running(books, spill):
        await asyncio.sleep(1.0)
    assert [r.id for batch in books.batches for r in batch] == ["a"]


async def test_memory_is_bounded_while_the_store_is_away(tmp_path: Path) -> None:
    books = Books()
    books.is_away = True
    async with running(books, tmp_path / "spill", most=3) as journal:
        for name in "abcde":
            journal.save(record(name))
        assert journal.backlog == 3


async def test_what_is_on_its_way_is_known_also_while_it_is_written(tmp_path: Path) -> None:
    """A router that asked the store alone closed calls anew whose end was just being written."""
    books, taken = Books(), asyncio.Event()
    save = books.save_calls

    async def slow(records: Sequence[CallRecord]) -> None:
        taken.set()
        await asyncio.sleep(2.0)
        await save(records)

    books.save_calls = slow  # type: ignore[method-assign]
    async with running(books, tmp_path / "spill") as journal:
        journal.save(record("a"))
        await taken.wait()
        journal.save(record("b"))
        assert set(journal.unwritten) == {"a", "b"}
        assert journal.backlog == 2
        await asyncio.sleep(5.0)
        assert not journal.unwritten


async def test_a_spill_file_that_cannot_be_read_stops_no_record(tmp_path: Path) -> None:
    books, spill = Books(), tmp_path / "spill"
    spill.mkdir()  # anything that refuses to be read as a file
    async with running(books, spill) as journal:
        journal.save(record("a"))
        await asyncio.sleep(1.0)
        assert [r.id for batch in books.batches for r in batch] == ["a"]


async def test_a_full_disk_at_the_stop_is_told_and_does_not_keep_us_from_stopping(tmp_path: Path) -> None:
    books = Books()
    books.is_away = True
    journal = Journal(books, tmp_path / "file" / "spill")  # type: ignore[arg-type]
    (tmp_path / "file").write_text("in the way")
    task = asyncio.create_task(journal.run())
    journal.save(record("a"))
    await asyncio.sleep(1.0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_the_spill_file_is_for_our_eyes_only(tmp_path: Path) -> None:
    books, spill = Books(), tmp_path / "spill"
    books.is_away = True
    async with running(books, spill) as journal:
        journal.save(record("a"))
        await asyncio.sleep(1.0)
    assert spill.stat().st_mode & 0o077 == 0
