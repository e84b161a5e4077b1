"""Calls that a plain dialplan carries beside a connected router: counted where they are, and ended for help."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.asterisk.routed import Routed, routed
from tests.asterisk.test_failover import PARIS, trunk
from tests.asterisk.test_inbound_calls import outcome, results
from tests.support.asterisk import ROOT

PLAN = Path(__file__).parent / "agi_plan"
OTHER, OTHER_BY_BACKUP = "+442079460998", "02079460998"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def by_agi(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Routed]:
    conf = Path(shutil.copytree(ROOT / "asterisk-conf", tmp_path_factory.mktemp("conf") / "conf"))
    pjsip = conf / "pjsip.conf"
    pjsip.write_text(pjsip.read_text().replace("@PHONES_CONTEXT@", "callrouter-outbound-agi"))
    async with routed(PLAN, conf=conf) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(by_agi: Routed) -> AsyncIterator[Routed]:
    yield by_agi
    await by_agi.far.hang_up_all()
    await by_agi.nothing_left()


async def until_channels(house: Routed, **wanted: int) -> None:
    async with asyncio.timeout(5.0):
        while {name: (await trunk(house, name))["channels"] for name in wanted} != wanted:
            await asyncio.sleep(0.05)


async def test_a_channel_counts_on_the_trunk_by_which_the_dialplan_calls_now(house: Routed) -> None:
    await house.far.number(PARIS).will("sip503")
    bob = await house.far.phone_dials("bob", PARIS)
    await bob.answered()
    await until_channels(house, voipco=0, backup=1)
    await bob.hang_up()
    await until_channels(house, voipco=0, backup=0)


async def test_a_call_of_the_dialplan_ends_for_one_for_help_when_every_channel_is_taken(house: Routed) -> None:
    since = len(house.router.log)
    await house.far.number(PARIS).will("answer")
    bob = await house.far.phone_dials("bob", PARIS)
    await bob.answered()
    await house.far.number(OTHER_BY_BACKUP).will("ring")
    carol = await house.far.phone_dials("carol", OTHER)
    await house.far.number(OTHER_BY_BACKUP).call()
    await until_channels(house, voipco=1, backup=1)

    await house.far.number("999").will("answer")
    alice = await house.far.phone_dials("alice", "999", says="880")
    help_ = await house.far.number("999").call()
    await alice.answered()
    await carol.ended()

    assert (await help_.hears()).has_tone(880)
    assert bob.is_up
    line = await house.router.logged("call ended to make room for an emergency call", since=since)
    assert line["trunk"] == "backup"
    ended = await house.record(line["ended"])
    assert (ended.person, outcome(ended)) == ("carol", "abandoned")
    assert "ended to make room on backup for an emergency call" in [each.what for each in ended.trace]
    told = (await house.router.logged("agi call decided", since=since, routes=["backup", "voipco"]))["call"]
    await alice.hang_up()
    assert results(await house.record(told)) == {"backup": "answered"}
