"""What calls cost, on SQLite and on PostgreSQL: to the last digit, and also in records of an earlier release."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text

from router.model.rate import Price, Total
from router.model.record import CallRecord, LegRecord
from router.rules.charges import Totals
from router.store.contract import Store
from router.store.engines import Database
from tests.support.messages import MONDAY, after, record


def outgoing(call_id: str = "c1", amount: str = "0.0310", **other: object) -> CallRecord:
    """A mobile that was called and talked with for a minute."""
    price = Price(amount=Decimal(amount), currency="GBP", billed_s=60, because="GB mobile")
    leg = LegRecord(
        id="l1",
        endpoint="PJSIP/+447400123456@voipco",
        trunk="voipco",
        called="+447400123456",
        answered_at=after(5),
        ended_at=after(65),
        price=price,
    )
    return replace(record(call_id), legs=(leg,), **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", ["0.0310", "0.0000", "99999.9999", "12.3000"])
async def test_a_price_comes_back_to_the_last_digit(store: Store, amount: str) -> None:
    await store.save_calls([outgoing(amount=amount)])

    saved = await store.call(record().id)
    assert saved == outgoing(amount=amount)
    assert saved.legs[0].price is not None
    assert str(saved.legs[0].price.amount) == amount


async def test_a_record_of_the_release_before_has_no_price(store: Store, url: str) -> None:
    await store.save_calls([record()])
    database = Database(url)
    try:
        async with database.writing(durable=True) as connection:
            legs = '[{"id": "l1", "endpoint": "PJSIP/+33@voipco", "trunk": "voipco"}]'
            await connection.execute(text(f"UPDATE calls SET legs = '{legs}'".replace(":", r"\:")))
    finally:
        await database.close()

    saved = await store.call(record().id)
    assert saved is not None
    assert saved.legs == (LegRecord(id="l1", endpoint="PJSIP/+33@voipco", trunk="voipco"),)


async def test_totals_are_of_the_period_alone_and_exact(store: Store) -> None:
    """A thousand calls at a tenth of a penny: with floats the sum would not be what the carrier asks."""
    calls = [outgoing(f"c{n}", "0.0010", arrived_at=after(n)) for n in range(1000)]
    await store.save_calls(
        [outgoing("before", arrived_at=after(-1)), *calls, outgoing("later", arrived_at=after(1000))]
    )

    totals = Totals(lambda call, _: call.department or "")
    async for call in store.each_call(since=MONDAY, before=after(1000)):
        totals.add(call)

    assert totals.made() == (
        Total(key="sales", currency="GBP", amount=Decimal("1.0000"), calls=1000, talked_s=60_000, billed_s=60_000),
    )
