"""The queue of deliveries: leases, fencing, order, on SQLite and on PostgreSQL."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from router.model.message import Delivery, DeliveryState, VoicemailMessage
from router.store.contract import Store
from router.store.database import open_store
from tests.support.messages import MONDAY, after, facts, speech

LEASE_S = 60.0


async def keep(store: Store, *ids: str) -> None:
    for message_id in ids:
        await store.keep(speech(1), facts(message_id))


async def claimed(store: Store, owner: str, now: datetime) -> tuple[str, int] | None:
    """Which message was claimed, and for which attempt."""
    found = await store.claim_delivery(owner, now, LEASE_S)
    return None if found is None else (found[1].message_id, found[1].attempts)


async def only(store: Store) -> tuple[VoicemailMessage, Delivery]:
    [one] = await store.deliveries()
    return one


class TestClaim:
    async def test_it_returns_the_message_and_its_delivery(self, store: Store) -> None:
        kept = await store.keep(speech(), facts())

        found = await store.claim_delivery("r1", after(0), LEASE_S)

        assert found == (kept, (await only(store))[1])
        assert found[1].attempts == 1

    async def test_nothing_to_deliver_is_none(self, store: Store) -> None:
        assert await store.claim_delivery("r1", after(0), LEASE_S) is None

    async def test_what_another_holds_is_passed_over(self, store: Store) -> None:
        await keep(store, "vm-1", "vm-2")

        assert await claimed(store, "r1", after(0)) == ("vm-1", 1)
        assert await claimed(store, "r2", after(1)) == ("vm-2", 1)
        assert await claimed(store, "r3", after(2)) is None

    async def test_a_lease_that_ended_is_taken_over_as_the_next_attempt(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))

        assert await claimed(store, "r2", after(LEASE_S - 0.001)) is None
        assert await claimed(store, "r2", after(LEASE_S)) == ("vm-1", 2)

    async def test_the_longest_due_comes_first(self, store: Store) -> None:
        await store.keep(speech(1), facts("vm-1", recorded_at=after(20)))
        await store.keep(speech(1), facts("vm-2", recorded_at=after(10)))

        assert await claimed(store, "r1", after(30)) == ("vm-2", 1)
        assert await claimed(store, "r1", after(30)) == ("vm-1", 1)

    async def test_what_is_not_due_yet_waits(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))
        await retry(store, 1, at=after(100))

        assert await claimed(store, "r1", after(99)) is None
        assert await claimed(store, "r1", after(100)) == ("vm-1", 2)

    async def test_two_routers_racing_never_hold_the_same(self, url: str, sounds: Path) -> None:
        first, second = await open_store(url, sounds), await open_store(url, sounds)
        await keep(first, *(f"vm-{n}" for n in range(30)))

        async def claim_all(store: Store, owner: str) -> list[str]:
            mine = []
            while found := await claimed(store, owner, after(0)):
                mine.append(found[0])
            return mine

        routers = [claim_all(first, "r1"), claim_all(second, "r2"), claim_all(first, "r3"), claim_all(second, "r4")]
        taken = [message_id for mine in await asyncio.gather(*routers) for message_id in mine]

        assert sorted(taken) == sorted(f"vm-{n}" for n in range(30))
        await first.close()
        await second.close()


class TestFinish:
    async def test_sent(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))

        assert await store.finish_delivery("vm-1", 1, DeliveryState.SENT, after(2))

        _, delivery = await only(store)
        assert delivery == Delivery(
            message_id="vm-1", state=DeliveryState.SENT, attempts=1, next_at=None, sent_at=after(2)
        )
        assert await claimed(store, "r1", after(9999)) is None

    async def test_to_be_tried_again_for_those_still_missing(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))

        assert await retry(store, 1, at=after(10))

        _, delivery = await only(store)
        assert delivery == Delivery(
            message_id="vm-1",
            state=DeliveryState.WAITING,
            attempts=1,
            next_at=after(10),
            remaining=("b@acme.example",),
            last_error="451 later",
        )

    async def test_dead(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))

        finished = await store.finish_delivery(
            "vm-1", 1, DeliveryState.DEAD, after(2), remaining=["b@acme.example"], error="550 no such user"
        )

        _, delivery = await only(store)
        assert finished
        assert delivery.state is DeliveryState.DEAD
        assert delivery.last_error == "550 no such user"
        assert delivery.remaining == ("b@acme.example",)
        assert await claimed(store, "r1", after(9999)) is None
        assert await store.message("vm-1") is not None

    async def test_a_retry_needs_its_moment_and_its_addresses(self, store: Store) -> None:
        with pytest.raises(ValueError, match="needs its next try"):
            await store.finish_delivery("vm-1", 1, DeliveryState.WAITING, after(2), remaining=["b@acme.example"])
        with pytest.raises(ValueError, match="needs its next try"):
            await store.finish_delivery("vm-1", 1, DeliveryState.WAITING, after(2), next_at=after(9))

    async def test_the_result_of_an_attempt_that_another_took_over_is_not_written(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))
        await claimed(store, "r2", after(LEASE_S))

        assert not await retry(store, 1, at=after(999))
        assert await store.finish_delivery("vm-1", 2, DeliveryState.SENT, after(70))
        assert (await only(store))[1].state is DeliveryState.SENT

    async def test_a_late_result_after_the_lease_counts_while_nobody_took_over(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))

        assert await store.finish_delivery("vm-1", 1, DeliveryState.SENT, after(LEASE_S * 3))

    async def test_what_was_sent_stays_sent(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))
        await store.finish_delivery("vm-1", 1, DeliveryState.SENT, after(2))

        assert not await retry(store, 1, at=after(10))
        assert (await only(store))[1].state is DeliveryState.SENT

    async def test_an_unknown_message_is_not_finished(self, store: Store) -> None:
        assert not await store.finish_delivery("vm-9", 1, DeliveryState.SENT, after(2))


class TestNextDelivery:
    async def test_none_when_nothing_waits(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))
        await store.finish_delivery("vm-1", 1, DeliveryState.SENT, after(2))

        assert await store.next_delivery() is None

    async def test_the_earliest_due(self, store: Store) -> None:
        await store.keep(speech(1), facts("vm-1", recorded_at=after(20)))
        await store.keep(speech(1), facts("vm-2", recorded_at=after(10)))

        assert await store.next_delivery() == after(10)

    async def test_one_that_is_held_is_due_when_its_lease_ends(self, store: Store) -> None:
        await keep(store, "vm-1")
        await claimed(store, "r1", after(0))

        assert await store.next_delivery() == after(LEASE_S)


class TestOldestWaiting:
    async def test_none_when_nothing_waits(self, store: Store) -> None:
        assert await store.oldest_waiting() is None

    async def test_by_the_moment_of_the_recording(self, store: Store) -> None:
        await store.keep(speech(1), facts("vm-1", recorded_at=after(20)))
        await store.keep(speech(1), facts("vm-2", recorded_at=MONDAY))
        assert await store.oldest_waiting() == MONDAY

        await claimed(store, "r1", after(30))
        assert await store.oldest_waiting() == MONDAY

        await store.finish_delivery("vm-2", 1, DeliveryState.SENT, after(31))
        assert await store.oldest_waiting() == after(20)


async def test_deliveries_are_listed_newest_first_up_to_the_limit(store: Store) -> None:
    for n in range(3):
        await store.keep(speech(1), facts(f"vm-{n}", recorded_at=after(n)))

    assert [d.message_id for _, d in await store.deliveries()] == ["vm-2", "vm-1", "vm-0"]
    assert [d.message_id for _, d in await store.deliveries(2)] == ["vm-2", "vm-1"]


async def retry(store: Store, attempt: int, *, at: datetime) -> bool:
    return await store.finish_delivery(
        "vm-1", attempt, DeliveryState.WAITING, MONDAY, next_at=at, remaining=["b@acme.example"], error="451 later"
    )
