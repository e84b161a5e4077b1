"""What a scan finds after a kill, a cut or a lost request, while calls begin and end around it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytest import approx

from router.ari.transport import Response
from router.calls.reconcile import reconcile
from router.calls.sweep import sweep
from router.model.ending import LegResult, Outcome, Party
from router.model.record import CallRecord
from tests.calls.house import House, nothing_left, only, place
from tests.calls.test_when_things_break import RING, kill, scene, start_again
from tests.rules.acme import acme
from tests.rules.conftest import PLAY, VOICEMAIL, ring
from tests.support.clock import run
from tests.support.fake.bridges import Bridge
from tests.support.fake.channel import Channel
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import INBOUND, OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, busy, early_media, never_answers

MESSAGE = only(VOICEMAIL)
SPEAKER = Caller(message_s=30.0, hangs_up_after_s=300.0)


async def scan(house: House) -> None:
    await reconcile(house.live, house.ledger)  # type: ignore[arg-type]


async def sweep_at(house: House) -> int:
    return await sweep(house.live, house.plan, house.ledger)  # type: ignore[arg-type]


async def record_of(house: House) -> CallRecord:
    await house.write_records()
    [record] = house.ledger.records.values()
    return record


def slowly(house: House, path: str, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """The first GET of that path is answered as things stand, but `meanwhile` happens before the answer comes."""
    real, met = house.asterisk.request, list[str]()

    async def request(method: str, asked: str, **rest: Any) -> Response:
        answer = await real(method, asked, **rest)
        if (method, asked) == ("GET", path) and not met:
            met.append(asked)
            await meanwhile()
        return answer

    house.asterisk.request = request  # type: ignore[method-assign]


# ---- a talk


def test_a_number_that_only_rings_in_the_callers_bridge_is_no_talk() -> None:
    """It was recorded as answered, and the caller heard ringing for ever."""

    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(2.0)
        assert len(next(iter(house.asterisk.pbx.bridges.values())).members) == 2
        await kill(house)
        await start_again(house)
        await asyncio.sleep(1.0)
        assert house.asterisk.left_behind() == []
        assert line.location.startswith("callrouter-fallback")
        record = await record_of(house)
        assert record.answered_at is None
        line.hang_up()
        await scan(house)
        assert (await record_of(house)).ending is not None

    async def main() -> None:
        async with FakeAsterisk(phones={"voipco": early_media()}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            line = asterisk.call(Caller(), to="02079460999", door=OUTBOUND, endpoint="alice")
            await story(house, line)

    run(main())


def test_a_talk_whose_record_was_never_written_is_adopted_once_and_ends_whole() -> None:
    """Its bridge was taken for another's, adopted anew by each scan, and stayed behind."""

    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        lost = dict(house.ledger.records)
        house.ledger.records.clear()
        await start_again(house)
        await scan(house)
        assert len(house.live.calls) == 1
        record = await house.over(line)
        assert [record.id] == [*lost]
        assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


def test_who_took_an_adopted_talk_is_on_the_phone_also_without_a_record() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        house.ledger.records.clear()
        await start_again(house)
        await asyncio.sleep(0.1)
        assert house.staff.is_talking("alice")
        await house.over(line)
        assert not house.staff.is_talking("alice")

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


def test_music_that_still_played_when_we_were_killed_ends() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        next(iter(house.asterisk.pbx.bridges.values())).has_music = True
        await start_again(house)
        await asyncio.sleep(0.1)
        assert not next(iter(house.asterisk.pbx.bridges.values())).has_music
        await house.over(line)
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=30.0))


def test_a_third_party_in_the_bridge_of_an_adopted_talk_is_hung_up() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await kill(house)
        pbx = house.asterisk.pbx
        bridge = next(iter(pbx.bridges.values()))
        third = await pbx.carry_out(
            "POST",
            "channels/create",
            {"endpoint": "PJSIP/bob", "app": "callrouter", "channelId": "callrouter.x.leg9"},
            None,
        )
        assert third.status == 200
        await asyncio.sleep(0.1)
        bridge.add(pbx.channels["callrouter.x.leg9"])
        await start_again(house)
        await asyncio.sleep(0.5)
        assert len(bridge.members) == 2
        await house.over(line)
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0), "bob": never_answers()}, caller=Caller(talks_for_s=30.0))


def test_an_adopted_click_to_call_talk_keeps_both_its_legs() -> None:
    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "voipco": answers(after_s=1.0, talks_for_s=40.0)}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            house.live.place("alice", "02079460999")
            await asyncio.sleep(10.0)
            await kill(house)
            await start_again(house)
            while house.live.calls:
                await asyncio.sleep(1.0)
            record = await record_of(house)
            assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLEE)
            assert [leg.result for leg in record.legs] == [LegResult.ANSWERED, LegResult.ANSWERED]
            nothing_left(house)

    run(main())


