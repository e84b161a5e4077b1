"""PINs: who must type theirs before a call goes out, how often they may be wrong, and that nobody guesses one."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from router.dialplan.pins import kept
from router.model.department import DialPlan
from router.model.ending import Outcome
from router.model.limits import DenyRule, Limits
from router.model.pin import Pin, PinStanding
from router.model.record import CallRecord
from router.rules.pins import after_wrong, is_locked
from tests.calls.house import House, Placed, nothing_left
from tests.calls.test_limits import calls
from tests.calls.test_outbound import PARIS, dial
from tests.calls.test_transfer import by_alice
from tests.calls.test_when_things_break import kill, start_again
from tests.rules.acme import PEOPLE, acme
from tests.rules.conftest import patterns
from tests.support.clock import A_TUESDAY, run
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers

KEPT = kept("246810")
NEEDS_PIN = DenyRule(path="outbound.deny[0]", name="abroad needs a PIN", called=patterns(["FR"]), pin=True)


def pinned(*rules: DenyRule, pin: Pin | None = Pin(kept=KEPT), **changes: Any) -> DialPlan:
    alice = replace(PEOPLE[0], pin=pin)
    plan = replace(acme(people=(alice, *PEOPLE[1:])), denied=rules or (NEEDS_PIN,), alerts=("it@acme.example",))
    return replace(plan, **changes)


def typing(presses: Mapping[float, str], plan: DialPlan | None = None, number: str = PARIS, **more: Any) -> Placed:
    caller = Caller(number="201", talks_for_s=10.0, hangs_up_after_s=300.0, presses=presses)
    call: Placed = dial(number, caller=caller, plan=plan or pinned(), phones={"voipco": answers()}, **more)
    return call


def told(record: CallRecord) -> list[str]:
    return [line.what for line in record.trace]


@pytest.mark.parametrize(
    "presses",
    [{3.0: "246810#"}, {3.0: "246810"}, {3.0: "2468", 6.0: "10#"}, {3.0: "1111#", 9.0: "246810#"}],
    ids=["ended by #", "ended by a pause", "with a pause", "the second time"],
)
def test_with_the_right_pin_the_call_goes_out(presses: Mapping[float, str]) -> None:
    call = typing(presses)

    assert call.outcome is Outcome.ANSWERED
    assert [leg.who for leg in call.asterisk.legs] == ["voipco"]
    assert "the PIN is right" in told(call.record)


@pytest.mark.parametrize(
    ("presses", "wrong"),
    [
        ({}, ["no PIN was typed"] * 3),
        ({3.0: "1111#", 9.0: "2222#", 15.0: "3333#"}, ["the PIN is wrong"] * 3),
        ({3.0: "246811#", 9.0: "2468101#"}, ["the PIN is wrong", "the PIN is wrong", "no PIN was typed"]),
        ({3.0: "#", 9.0: "**#"}, ["no PIN was typed", "the PIN is wrong", "no PIN was typed"]),
    ],
    ids=["nothing", "three wrong ones", "nearly", "no digits"],
)
def test_without_it_the_call_is_refused_after_three_tries(presses: Mapping[float, str], wrong: list[str]) -> None:
    call = typing(presses)

    assert call.outcome is Outcome.REJECTED
    assert not call.asterisk.legs
    assert call.record.because.endswith("the PIN of alice was not typed")
    assert [what for what in told(call.record) if "PIN" in what and ("wrong" in what or "no PIN" in what)] == wrong


def test_what_is_typed_is_in_no_record_and_in_no_log(caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    call = typing({3.0: "135799#", 9.0: "246810#"})

    said = f"{call.record} {call.house.state.pins} {call.house.entries.entries} {capsys.readouterr()} {caplog.text}"
    assert "135799" not in said
    assert "246810" not in said
    assert KEPT not in f"{call.record} {call.house.plan}"


def test_a_caller_who_hangs_up_while_they_are_asked_leaves_nothing_behind() -> None:
    caller = Caller(number="201", hangs_up_after_s=4.0, presses={3.0: "24"})
    call = dial(PARIS, caller=caller, plan=pinned(), phones={"voipco": answers()})

    assert call.outcome is Outcome.ABANDONED
    assert not call.asterisk.legs


@pytest.mark.parametrize("latency_s", [0.0, 0.05, 0.4])
def test_whenever_the_caller_hangs_up_nothing_is_left_behind(
    latency_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_OF_ALICE", "246810")
    plan = pinned(pin=Pin(env="PIN_OF_ALICE"))
    for moment_ms in range(0, 6000, 50):
        caller = Caller(number="201", hangs_up_after_s=moment_ms / 1000, presses={1.0: "1111#", 3.0: "246810#"})
        phones = {"voipco": answers(after_s=0.5)}
        call = dial(PARIS, caller=caller, plan=plan, phones=phones, latency_s=latency_s)

        assert call.outcome in (None, Outcome.ABANDONED, Outcome.ANSWERED), moment_ms
        assert not call.house.accounts._channels


def test_neither_other_numbers_nor_help_ask_for_it() -> None:
    everything = replace(NEEDS_PIN, called=())

    assert typing({}, number="02079460999").outcome is Outcome.ANSWERED
    assert typing({}, pinned(everything), number="999").outcome is Outcome.ANSWERED
    assert typing({}, pinned(everything), number="02079460999").outcome is Outcome.REJECTED


def test_who_has_no_pin_is_refused_at_once() -> None:
    call = typing({}, pinned(pin=None))

    assert call.record.because == (
        "+33140205050 may not be called without a PIN, and alice has no PIN: abroad needs a PIN"
    )


def test_what_a_later_rule_denies_no_pin_opens() -> None:
    never = DenyRule(path="outbound.deny[1]", name="not France", called=patterns(["FR"]))

    assert typing({3.0: "246810#"}, pinned(NEEDS_PIN, never)).record.because.endswith("not France")


def test_nobody_is_passed_on_to_a_number_that_asks_for_a_pin() -> None:
    call = by_alice("+442079460999", refers_to=PARIS, plan=pinned(), voipco=answers())

    assert any("here nobody can be asked for it" in what for what in told(call.record))


def test_who_clicks_to_call_types_it_on_the_phone_that_rang_first() -> None:
    async def main() -> CallRecord:
        phones = {"alice": answers(after_s=2.0, presses={4.0: "246810#"}), "voipco": answers(talks_for_s=5.0)}
        async with FakeAsterisk(phones=phones, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=pinned())
            call_id = house.live.place("alice", PARIS)
            while house.live.calls:
                await asyncio.sleep(0.05)
            await house.write_records()
            nothing_left(house)
            return house.ledger.records[call_id]

    record = run(main())
    assert record.answered_at is not None
    assert "the PIN is right" in told(record)


def test_a_limit_that_was_used_up_while_it_was_typed_still_holds() -> None:
    async def script(house: House) -> None:
        slow = Caller(number="201", hangs_up_after_s=100.0, presses={3.0: "246810"})
        first = house.asterisk.call(slow, to=PARIS, door=OUTBOUND, endpoint="alice")
        await asyncio.sleep(4.0)
        quick = Caller(number="201", talks_for_s=50.0, hangs_up_after_s=100.0, presses={1.0: "246810#"})
        second = house.asterisk.call(quick, to=PARIS, door=OUTBOUND, endpoint="alice")
        records = [await house.over(line) for line in (first, second)]
        assert [record.answered_at is not None for record in records] == [False, True]

    calls(script, pinned(limits=Limits(concurrent=1)))


# ---- guessed at


def wrongly(times: int) -> Caller:
    presses = {3.0 + 6.0 * number: "1111#" for number in range(times)}
    return Caller(number="201", hangs_up_after_s=200.0, presses=presses)


async def guess(house: House, caller: Caller) -> CallRecord:
    return await house.over(house.asterisk.call(caller, to=PARIS, door=OUTBOUND, endpoint="alice"))


def test_after_six_wrong_ones_nobody_is_asked_for_a_while_and_it_is_told() -> None:
    async def script(house: House) -> None:
        await guess(house, wrongly(3))
        assert not house.state.alerts
        await guess(house, wrongly(3))
        subjects = [alert.subject for alert in house.state.alerts.values()]
        assert subjects == ["The PIN of Alice is locked: it was wrong 6 times"]
        locked = await guess(house, Caller(number="201", hangs_up_after_s=60.0, presses={3.0: "246810#"}))
        assert "is locked until" in locked.because
        await asyncio.sleep(900.0)
        right = Caller(number="201", talks_for_s=5.0, hangs_up_after_s=60.0, presses={3.0: "246810#"})
        assert (await guess(house, right)).answered_at is not None
        assert not house.state.pins

    calls(script, pinned())


def test_a_lock_outlives_the_router() -> None:
    async def script(house: House) -> None:
        for _ in range(2):
            await guess(house, wrongly(3))
        await house.state._write_all()
        await kill(house)
        await start_again(house)
        await house.state.load()
        locked = await guess(house, Caller(number="201", hangs_up_after_s=60.0, presses={3.0: "246810#"}))
        assert "is locked until" in locked.because

    calls(script, pinned())


def test_many_calls_at_a_time_have_no_more_guesses() -> None:
    async def script(house: House) -> None:
        lines = [house.asterisk.call(wrongly(3), to=PARIS, door=OUTBOUND, endpoint="alice") for _ in range(5)]
        for line in lines:
            await house.over(line)
        assert house.state.pins["alice"].wrong <= 10

    calls(script, pinned())


def test_every_lock_is_longer_than_the_last_up_to_a_day() -> None:
    standing, at, lengths = PinStanding(), A_TUESDAY, []
    for _ in range(40):
        standing = after_wrong(standing, at)
        if is_locked(standing, at):
            assert standing.locked_until is not None
            lengths.append(standing.locked_until - at)
            at = standing.locked_until

    assert lengths[:3] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]
    assert lengths == sorted(lengths)
    assert lengths[-1] == timedelta(days=1)
