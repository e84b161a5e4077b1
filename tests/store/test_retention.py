"""What was kept long enough is deleted, on every database, and it is told."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.model.call import CallId
from router.model.department import DialPlan, Recording
from router.model.talk import TalkName
from router.service.retention import Retention
from router.store.contract import Store
from router.store.errors import StoreError
from tests.rules.acme import SALES, SUPPORT, acme
from tests.support.clock import run
from tests.support.fake.recordings import sound
from tests.support.messages import record

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
PLAN = acme(
    departments=(
        replace(SALES, recording=Recording(always=True, keep_days=30)),
        replace(SUPPORT, recording=Recording(always=False, keep_days=365)),
    )
)


def retention(store: Store, noted: list[str], plan: DialPlan = PLAN, keep_records_days: float | None = None) -> Any:
    return Retention(store, lambda: plan, lambda: NOW, lambda what, by: noted.append(what), keep_records_days)


async def kept(store: Store, department: str, days: float) -> TalkName:
    epoch = int((NOW - timedelta(days=days)).timestamp())
    name = TalkName(department=department, epoch=epoch, call=CallId("abc"), number=1)
    await store.keep_talk(sound(0.1), name)
    return name


async def test_each_departments_recordings_go_after_its_own_days(store: Store) -> None:
    noted: list[str] = []
    stays = {await kept(store, "sales", 29.9), await kept(store, "support", 364.9)}
    for department, days in (("sales", 30.0), ("sales", 31.0), ("support", 365.0)):
        await kept(store, department, days)

    await retention(store, noted).look()

    assert set(await store.talks()) == stays
    assert sorted(noted) == [
        "deleted 1 recordings of support's talks older than 365 days",
        "deleted 2 recordings of sales's talks older than 30 days",
    ]


@pytest.mark.parametrize(("plan", "days"), [(PLAN, 365.0), (acme(), 90.0)])
async def test_those_of_a_department_that_is_no_more_go_with_the_last_of_the_others(
    store: Store, plan: DialPlan, days: float
) -> None:
    stays = await kept(store, "former", days - 0.1)
    await kept(store, "former", days)

    await retention(store, [], plan).look()

    assert await store.talks() == (stays,)


@pytest.mark.parametrize(("days", "left"), [(None, ["c0", "c10", "c400"]), (30.0, ["c0", "c10"])])
async def test_records_of_calls_are_kept_for_ever_unless_somebody_says_otherwise(
    store: Store, days: float | None, left: list[str]
) -> None:
    noted: list[str] = []
    await store.save_calls([record(f"c{age}", arrived_at=NOW - timedelta(days=age)) for age in (0, 10, 400)])

    await retention(store, noted, keep_records_days=days).look()

    assert [each.id for each in await store.latest_calls()] == left
    assert noted == ([] if days is None else ["deleted 1 records of calls older than 30 days"])


def test_a_store_that_is_away_is_asked_again() -> None:
    class Away:
        asked = 0

        async def talks(self) -> tuple[TalkName, ...]:
            self.asked += 1
            raise StoreError("the disk is away")

    store = Away()

    async def main() -> None:
        part = asyncio.create_task(retention(store, []).run())  # type: ignore[arg-type]
        await asyncio.sleep(3600.0)
        part.cancel()

    run(main())
    assert store.asked > 3
