"""Voicemail: how a message ends, what is kept, and that it is safe with us before it is gone from Asterisk."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pytest import MonkeyPatch, approx

from router.calls.exchange import CallLimits
from router.calls.sweep import sweep
from router.model.ending import Outcome, Party
from router.model.message import RecordingName
from tests.calls.house import House, only, place
from tests.rules.conftest import VOICEMAIL, public, ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake.recordings import LiveRecording
from tests.support.fake_asterisk import FakeAsterisk
from tests.support.phones import Caller, Ends, never_answers


@pytest.mark.parametrize(
    ("ends", "by"),
    [(Ends.BY_HANGING_UP, Party.CALLER), (Ends.WITH_HASH, Party.US), (Ends.BY_SILENCE, Party.US)],
)
def test_a_message_ends_by_hanging_up_by_hash_or_by_silence(ends: Ends, by: Party) -> None:
    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=8.0, ends_message=ends, hangs_up_after_s=60.0))

    assert call.outcome is Outcome.VOICEMAIL
    assert call.record.ending and call.record.ending.by is by
    assert len(call.house.kept.messages) == 1
    assert call.line.ended_at_s is not None and call.line.ended_at_s < 30.0


def test_a_message_for_a_person_who_does_not_answer_is_theirs() -> None:
    plan, own = only(VOICEMAIL), public("+442079460120")
    alice = replace(plan.people["alice"], numbers=(own,), email="alice@acme.example")
    plan = replace(plan, people={**plan.people, "alice": alice}, person_of={own.value: "alice"})

    call = place(
        own.value, plan=plan, phones={"alice": never_answers()}, caller=Caller(message_s=8.0, hangs_up_after_s=90.0)
    )

    assert call.outcome is Outcome.VOICEMAIL
    [message] = call.house.kept.messages
    assert (message.department, message.department_name, message.to) == ("alice", "Alice", ("alice@acme.example",))
    assert call.record.department is None


def test_a_message_that_never_ends_is_cut_at_the_longest() -> None:
    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=900.0))

    assert call.outcome is Outcome.VOICEMAIL
    assert call.line.heard.seconds("recording") == approx(120.0, abs=2.0)


def test_a_message_whose_end_is_not_told_is_fetched_all_the_same_also_of_who_presses_keys() -> None:
    async def untold(house: House, line: Line) -> None:
        house.asterisk.pbx.filtered |= {"RecordingFinished"}

    keys = {float(at_s): "5" for at_s in range(30, 600, 30)}
    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=900.0, presses=keys), meanwhile=untold)

    assert call.outcome is Outcome.VOICEMAIL
    assert len(call.house.kept.messages) == 1
    assert call.line.ended_at_s == approx(134.0, abs=0.5), "4 s of greeting; the lease lasts a second longer"


@pytest.mark.parametrize("caller", [Caller(message_s=0.4), Caller(sends_sound=False, hangs_up_after_s=30.0)])
def test_a_message_too_short_or_without_sound_is_dropped_with_a_record(caller: Caller) -> None:
    call = place(plan=only(VOICEMAIL), caller=caller)

    assert call.outcome is Outcome.ABANDONED
    assert call.house.kept.messages == []
    assert not call.asterisk.stored_recordings
    assert any("too short" in line.what for line in call.record.trace)


def test_a_caller_who_hangs_up_on_the_greeting_leaves_nothing() -> None:
    call = place(plan=only(VOICEMAIL), caller=Caller(hangs_up_after_s=2.0))

    assert call.outcome is Outcome.ABANDONED
    assert call.house.kept.messages == []


def test_while_our_disk_refuses_the_message_stays_in_asterisk_and_is_fetched_later() -> None:
    async def refuse(house: House, line: Line) -> None:
        house.kept.refuses = True

    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=8.0), meanwhile=refuse)
    assert call.house.kept.messages == []
    assert len(call.asterisk.stored_recordings) == 1
    name = RecordingName.parse(next(iter(call.asterisk.stored_recordings)))
    assert name is not None and (name.department, name.caller, name.id) == ("sales", "447400123457", call.record.id)


def test_a_sweep_fetches_what_the_fallback_dialplan_recorded() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=only(VOICEMAIL))
            asterisk.store_recording("callrouter.sales.1795514400.447400123457.17955144001", 9.0)
            asterisk.store_recording("callrouter.sales.1795514500.none.17955145002", 9.0)
            asterisk.store_recording("something-else", 9.0)

            assert await sweep(house.live, house.plan, house.ledger) == 2  # type: ignore[arg-type]

            assert sorted(m.caller_number for m in house.kept.messages) == ["+447400123457", "unknown"]
            assert all(m.call_id == "" and m.department_name == "Sales" for m in house.kept.messages)
            assert list(asterisk.stored_recordings) == ["something-else"]

    run(main())


def test_a_sweep_leaves_the_message_of_a_live_call_alone() -> None:
    async def sweep_meanwhile(house: House, line: Line) -> None:
        await line.heard_beep.wait()
        assert await sweep(house.live, house.plan, house.ledger) == 0  # type: ignore[arg-type]

    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=8.0), meanwhile=sweep_meanwhile)

    assert len(call.house.kept.messages) == 1


def test_a_sweep_leaves_a_message_alone_that_the_dialplan_is_still_recording() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            line = asterisk.call(Caller(hangs_up_after_s=20.0), to="+442079460100")
            await asyncio.sleep(1.0)  # nobody claims the call: the fallback records
            name = f"callrouter.sales.1795514400.none.{line.channel.id.replace('.', '')}"
            asterisk.store_recording(name, 9.0)
            house = House(asterisk=asterisk, plan=only(VOICEMAIL))

            assert await sweep(house.live, house.plan, house.ledger) == 0  # type: ignore[arg-type]
            await line.ended.wait()
            assert await sweep(house.live, house.plan, house.ledger) == 1  # type: ignore[arg-type]

    run(main())


def test_a_name_of_a_department_that_is_no_more_still_reaches_somebody() -> None:
    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=only(VOICEMAIL))
            asterisk.store_recording("callrouter.legal.1795514400.none.1", 9.0)
            await sweep(house.live, house.plan, house.ledger)  # type: ignore[arg-type]
            assert [m.to for m in house.kept.messages] == [("sales@acme.example",)]

    run(main())


def test_hostile_caller_numbers_become_digits_in_the_recordings_name() -> None:
    call = place(
        plan=only(VOICEMAIL), caller=Caller(number="../../etc/passwd;+4420", name="x\r\nBcc: y", message_s=8.0)
    )

    recorded = next(path for method, path in call.asterisk.requests if path.endswith("/file"))
    assert recorded.split("/")[2].split(".")[3] in ("4420", "none")
    assert "\n" not in call.house.kept.messages[0].caller_name


def test_the_message_knows_its_call_and_the_record_its_message() -> None:
    call = place(plan=only(ring("alice", for_s=2.0), VOICEMAIL), phones={"alice": never_answers()}, caller=Caller())

    message: Any = call.house.kept.messages[0]
    assert (message.call_id, call.record.message_id) == (call.record.id, message.id)
    assert message.to == ("sales@acme.example",)


def test_the_lease_covers_the_longest_message() -> None:
    """It cannot be renewed while a recording runs, so it is set before to the step's own limit and a margin."""
    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=119.0), limits=CallLimits(lease_margin_s=5.0))

    assert call.outcome is Outcome.VOICEMAIL
    assert "dialplan" not in call.line.heard.in_order


