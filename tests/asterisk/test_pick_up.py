"""Pick-up on a real Asterisk: a code dialled while another phone rings."""

import asyncio

import pytest

from tests.asterisk.routed import SALES, Routed
from tests.asterisk.test_inbound_calls import results
from tests.asterisk.test_transfer import hear_each_other


@pytest.mark.parametrize(("phone", "code"), [("carol", "*8201"), ("bob", "*8"), ("carol", "*8600")])
async def test_a_ringing_call_is_taken_by_another_phone(house: Routed, phone: str, code: str) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("ring")
    await far.phone("bob").will("ring")
    caller = await far.call(SALES, says="880")
    alice, bob = await far.phone("alice").call(), await far.phone("bob").call()
    await caller.rang()
    picker = await far.phone_dials(phone, code, says="550")
    await picker.answered()
    assert await asyncio.gather(alice.ended(), bob.ended()) == [26, 26], "answered elsewhere: no missed call"
    await caller.answered()
    await hear_each_other(caller, picker, (880, 550))
    await house.ended(since)  # of the call that dialled the code
    since = len(house.router.log)
    await picker.hang_up()
    assert await caller.ended() == 16
    record = await house.ended(since)
    assert record.answered_by == phone
    assert results(record)[phone] == "answered"


async def test_when_nothing_rings_the_code_is_refused(house: Routed) -> None:
    carol = await house.far.phone_dials("carol", "*8201")
    await carol.ended()
    assert carol.tech_cause == 404
