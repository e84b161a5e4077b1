"""Phones whose calls a plain dialplan carries: the router decides by FastAGI, and records how they end."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from router.dialplan.fallback import fallback_conf
from router.fastagi.pending import PendingCalls
from router.fastagi.scripts import Scripts
from router.fastagi.server import FastAgiServer
from router.model.call import CallId, Direction
from router.model.ending import LegResult, Outcome, Party
from router.model.limits import DenyRule, Limits
from router.model.pin import Pin
from router.model.record import CallRecord
from router.model.trunk import Failure
from tests.fastagi.conftest import Desk
from tests.rules.acme import BACKUP, PEOPLE, VOIPCO, acme
from tests.rules.conftest import patterns
from tests.support.far_end.far import FarEnd
from tests.support.pbx import Bench
from tests.support.sound import tone_wav

OUTSIDE = "+447400123456"


class Records:
    """What the router would have put into its store. plan: what it decides by."""

    def __init__(self) -> None:
        self.plan = acme()
        self._ended: asyncio.Queue[CallRecord] = asyncio.Queue()

    def save(self, record: CallRecord) -> None:
        if record.ending is not None:
            self._ended.put_nowait(record)

    async def next(self) -> CallRecord:
        """The next call that is over."""
        return await asyncio.wait_for(self._ended.get(), 5)


async def nothing_earlier(_: CallId) -> None:
    return None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def door() -> AsyncIterator[Bench]:
    async with Bench(fallback=fallback_conf(acme()), phones_context="callrouter-outbound-agi") as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="session")
async def far(door: Bench) -> AsyncIterator[FarEnd]:
    yield door.far
    await door.far.hang_up_all()


@pytest_asyncio.fixture(loop_scope="session")
async def records(door: Bench) -> AsyncIterator[Records]:
    """The router's FastAGI door is open meanwhile."""
    records, numbers = Records(), itertools.count(1)
    calls = PendingCalls(records, nothing_earlier)
    scripts = Scripts(
        lambda: records.plan,
        lambda: datetime.now(UTC),
        lambda: CallId(f"c{next(numbers)}"),
        calls,
        sounds=door.folder / "prompts",
        pins=Desk(),
    )
    async with FastAgiServer(scripts.by_name()).listening("127.0.0.1", door.agi_port):
        yield records


async def test_a_sales_agent_shows_sales_number_and_the_talk_is_recorded(far: FarEnd, records: Records) -> None:
    calling = await far.phone_dials("alice", "07400123456")
    called = await far.number(OUTSIDE).call()
    await calling.answered()
    assert (called.seen.number, called.seen.name, called.seen.trunk) == ("+442079460100", "Acme Ltd", "voipco")
    await calling.hang_up()

    record = await records.next()
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
    assert (record.person, record.department, record.shown) == ("alice", "sales", "+442079460100")
    assert [(leg.trunk, leg.result) for leg in record.legs] == [("voipco", LegResult.ANSWERED)]


async def test_a_support_agent_shows_supports_number(far: FarEnd, records: Records) -> None:
    await far.phone_dials("carol", "07400123456")

    assert (await far.number(OUTSIDE).call()).seen.number == "+442079460101"


async def test_a_phone_that_asks_for_privacy_is_withheld_from_the_called_party(
    far: FarEnd, records: Records
) -> None:
    await far.phone_dials("alice", "07400123456", withheld=True)
    seen = (await far.number(OUTSIDE).call()).seen

    assert (seen.is_withheld, seen.privacy) == (True, "id")
    assert "+442079460100" in seen.asserted_identity
    assert "442079460100" not in seen.from_header


async def test_an_emergency_call_gets_out(far: FarEnd, records: Records) -> None:
    await far.phone_dials("alice", "999")
    called = await far.number("999").call()

    assert called.seen.number == "+442079460100"


async def test_an_emergency_call_goes_on_also_after_busy(far: FarEnd, records: Records) -> None:
    records.plan = acme(trunks=(VOIPCO, replace(BACKUP, dial="PJSIP/1{number}@backup")))
    await far.number("999").will("busy")
    await far.phone_dials("alice", "999")

    assert (await far.number("1999").call()).seen.trunk == "backup"


async def test_a_failed_trunk_is_followed_by_the_next(far: FarEnd, records: Records) -> None:
    await far.number(OUTSIDE).will("congestion")
    calling = await far.phone_dials("alice", "07400123456")
    called = await far.number("07400123456").call()
    assert called.seen.number == "02079460100"
    await calling.answered()
    await called.hang_up()

    record = await records.next()
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLEE)
    assert [leg.trunk for leg in record.legs] == ["backup"]


OWN_TABLES = {
    "a status that usually stops": ("busy", {486: Failure.TECHNICAL}),
    "a cause that usually stops": ("notfound", {1: Failure.TECHNICAL}),
}


@pytest.mark.parametrize(("does", "causes"), OWN_TABLES.values(), ids=OWN_TABLES)
async def test_a_trunks_own_table_says_when_the_next_is_tried(
    far: FarEnd, records: Records, does: str, causes: dict[int, Failure]
) -> None:
    records.plan = acme(trunks=(replace(VOIPCO, causes=causes), BACKUP))
    await far.number(OUTSIDE).will(does)
    calling = await far.phone_dials("alice", "07400123456")

    assert (await far.number("07400123456").call()).seen.number == "02079460100"
    await calling.answered()