@pytest.mark.parametrize("who", ["alice", "voipco"])
def test_who_left_an_adopted_click_to_call_talk_unheard_ends_it_also_without_a_record(who: str) -> None:
    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "voipco": answers(after_s=1.0)}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            house.live.place("alice", "02079460999")
            await asyncio.sleep(10.0)
            await kill(house)
            house.ledger.records.clear()
            await start_again(house)
            asterisk.events_down()
            asterisk.leg(who).hang_up()
            await asyncio.sleep(1.0)
            asterisk.events_up()
            await scan(house)
            async with asyncio.timeout(60.0):
                while house.live.calls:
                    await asyncio.sleep(1.0)
            record = await record_of(house)
            assert record.ending and record.ending.outcome is Outcome.ANSWERED
            nothing_left(house)

    run(main())


# ---- a message


def test_a_message_being_left_when_we_were_killed_is_adopted() -> None:
    """Having spoken, callers heard the department ring once more."""

    async def story(house: House, line: Line) -> None:
        await line.heard_beep.wait()
        await kill(house)
        await start_again(house)
        await asyncio.sleep(5.0)
        line.press("#")
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.VOICEMAIL
        assert line.location in ("", "callrouter-inbound,+442079460100,next"), "never at the fallback"
        assert [message.id for message in house.kept.messages] == [record.id]
        nothing_left(house)

    scene(story, plan=MESSAGE, caller=SPEAKER)


@pytest.mark.parametrize(("how", "result"), [("killed", None), ("stopped", LegResult.BUSY)])
def test_a_call_whose_message_is_adopted_still_tells_whom_it_rang(how: str, result: LegResult | None) -> None:
    """The result of a leg that ended just before a kill is not known to the next router."""

    async def story(house: House, line: Line) -> None:
        await line.heard_beep.wait()
        if how == "killed":
            await kill(house)
        else:
            await house.live.stop()
            await house.write_records()
        await start_again(house)
        await asyncio.sleep(2.0)
        line.press("#")
        record = await house.over(line)
        assert [(leg.person, leg.result) for leg in record.legs] == [("alice", result)]
        assert any("rings alice" in line.what for line in record.trace)
        nothing_left(house)

    scene(
        story,
        plan=only(ring("alice", for_s=5.0), VOICEMAIL),
        phones={"alice": busy(after_s=0.5)},
        caller=SPEAKER,
    )


def test_a_caller_may_end_an_adopted_message_by_hanging_up() -> None:
    async def story(house: House, line: Line) -> None:
        await line.heard_beep.wait()
        await house.live.stop()
        await house.write_records()
        house.start()
        await scan(house)
        await asyncio.sleep(5.0)
        line.hang_up()
        record = await house.over(line)
        assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.VOICEMAIL, Party.CALLER)
        assert len(house.kept.messages) == 1
        nothing_left(house)

    scene(story, plan=MESSAGE, caller=SPEAKER)


@pytest.mark.parametrize("ends", ["hanging up", "#"])
def test_a_message_left_while_we_were_dead_is_kept_and_its_call_did_not_fail(ends: str) -> None:
    async def story(house: House, line: Line) -> None:
        await line.heard_beep.wait()
        await kill(house)
        await asyncio.sleep(5.0)
        line.press("#") if ends == "#" else line.hang_up()
        await asyncio.sleep(1.0)
        await start_again(house)
        await line.ended.wait()
        assert await sweep_at(house) == 1
        record = await record_of(house)
        assert record.ending and record.ending.outcome is Outcome.VOICEMAIL
        assert [message.id for message in house.kept.messages] == [record.id] == [record.message_id]
        nothing_left(house)

    scene(story, plan=MESSAGE, caller=SPEAKER)


# ---- a caller


def test_a_waiting_caller_whose_lease_is_all_but_over_is_not_taken_for_one_who_had_talked() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        await kill(house)
        line.channel.set_lease(0.5)
        await start_again(house)
        await asyncio.sleep(0.1)
        assert line.ended_at_s is None
        assert line.location.startswith("callrouter-fallback")

    scene(story)


def test_a_caller_whom_the_dialplan_took_back_while_the_socket_was_cut_stops_every_phone() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(3.0)
        house.asterisk.events_down()
        line.channel.set_lease(0.1)
        await asyncio.sleep(1.0)
        house.asterisk.events_up()
        await scan(house)
        await asyncio.sleep(1.0)
        assert house.asterisk.leg("alice").ended_at_s is not None
        assert not house.live.calls
        assert line.ended_at_s is None

    scene(story)


# ---- what happens while we look


