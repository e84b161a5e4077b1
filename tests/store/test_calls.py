"""Call records, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text

from router.model.call import CallId, Direction, Verification
from router.model.ending import Ending, Fault, Outcome, Party
from router.model.hours import Position
from router.model.record import CallRecord, DecisionInputs, LegRecord, TraceLine
from router.store.contract import Store
from router.store.engines import Database
from router.store.errors import StoreError
from tests.support.messages import MONDAY, after, record

LIVE: dict[str, Any] = {"ending": None, "ended_at": None, "answered_at": None}


async def test_a_call_comes_back_as_it_was_saved(store: Store) -> None:
    await store.save_calls([record()])

    assert await store.call(record().id) == record()


async def test_a_call_of_which_little_is_known_comes_back_as_it_was_saved(store: Store) -> None:
    bare = record(
        **LIVE, trunk=None, department=None, is_open=None, rang_at=None, steps=(), legs=(), trace=(), caller_name=""
    )
    await store.save_calls([bare])

    assert await store.call(bare.id) == bare


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_each_outcome_comes_back(store: Store, outcome: Outcome) -> None:
    ended = record(ending=Ending(outcome=outcome, by=Party.US, fault=Fault.TRUNK, cause=127))
    await store.save_calls([ended])

    assert await store.call(ended.id) == ended


async def test_a_call_that_is_not_there_is_none(store: Store) -> None:
    assert await store.call(record("missing").id) is None


async def test_the_record_saved_last_replaces_the_earlier_ones(store: Store) -> None:
    live = record(**LIVE, legs=(), message_id=None)
    await store.save_calls([live])
    await store.save_calls([record(**LIVE, message_id="vm-1"), record()])

    assert await store.call(live.id) == record()
    assert await store.latest_calls() == (record(),)


async def test_moments_of_another_zone_come_back_as_the_same_moment_in_utc(store: Store) -> None:
    in_berlin = MONDAY.astimezone(timezone(timedelta(hours=1)))
    await store.save_calls([record(arrived_at=in_berlin)])

    saved = await store.call(record().id)
    assert saved is not None
    assert saved.arrived_at == MONDAY
    assert saved.arrived_at.tzinfo is UTC


async def test_a_batch_with_a_moment_without_zone_is_refused_whole(store: Store) -> None:
    naive = record("c2", arrived_at=datetime(2026, 11, 23, 10, 5))  # noqa: DTZ001

    with pytest.raises(StoreError):
        await store.save_calls([record(), naive])

    assert await store.latest_calls() == ()


@pytest.mark.parametrize(
    "nasty",
    [
        pytest.param("NUL \0 inside", id="nul"),
        pytest.param("half \udcff a letter", id="lone-surrogate"),
        pytest.param("both \0\ud800", id="both"),
    ],
)
async def test_a_name_no_database_can_hold_does_not_hold_up_its_batch(store: Store, nasty: str) -> None:
    leg = LegRecord(id="l1", endpoint=nasty)
    line = TraceLine(at=MONDAY, what=nasty)
    await store.save_calls([record("c1", caller_name=nasty, legs=(leg,), trace=(line,)), record("c2")])

    saved = await store.call(record("c1").id)
    assert saved is not None
    written = nasty.replace("\0", "\ufffd").replace("\udcff", "\ufffd").replace("\ud800", "\ufffd")
    assert saved.caller_name == saved.legs[0].endpoint == saved.trace[0].what == written
    assert await store.call(record("c2").id) == record("c2")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Robert'); DROP TABLE calls; --", id="sql"),
        pytest.param("%(id)s %s ? :id {0}", id="placeholders"),
        pytest.param('{"$ref": "\\u0000"} \\u0000', id="json-escapes"),
        pytest.param("\u202egnitekram 😀 שלום \r\n\t", id="unicode"),
    ],
)
async def test_a_name_is_only_ever_a_value(store: Store, name: str) -> None:
    odd = record(caller_name=name, trace=(TraceLine(at=MONDAY, what=name),), department=name)
    await store.save_calls([odd])

    assert await store.latest_calls(department=name) == (odd,)


class TestLatestCalls:
    async def test_newest_first_by_arrival_up_to_the_limit(self, store: Store) -> None:
        first, second, third = (record(f"c{n}", arrived_at=after(n)) for n in range(3))
        await store.save_calls([second, third, first])

        assert await store.latest_calls() == (third, second, first)
        assert await store.latest_calls(2) == (third, second)

    async def test_from_since_included_to_before_excluded(self, store: Store) -> None:
        calls = [record(f"c{n}", arrived_at=after(n)) for n in range(4)]
        await store.save_calls(calls)

        assert await store.latest_calls(since=after(1), before=after(3)) == (calls[2], calls[1])

    async def test_of_one_department(self, store: Store) -> None:
        sales, support = record("c1"), record("c2", department="support")
        await store.save_calls([sales, support, record("c3", department=None)])

        assert await store.latest_calls(department="support") == (support,)


async def test_unended_calls_are_those_without_an_ending_oldest_first(store: Store) -> None:
    older = record("c1", **LIVE)
    newer = record("c2", **LIVE, arrived_at=after(9))
    of_another_router = record("c4", **LIVE, router="pbx-2")
    await store.save_calls([newer, record("c3"), of_another_router, older])

    assert await store.unended_calls("pbx-1") == (older, newer)


async def test_saving_nothing_is_well(store: Store) -> None:
    await store.save_calls([])

    assert await store.latest_calls() == ()


class TestDialplans:
    async def test_the_files_of_a_dial_plan_are_kept_by_digest(self, store: Store) -> None:
        files = {"acme.yaml": "company: Ächme\n", "sales.yaml": "departments:\n  sales: {}\n"}
        await store.save_dialplan("d1", files, MONDAY)

        assert await store.dialplan("d1") == files
        assert await store.dialplan("d2") is None

    async def test_a_digest_already_there_is_left_alone(self, store: Store) -> None:
        await store.save_dialplan("d1", {"a.yaml": "first"}, MONDAY)
        await store.save_dialplan("d1", {"a.yaml": "second"}, after(5))

        assert await store.dialplan("d1") == {"a.yaml": "first"}


class TestEachCall:
    async def test_oldest_first_over_as_many_pages_as_it_takes(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("router.store.calls.PAGE", 3)
        calls = [record(f"c{n}", arrived_at=after(n // 4)) for n in range(10)]  # several at one moment
        await store.save_calls(list(reversed(calls)))

        assert [each async for each in store.each_call()] == calls

    async def test_from_since_included_to_before_excluded(self, store: Store) -> None:
        calls = [record(f"c{n}", arrived_at=after(n)) for n in range(4)]
        await store.save_calls(calls)

        assert [each async for each in store.each_call(since=after(1), before=after(3))] == calls[1:3]


async def test_what_a_call_was_decided_by_comes_back(store: Store) -> None:
    inputs = DecisionInputs(
        caller="07400 123457",
        name="Bob",
        called="020 7946 0100",
        trunk="voipco",
        is_internal=True,
        by="alice",
        department="sales",
        verification=Verification.FAILED,
        switches={"department:sales": Position.CLOSED, "schedule:office": Position.OPEN},
        paused=("alice", "bob"),
        pauses={"alice": "lunch"},
        pressed=("2", "", "201"),
    )
    decided = record(
        inputs=inputs,
        recordings=("c1-1", "c1-2"),
        transferred_from=CallId("c0"),
        waited_s=12.5,
        answered_by="bob",
    )
    await store.save_calls([decided])

    assert await store.call(decided.id) == decided


async def test_a_call_of_a_release_that_kept_no_inputs_has_empty_ones(store: Store, url: str) -> None:
    await store.save_calls([record()])
    database = Database(url)
    async with database.writing(durable=True) as connection:
        await connection.execute(text("UPDATE calls SET inputs = '{}'"))
    await database.close()

    found = await store.call(record().id)
    assert found is not None
    assert found.inputs == DecisionInputs()


# --- by country and type of the number outside


def from_and_to(call_id: str, direction: Direction, *numbers: str | None) -> CallRecord:
    """numbers: country and type of the caller, then of who was called."""
    caller_country, caller_type, called_country, called_type = numbers
    return record(
        call_id,
        direction=direction,
        caller_country=caller_country,
        caller_type=caller_type,
        called_country=called_country,
        called_type=called_type,
    )


OUTSIDE = (
    from_and_to("in-gb", Direction.INBOUND, "GB", "mobile", "FR", "fixed"),
    from_and_to("in-hidden", Direction.INBOUND, None, None, "FR", "fixed"),
    from_and_to("out-fr", Direction.OUTBOUND, None, None, "FR", "fixed"),
    from_and_to("out-us", Direction.OUTBOUND, None, None, "US", "fixed or mobile"),
    from_and_to("int", Direction.INTERNAL, None, None, None, "internal"),
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({"country": "GB"}, {"in-gb"}, id="of the caller of a call from outside"),
        pytest.param({"country": "FR"}, {"out-fr"}, id="not of our own number that was called"),
        pytest.param({"number_type": "mobile"}, {"in-gb", "out-us"}, id="mobile-or-fixed fits mobile"),
        pytest.param({"number_type": "fixed"}, {"out-fr", "out-us"}, id="and fixed"),
        pytest.param({"number_type": "internal"}, {"int"}, id="between colleagues"),
        pytest.param({"country": "US", "number_type": "mobile"}, {"out-us"}, id="both must hold"),
        pytest.param({"country": "DE"}, set(), id="none"),
    ],
)
async def test_calls_are_found_by_country_and_type_of_the_number_outside(
    store: Store, asked: dict[str, str], found: set[str]
) -> None:
    await store.save_calls(OUTSIDE)

    assert {call.id for call in await store.latest_calls(**asked)} == found