def test_a_caller_who_cannot_be_recorded_goes_back_to_the_dialplan(monkeypatch: MonkeyPatch) -> None:
    """On a full disk they were hung up, and counted as having given up."""

    async def fails(recording: LiveRecording) -> None:
        recording._fail("No space left on device")

    monkeypatch.setattr(LiveRecording, "run", fails)
    call = place(plan=only(VOICEMAIL), caller=Caller(hangs_up_after_s=30.0))

    assert (call.outcome, call.record.ending and call.record.ending.by) == (Outcome.FAILED, Party.US)
    assert call.line.location.startswith("callrouter-fallback")


def test_a_recording_whose_end_was_missed_is_stopped_and_kept() -> None:
    async def deaf(house: House, line: Line) -> None:
        await line.heard_beep.wait()
        house.asterisk.events_down()
        await asyncio.sleep(140.0)  # the longest, what ends it by silence, and a margin
        house.asterisk.events_up()
        await line.ended.wait()

    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=900.0, hangs_up_after_s=900.0), meanwhile=deaf)
    assert call.outcome is Outcome.VOICEMAIL
    assert len(call.house.kept.messages) == 1


def test_a_message_that_cannot_be_fetched_yet_is_one_all_the_same() -> None:
    async def refuse(house: House, line: Line) -> None:
        house.kept.refuses = True
        await line.ended.wait()

    call = place(plan=only(VOICEMAIL), caller=Caller(message_s=8.0), meanwhile=refuse)
    assert call.outcome is Outcome.VOICEMAIL
    assert call.record.message_id == call.record.id