async def test_a_trunks_own_table_says_when_the_next_is_not_tried(far: FarEnd, records: Records) -> None:
    records.plan = acme(trunks=(replace(VOIPCO, causes={503: Failure.NUMBER}), BACKUP))
    await far.number(OUTSIDE).will("congestion")
    calling = await far.phone_dials("alice", "07400123456")

    assert await calling.ended() == 34
    record = await records.next()
    assert [(leg.trunk, leg.result) for leg in record.legs] == [("voipco", LegResult.INVALID_NUMBER)]


async def test_a_denied_caller_hears_why_before_the_refusal(door: Bench, far: FarEnd, records: Records) -> None:
    prompt = door.folder / "prompts" / "acme" / "denied.wav"
    prompt.parent.mkdir(parents=True)
    prompt.write_bytes(tone_wav(440, 2.0))
    rule = DenyRule(path="outbound.deny[0]", name="no", called=patterns(("FR",)), prompt="acme/denied")
    records.plan = replace(acme(), denied=(rule,))

    calling = await far.phone_dials("alice", "0033140205050")
    await calling.early_media()
    heard = await calling.hears()

    assert heard.has_tone(440)
    assert await calling.ended() == 21


async def test_only_who_calls_hears_that_the_talk_is_about_to_end(far: FarEnd, records: Records) -> None:
    records.plan = replace(acme(), limits=Limits(longest_s=62.0))
    calling = await far.phone_dials("alice", "07400123456")
    called = await far.number(OUTSIDE).call()
    await calling.answered()

    ours, theirs = await asyncio.gather(calling.hears(4), called.hears(4))

    assert (ours.is_silent, theirs.is_silent) == (False, True)
    await calling.hang_up()
    await records.next()


@pytest.mark.parametrize(("typed", "goes_out"), [("2468#", True), ("1111#", False)], ids=["right", "wrong"])
async def test_a_pin_is_typed_at_the_phone(far: FarEnd, records: Records, typed: str, goes_out: bool) -> None:
    """The dialplan gave the router 0.8 s: who types has longer, and the routes are dialled all the same."""
    rule = DenyRule(path="outbound.deny[0]", name="mobiles", called=patterns(["+447*"]), pin=True)
    alice = replace(PEOPLE[0], pin=Pin(env="PIN_OF_ALICE"))
    records.plan = replace(acme(people=(alice, *PEOPLE[1:])), denied=(rule,))
    await far.number(OUTSIDE).will("answer", says="440")
    calling = await far.phone_dials("alice", "07400123456")
    await calling.answered()
    for _ in range(1 if goes_out else 3):
        assert not (await calling.hears()).is_silent
        await calling.press(typed)

    if goes_out:
        assert (await calling.hears(2)).has_tone(440)
        await calling.hang_up()
    await calling.ended()
    ending = (await records.next()).ending
    assert ending is not None
    assert ending.outcome is (Outcome.ANSWERED if goes_out else Outcome.REJECTED)


async def test_a_talk_ends_when_it_has_lasted_as_long_as_it_may(far: FarEnd, records: Records) -> None:
    records.plan = replace(acme(), limits=Limits(longest_s=2.0))
    calling = await far.phone_dials("alice", "07400123456")
    await calling.answered()
    await calling.ended()

    record = await records.next()
    assert record.ending is not None
    assert record.ending.outcome is Outcome.ANSWERED
    assert record.talked_s == 2


ENDS = {"busy": (Outcome.BUSY, 17), "ringsip603": (Outcome.REJECTED, 21), "notfound": (Outcome.INVALID_NUMBER, 1)}


@pytest.mark.parametrize(("does", "end"), ENDS.items(), ids=ENDS)
async def test_how_the_called_party_refuses_is_recorded(
    far: FarEnd, records: Records, does: str, end: tuple[Outcome, int]
) -> None:
    await far.number(OUTSIDE).will(does)
    calling = await far.phone_dials("alice", "07400123456")
    record = await records.next()

    assert record.ending is not None
    assert (record.ending.outcome, record.ending.cause) == end
    assert await calling.ended() == end[1]


async def test_a_caller_who_gives_up_has_abandoned(far: FarEnd, records: Records) -> None:
    await far.number(OUTSIDE).will("ring")
    calling = await far.phone_dials("alice", "07400123456")
    await calling.rang()
    await calling.hang_up()
    record = await records.next()

    assert record.ending is not None
    assert record.ending.outcome is Outcome.ABANDONED


async def test_a_number_that_is_none_is_refused_at_once(far: FarEnd, records: Records) -> None:
    calling = await far.phone_dials("alice", "299")

    assert await calling.ended() == 1
    record = await records.next()
    assert record.ending is not None
    assert record.ending.outcome is Outcome.INVALID_NUMBER


async def test_a_colleague_sees_who_calls(far: FarEnd, records: Records) -> None:
    calling = await far.phone_dials("alice", "203")
    called = await far.phone("carol").call()
    assert (called.seen.number, called.seen.name) == ("201", "Alice")
    await calling.hang_up()

    assert (await records.next()).direction is Direction.INTERNAL