def test_a_phone_asked_for_during_the_scan_is_not_missed() -> None:
    """It rang on, and its answer reached nobody."""

    async def story(house: House, line: Line) -> None:
        async def until_ringing() -> None:
            while not house.asterisk.legs:
                await asyncio.sleep(0.01)

        slowly(house, "channels", until_ringing)
        await asyncio.sleep(2.0)
        await scan(house)
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        nothing_left(house)

    scene(
        story,
        plan=only(PLAY, ring("alice", for_s=20.0)),
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(talks_for_s=5.0),
    )


def test_a_click_to_call_that_begins_during_the_scan_goes_on() -> None:
    async def main() -> None:
        phones = {"alice": answers(after_s=1.0), "voipco": answers(after_s=1.0, talks_for_s=5.0)}
        async with FakeAsterisk(phones=phones, app="callrouter", latency_s=0.4) as asterisk:
            house = House(asterisk=asterisk, plan=acme())
            house.live.place("alice", "02079460999")
            await asyncio.sleep(0.0)
            await scan(house)
            while house.live.calls:
                await asyncio.sleep(1.0)
            record = await record_of(house)
            assert record.ending and record.ending.outcome is Outcome.ANSWERED
            nothing_left(house)

    run(main())


def test_a_call_that_ends_during_the_scan_keeps_its_own_end() -> None:
    """Its record was written anew as ended by us, from what the store had of it before."""

    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await house.write_records()

        async def until_over() -> None:
            line.hang_up()
            while house.live.calls:
                await asyncio.sleep(0.01)

        slowly(house, "bridges", until_over)
        await scan(house)
        record = await house.settled(line)
        assert record.ending and (record.ending.outcome, record.ending.by) == (Outcome.ANSWERED, Party.CALLER)
        assert not any("adopted" in line.what for line in record.trace)
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)})


def test_an_end_still_on_its_way_to_the_store_stands() -> None:
    async def story(house: House, line: Line) -> None:
        await line.is_talking.wait()
        await house.write_records()
        line.hang_up()
        await line.ended.wait()
        await asyncio.sleep(1.0)
        await scan(house)  # the store still has the call without an end
        record = await record_of(house)
        assert record.ending and record.ending.by is Party.CALLER

    scene(story, phones={"alice": answers(after_s=1.0)})


def test_a_phone_whose_start_was_missed_is_dialled_after_all() -> None:
    async def story(house: House, line: Line) -> None:
        while ("POST", "channels/create") not in house.asterisk.requests:
            await asyncio.sleep(0.0001)
        house.asterisk.events_down()
        await asyncio.sleep(2.0)
        house.asterisk.events_up()
        await scan(house)
        record = await house.over(line)
        assert record.ending and record.ending.outcome is Outcome.ANSWERED
        nothing_left(house)

    scene(story, phones={"alice": answers(after_s=1.0)}, caller=Caller(talks_for_s=5.0))


def test_scans_in_the_midst_of_calls_change_nothing() -> None:
    for moment_ms in range(0, 12_000, 130):

        async def look(house: House, line: Line, at_s: float = moment_ms / 1000) -> None:
            await asyncio.sleep(at_s)
            await scan(house)

        call = place(
            plan=only(PLAY, ring("alice", for_s=5.0), VOICEMAIL),
            phones={"alice": answers(after_s=1.0)},
            latency_s=0.05,
            caller=Caller(talks_for_s=3.0),
            meanwhile=look,
        )
        assert (call.outcome, call.record.talked_s) == (Outcome.ANSWERED, approx(3.0, abs=0.3)), moment_ms


def test_what_another_router_has_on_the_same_asterisk_is_left_alone() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": answers()}, app="callrouter") as asterisk:
            house, pbx = House(asterisk=asterisk, plan=RING), asterisk.pbx
            theirs = Channel(
                pbx, id="callrouter.other.leg1", endpoint="alice", state="Up", context="", exten="", is_leg=True
            )
            theirs.subscriptions = 0
            bridge = Bridge(pbx, id="callrouter.other.bridge", name="", type="mixing")
            bridge.members.append(theirs)
            pbx.channels[theirs.id], pbx.bridges[bridge.id] = theirs, bridge
            await scan(house)
            assert theirs.id in pbx.channels and bridge.id in pbx.bridges

    run(main())


def test_what_a_lost_request_left_is_found_by_the_next_scan() -> None:
    async def story(house: House, line: Line) -> None:
        await asyncio.sleep(2.0)
        leg = next(leg for call in house.live.calls.values() for leg in call.legs)
        leg.ended_at = leg.dialled_at  # we believe it gone
        assert leg.id in house.asterisk.pbx.channels
        await scan(house)
        await asyncio.sleep(0.1)
        assert leg.id not in house.asterisk.pbx.channels

    scene(story, door=INBOUND)
