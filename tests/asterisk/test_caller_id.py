"""What the carrier is shown on a real Asterisk: codes before a number, the local number, forwarded callers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.asterisk.routed import CUSTOMER, OUTSIDE, Routed, routed

THEIRS, OURS, MOBILE = "+442079460120", "+442079460121", "+447400999001"
NEW_YORK = "+12125550100"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench() -> AsyncIterator[Routed]:
    async with routed(Path(__file__).parent / "caller_id_plan") as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(bench: Routed) -> AsyncIterator[Routed]:
    yield bench
    await bench.far.hang_up_all()
    await bench.nothing_left()


@pytest.mark.parametrize(
    ("dialled", "called", "shown"),
    [
        (CUSTOMER, CUSTOMER, THEIRS),
        (f"*7621*{CUSTOMER}", CUSTOMER, OURS),
        ("0012125550199", "+12125550199", NEW_YORK),
        ("101", "101", THEIRS),
    ],
    ids=["the department's", "asked for by code", "the local number", "to a short number"],
)
async def test_the_carrier_sees_the_number(house: Routed, dialled: str, called: str, shown: str) -> None:
    caller = await house.far.phone_dials("alice", dialled)
    seen = (await house.far.number(called).call()).seen
    await caller.hang_up()

    assert seen.number == shown
    assert f"<sip:{shown}@" in seen.from_header and f"<sip:{shown}@" in seen.asserted_identity
    assert (seen.privacy, seen.diversion) == ("", "")


async def test_a_code_withholds_the_number_which_is_asserted_to_the_carrier(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.phone_dials("alice", f"*67{CUSTOMER}")
    seen = (await house.far.number(CUSTOMER).call()).seen
    await caller.hang_up()

    assert "anonymous" in seen.from_header.lower() and THEIRS not in seen.from_header
    assert (THEIRS in seen.asserted_identity, seen.privacy) == (True, "id")
    assert "Acme" not in seen.asserted_identity
    record = await house.ended(since)
    assert (record.shown, [leg.shown for leg in record.legs]) == ("withheld", ["withheld"])


async def test_a_forwarded_callers_number_goes_with_ours_in_diversion(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.call(THEIRS, caller=OUTSIDE, name="Zoë")
    seen = (await house.far.number(MOBILE).call()).seen
    await caller.hang_up()

    assert (seen.number, seen.name) == (OUTSIDE, "Zoë")
    assert f"<sip:{THEIRS}@" in seen.diversion and "reason=unconditional" in seen.diversion
    assert [leg.shown for leg in (await house.ended(since)).legs] == [OUTSIDE]


async def test_a_forwarded_caller_who_hides_the_number_stays_hidden(house: Routed) -> None:
    caller = await house.far.call(THEIRS, caller=OUTSIDE, name="Zoë", withheld=True)
    seen = (await house.far.number(MOBILE).call()).seen
    await caller.hang_up()

    assert (seen.number, seen.diversion) == (THEIRS, "")
    assert OUTSIDE[1:] not in repr(seen) and "Zoë" not in repr(seen)


async def test_a_forwarded_call_may_show_ours_alone(house: Routed) -> None:
    caller = await house.far.call(OURS, caller=OUTSIDE, name="Zoë")
    seen = (await house.far.number(MOBILE).call()).seen
    await caller.hang_up()

    assert (seen.number, seen.name, seen.diversion) == (OURS, "Acme Ltd", "")
