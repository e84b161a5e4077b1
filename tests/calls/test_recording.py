"""Recording talks: who hears that it is done, what is left out, and that the talk never suffers for it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pytest import approx

from router.ari.models import Event
from router.ari.transport import Response
from router.calls.digits import Sequence
from router.calls.filing import Filing, file_talks
from router.calls.reconcile import reconcile
from router.calls.recording import PIECE_S
from router.model.department import DialPlan, Feature, Recording
from router.model.ending import Outcome
from router.model.talk import TalkName
from tests.calls.house import House, Placed, nothing_left, place
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, busy, transfers

ANNOUNCED = Recording(always=True, announce="acme/welcome")  # 3 s
SILENTLY = Recording(always=True)
ON_DEMAND = Recording(always=False, announce="acme/welcome")
BEEPED = Recording(always=False)
SAID = "prompt:acme/welcome"


def company(recording: Recording | None) -> DialPlan:
    sales = replace(SALES, open=(ring("alice"),), hours=None, closed=(), recording=recording)
    return replace(acme(departments=(sales, SUPPORT)), codes={"*1": Feature.RECORD})


SCENE = (  # announced, recorded, paused, passed on
    company(ANNOUNCED),
    {
        "alice": [
            answers(after_s=1.0, talks_for_s=20.0, presses={6.0: "*1", 9.0: "*1", 12.0: "*1"}),
            transfers("202", after_s=8.0),
        ],
        "bob": answers(after_s=2.0, talks_for_s=10.0),
    },
)


def talk(
    recording: Recording | None,
    *,
    presses: Mapping[float, str] | None = None,
    for_s: float = 20.0,
    caller: Caller | None = None,
    **more: Any,
) -> Placed:
    """A caller and alice, who answers after 1 s."""
    phones = {"alice": answers(after_s=1.0, presses=presses)}
    caller = caller or Caller(talks_for_s=for_s)
    return place(plan=company(recording), phones=phones, caller=caller, **more)


def lengths_s(placed: Placed) -> list[float]:
    """Of what is recorded, in order."""
    stored = placed.asterisk.stored_recordings
    return [(len(stored[name]) - 44) / 16_000 for name in placed.record.recordings]


def test_a_talk_is_announced_to_both_and_then_recorded_to_its_end() -> None:
    placed = talk(ANNOUNCED)

    assert any(SAID in span.what for span in placed.line.heard)
    assert any(SAID in span.what for span in placed.leg("alice").heard)
    assert lengths_s(placed) == [approx(17.0, abs=0.2)]
    assert placed.outcome is Outcome.ANSWERED


def test_its_name_says_whose_and_which_call_it_is_and_nothing_of_the_caller() -> None:
    placed = talk(SILENTLY, caller=Caller(number="+447400999999", name="../x", talks_for_s=5.0))

    (name,) = placed.record.recordings
    parsed = TalkName.parse(name)
    assert parsed is not None
    assert (parsed.department, parsed.call, parsed.number) == ("sales", placed.record.id, 1)
    assert "447400999999" not in name


def test_without_an_announcement_nobody_hears_of_it() -> None:
    placed = talk(SILENTLY)

    assert not any("prompt" in span.what or "beep" in span.what for span in placed.line.heard)
    assert lengths_s(placed) == [approx(20.0, abs=0.2)]


def test_what_cannot_be_announced_is_not_recorded() -> None:
    async def no_prompts(house: House, line: Line) -> None:
        house.asterisk.pbx._prompts = {"acme/welcome": 0.0}

    placed = talk(ANNOUNCED, meanwhile=no_prompts)

    assert placed.record.recordings == ()
    assert not placed.asterisk.stored_recordings
    assert "the talk could not be recorded" in [line.what for line in placed.record.trace]
    assert placed.record.talked_s == approx(20.0, abs=0.2)


@pytest.mark.parametrize("recording", [None, ON_DEMAND])
def test_a_talk_is_recorded_only_where_its_department_wants_it(recording: Recording | None) -> None:
    assert talk(recording).record.recordings == ()


def test_a_colleague_begins_pauses_and_goes_on_by_code() -> None:
    placed = talk(BEEPED, presses={2.0: "*1", 7.0: "*1", 12.0: "*1"})

    assert lengths_s(placed) == [approx((7.0 - 2.4) + (20.0 - 12.0), abs=0.3)]
    assert [line.what for line in placed.record.trace][-3:] == [
        "records the talk",
        "the recording is paused",
        "the recording goes on",
    ]


def test_begun_by_code_it_is_announced_as_well() -> None:
    placed = talk(ON_DEMAND, presses={2.0: "*1"})

    assert any(SAID in span.what for span in placed.line.heard)
    assert lengths_s(placed) == [approx(15.0, abs=0.3)]


def test_the_caller_cannot_begin_or_stop_it() -> None:
    pressing = Caller(talks_for_s=20.0, presses={5.0: "*1", 8.0: "*1"})

    assert talk(BEEPED, caller=pressing).record.recordings == ()
    assert lengths_s(talk(SILENTLY, caller=pressing)) == [approx(20.0, abs=0.2)]


def test_a_code_pressed_too_slowly_or_by_two_is_none() -> None:
    assert talk(BEEPED, presses={2.0: "*", 8.0: "1"}).record.recordings == ()
    assert (
        talk(BEEPED, presses={4.0: "1"}, caller=Caller(talks_for_s=20.0, presses={4.5: "*"})).record.recordings
        == ()
    )


def test_who_calls_out_may_record_the_talk_too() -> None:
    placed = place(
        "+33140205050",
        endpoint="alice",
        door=OUTBOUND,
        plan=company(ON_DEMAND),
        phones={"voipco": answers(after_s=1.0)},
        caller=Caller(talks_for_s=20.0, presses={5.0: "*1"}),
    )

    assert len(placed.record.recordings) == 1


def test_a_talk_that_is_always_recorded_is_not_when_one_calls_out() -> None:
    placed = place(
        "+33140205050",
        endpoint="alice",
        door=OUTBOUND,
        plan=company(SILENTLY),
        phones={"voipco": answers(after_s=1.0)},
        caller=Caller(talks_for_s=20.0),
    )

    assert placed.record.recordings == ()


def test_a_long_talk_is_recorded_in_pieces() -> None:
    placed = talk(SILENTLY, for_s=2 * PIECE_S + 60.0)

    assert lengths_s(placed) == [approx(PIECE_S), approx(PIECE_S), approx(60.0, abs=0.5)]


@pytest.mark.parametrize("asked", ["POST bridges", "POST recordings"])
def test_asterisk_may_refuse_what_it_will_and_the_talk_goes_on(asked: str) -> None:
    method, _, what = asked.partition(" ")

    async def refuse(house: House, line: Line) -> None:
        carry_out = house.asterisk.pbx.carry_out

        async def refusing(verb: str, path: str, *rest: Any) -> Any:
            if verb == method and path.startswith(what) and path.rpartition("/")[2] in ("record", "pause"):
                return Response(500, b'{"error":"Allocation failed"}')
            return await carry_out(verb, path, *rest)

        house.asterisk.pbx.carry_out = refusing  # type: ignore[method-assign]

    placed = talk(SILENTLY, presses={5.0: "*1"}, meanwhile=refuse)

    assert placed.outcome is Outcome.ANSWERED
    assert placed.record.talked_s == approx(20.0, abs=0.2)


# ---- home


def test_a_finished_recording_is_safe_with_us_before_it_is_gone_from_asterisk() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": answers(after_s=1.0)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=company(SILENTLY))
            record = await house.over(asterisk.call(Caller(talks_for_s=10.0), to="+442079460100"))
            house.talks.refuses = True
            assert await file_talks(house.live, house.ledger) == 0  # type: ignore[arg-type]
            assert list(asterisk.stored_recordings) == list(record.recordings)

            house.talks.refuses = False
            assert await file_talks(house.live, house.ledger) == 1  # type: ignore[arg-type]
            assert not asterisk.stored_recordings
            assert [str(name) for name in house.talks.kept] == list(record.recordings)

    run(main())


def test_an_empty_recording_is_not_kept() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=company(SILENTLY))
            asterisk.store_recording("callrouter-talk.sales.1795514400.abc.1", 0.0)
            asterisk.store_recording("something-else", 9.0)
            await file_talks(house.live, house.ledger)  # type: ignore[arg-type]

            assert list(asterisk.stored_recordings) == ["something-else"]
            assert not house.talks.kept

    run(main())


def test_a_recording_outlives_the_router_that_began_it() -> None:
    """The next router adopts the talk with its recording, heeds the code, and files it under the call."""

    async def main() -> None:
        phones = {"alice": answers(after_s=1.0, presses={20.0: "*1", 25.0: "*1"})}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=company(SILENTLY))
            line = asterisk.call(Caller(talks_for_s=40.0), to="+442079460100")
            await asyncio.sleep(5.0)
            await house.write_records()
            house.kill()
            await asyncio.sleep(3.0)
            house.start()
            asterisk.events_up()
            await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
            assert await file_talks(house.live, house.ledger) == 0  # type: ignore[arg-type]

            record = await house.over(line)
            await file_talks(house.live, house.ledger)  # type: ignore[arg-type]
            await house.write_records()

            (name,) = house.talks.kept
            assert name.call == record.id
            assert (len(house.talks.kept[name]) - 44) / 16_000 == approx(35.0, abs=0.5)
            assert house.ledger.records[record.id].recordings == (str(name),)
            nothing_left(house)

    run(main())


def test_a_talk_that_ended_while_no_router_was_there_is_filed_under_its_call() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": answers(after_s=1.0)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=company(SILENTLY))
            line = asterisk.call(Caller(talks_for_s=10.0), to="+442079460100")
            await asyncio.sleep(5.0)
            await house.write_records()
            (call_id,) = house.ledger.records
            house.kill()
            await line.ended.wait()
            house.start()
            asterisk.events_up()
            await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
            await house.live._errands.settled()
            while asterisk.pbx.live:
                await asyncio.sleep(0.1)

            await file_talks(house.live, house.ledger)  # type: ignore[arg-type]
            await house.write_records()

            assert [name.call for name in house.talks.kept] == [call_id]
            assert len(house.ledger.records[call_id].recordings) == 1
            nothing_left(house)

    run(main())


# ---- codes


@pytest.mark.parametrize(
    ("keys", "ends"),
    [
        ([("*", "a", 0.0), ("1", "a", 1.0)], [False, True]),
        ([("9", "a", 0.0), ("*", "a", 0.5), ("1", "a", 1.0)], [False, False, True]),
        ([("*", "a", 0.0), ("1", "a", 3.1)], [False, False]),
        ([("*", "a", 0.0), ("1", "b", 1.0)], [False, False]),
        ([("*", "a", 0.0), ("1", "a", 1.0), ("1", "a", 2.0)], [False, True, False]),
        ([("*", "a", 0.0), ("*", "a", 0.2), ("1", "a", 0.4)], [False, False, True]),
    ],
)
def test_a_code_is_noticed_at_its_last_key(keys: list[tuple[str, str, float]], ends: list[bool]) -> None:
    sequence = Sequence(["*1"])

    assert [sequence.ends(*each) for each in keys] == ends


def test_without_a_code_no_key_ends_one() -> None:
    sequence = Sequence([])

    assert not any(sequence.ends(key, "a", 0.0) for key in "*1*2#")


# ---- transfers


def passed_on(to: str, recording: Recording = ANNOUNCED, **phones: Any) -> Placed:
    """Alice answers after nothing, and after ten seconds passes the caller on."""
    return place(
        plan=company(recording),
        caller=Caller(hangs_up_after_s=60.0),
        phones={"alice": transfers(to, after_s=10.0), **phones},
    )


def test_who_is_passed_on_is_told_anew_with_the_new_colleague_and_what_is_between_is_not_recorded() -> None:
    placed = passed_on("202", bob=answers(after_s=5.0, talks_for_s=20.0))

    assert any(SAID in span.what for span in placed.leg("bob").heard)
    assert lengths_s(placed) == [approx(10.0 - 3.0, abs=0.3), approx(20.0 - 3.0, abs=0.3)]


def test_a_talk_that_goes_on_after_a_transfer_failed_goes_on_being_recorded() -> None:
    placed = passed_on("202", bob=busy(after_s=5.0))

    assert lengths_s(placed) == [approx(60.0 - 3.0 - 5.0, abs=0.4)]


def test_a_department_that_records_nothing_does_not_go_on_recording() -> None:
    placed = passed_on("601", carol=answers(after_s=5.0, talks_for_s=20.0))

    assert lengths_s(placed) == [approx(10.0 - 3.0, abs=0.3)]


def test_a_recording_begun_by_code_ends_with_the_colleague_who_began_it() -> None:
    async def presses(house: House, line: Line) -> None:
        await asyncio.sleep(2.0)
        house.asterisk.leg("alice").press("*1")

    placed = place(
        plan=company(BEEPED),
        caller=Caller(hangs_up_after_s=60.0),
        phones={"alice": transfers("202", after_s=10.0), "bob": answers(after_s=5.0)},
        meanwhile=presses,
    )

    assert lengths_s(placed) == [approx(10.0 - 2.4, abs=0.3)]


# ---- whenever somebody hangs up


@pytest.mark.parametrize("latency_s", [0.0, 0.05, 0.4])
def test_nothing_is_left_behind_whenever_the_caller_hangs_up(latency_s: float) -> None:
    for moment_ms in range(900, 9000, 50):
        talk(
            ANNOUNCED,
            presses={4.5: "*1", 6.5: "*1"},
            caller=Caller(hangs_up_after_s=moment_ms / 1000),
            latency_s=latency_s,
        )


def test_a_customer_whom_a_colleague_had_called_and_passed_on_cannot_record() -> None:
    """Their channel is the caller of the talk that follows, though not a colleague's."""

    async def story(house: House, line: Line) -> None:
        asyncio.get_running_loop().call_later(5.0, line.ask_transfer, "203")
        await asyncio.sleep(12.0)
        assert house.staff.is_talking("carol")
        house.asterisk.leg("voipco").press("*1")
        await asyncio.sleep(3.0)
        assert not house.asterisk.pbx.live
        house.asterisk.leg("carol").press("*1")
        await asyncio.sleep(3.0)
        assert house.asterisk.pbx.live

    phones = {"voipco": answers(after_s=1.0), "carol": answers(after_s=1.0, talks_for_s=30.0)}
    place(
        "02079460999",
        plan=company(BEEPED),
        door=OUTBOUND,
        endpoint="alice",
        caller=Caller(number="alice", hangs_up_after_s=100.0),
        phones=phones,
        meanwhile=story,
    )


async def bring_home(house: House) -> None:
    """What the service's part does all the time, for as long as somebody awaits it."""
    filing = Filing(house.live, house.ledger)  # type: ignore[arg-type]

    def take(event: Event) -> None:
        house.live.take(event)
        filing.take(event)

    house.ari.on_event = take
    await filing.run()


def test_a_recording_comes_home_as_soon_as_it_has_ended_and_what_waited_within_a_minute() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={"alice": answers(after_s=1.0)}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=company(SILENTLY))
            part = asyncio.ensure_future(bring_home(house))
            await house.over(asterisk.call(Caller(talks_for_s=10.0), to="+442079460100"))
            await asyncio.sleep(0.1)
            assert len(house.talks.kept) == 1

            house.talks.refuses = True
            await house.over(asterisk.call(Caller(talks_for_s=10.0), to="+442079460100"))
            await asyncio.sleep(0.1)
            assert len(asterisk.stored_recordings) == 1
            house.talks.refuses = False
            await asyncio.sleep(60.0)
            assert len(house.talks.kept) == 2
            part.cancel()

    run(main())
