"""Killed, hung, cut and restarted, on a real Asterisk: no talk ends, no caller waits in silence."""

import asyncio
import signal

from tests.asterisk.routed import BOX, OUTSIDE, SALES, SUPPORT, Routed
from tests.asterisk.test_inbound_calls import by, outcome


async def talk(house: Routed) -> tuple:  # type: ignore[type-arg]
    """Alice and a caller, who hear each other."""
    far = house.far
    await far.phone("bob").will("ring")
    await far.phone("alice").will("answer", says="440")
    since = len(house.router.log)
    caller = await far.call(SALES, says="880")
    alice = await far.phone("alice").call()
    await caller.answered()
    call_id = (await house.router.logged("leg answered", since=since))["call"]
    assert (await alice.hears()).has_tone(880)
    return caller, alice, call_id


async def test_a_talk_goes_on_when_the_router_is_killed_and_is_adopted_by_the_next(house: Routed) -> None:
    caller, alice, call_id = await talk(house)
    await house.router.stop(signal.SIGKILL)
    assert (await caller.hears()).has_tone(440), "the talk goes on without a router"

    await house.router.start()
    assert (await house.router.logged("talk adopted", call=call_id))["call"] == call_id
    assert (await alice.hears()).has_tone(880)
    await caller.hang_up()
    await alice.ended()
    record = await house.record(call_id)
    assert (outcome(record), by(record)) == ("answered", "caller")
    assert record.talked_s > 2.0
    assert [leg.result.value for leg in record.legs if leg.person == "alice" and leg.result] == ["answered"]


async def test_who_is_left_alone_while_the_router_is_dead_is_hung_up_by_the_next(house: Routed) -> None:
    caller, alice, call_id = await talk(house)
    await house.router.stop(signal.SIGKILL)
    await alice.hang_up()
    assert caller.is_up
    await house.router.start()

    assert await caller.ended() == 16
    assert outcome(await house.record(call_id)) == "answered"


async def test_a_caller_waiting_when_the_router_is_killed_goes_to_the_dialplan(house: Routed) -> None:
    far = house.far
    await far.phone("alice").will("ring")
    await far.phone("bob").will("ring")
    caller = await far.call(SALES)
    first = await far.phone("alice").call()
    await house.router.stop(signal.SIGKILL)
    await house.router.start()
    await first.ended()

    second = await far.phone("alice").call()
    assert second.is_up is False
    await caller.hang_up()
    await second.ended()


async def test_a_hung_router_loses_new_calls_to_the_dialplan_within_a_second(house: Routed) -> None:
    far = house.far
    await far.phone("bob").will("ring")
    loop = asyncio.get_running_loop()
    house.router.send(signal.SIGSTOP)
    try:
        began_at = loop.time()
        caller = await far.call(SALES)
        await far.phone("alice").call()
        assert loop.time() - began_at < 1.5, "half a second for the claim, and the phone rings"
        await caller.answered()
        await caller.hang_up()
    finally:
        house.router.send(signal.SIGCONT)
    await house.router.logged("ready for calls")


async def test_without_a_router_the_fallbacks_message_is_mailed_when_it_is_back(house: Routed) -> None:
    far, mails = house.far, len(house.mailbox.mails)
    await house.router.stop()
    try:
        caller = await far.call(BOX, caller=OUTSIDE, says="speech")
        await far.phone("dave").will("sip486")
        await caller.answered(limit_s=30.0)
        await asyncio.sleep(9.0)  # the fallback's prompt, then the caller speaks
        await caller.hang_up()
    finally:
        await house.router.start()
    mail = (await house.mailbox.arrived(mails + 1))[-1]
    assert "Box" in mail.message["Subject"]
    text = mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "7400 123456" in text


async def test_a_cut_socket_ends_no_talk_and_what_was_missed_is_made_up_for(house: Routed) -> None:
    caller, alice, call_id = await talk(house)
    since = len(house.router.log)
    house.cable.cut(refuse=True)
    await alice.hang_up()
    house.cable.mend()
    await house.router.logged("ready for calls", since=since)

    assert await caller.ended() == 16
    assert outcome(await house.record(call_id)) == "answered"


async def test_a_cut_socket_while_ringing_does_not_lose_the_answer(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("ring")
    await far.phone("alice").will("answer", says="440", after_s=1.0)
    caller = await far.call(SALES)
    await far.phone("alice").call()
    house.cable.cut()
    await caller.answered()
    assert (await caller.hears()).has_tone(440)
    await caller.hang_up()
    assert outcome(await house.ended(since)) == "answered"


async def test_a_restarted_asterisk_is_found_again_and_the_lost_call_closed(house: Routed) -> None:
    caller, _, call_id = await talk(house)
    since = len(house.router.log)
    await house.bench.restart_pbx()
    await house.router.logged("ready for calls", since=since, limit_s=30.0)
    assert outcome(await house.record(call_id)) == "answered"
    await caller.hang_up()

    await house.phones_known()
    await house.far.phone("carol").will("answer")
    caller = await house.far.call(SUPPORT)
    await caller.answered()
    await caller.hang_up()


async def test_stopping_hands_waiting_callers_to_the_dialplan_and_leaves_talks(house: Routed) -> None:
    caller, _, call_id = await talk(house)
    assert await house.router.stop() == 0
    assert (await caller.hears()).has_tone(440)
    await house.router.start()
    await caller.hang_up()
    assert outcome(await house.record(call_id)) == "answered"


async def test_a_good_plan_is_taken_at_sighup_and_a_bad_one_changes_nothing(house: Routed) -> None:
    plan = house.router.plan / "acme.yaml"
    text, since = plan.read_text(), len(house.router.log)
    try:
        plan.write_text(text.replace("numbers: 020 7946 0104", "numbers: 020 7946 0105"))
        house.router.send(signal.SIGHUP)
        await house.router.logged("dial plan in force", since=since)
        gone = await house.far.call("+442079460104")
        await gone.ended()
        assert gone.tech_cause == 404

        since = len(house.router.log)
        plan.write_text(text.replace("members: [alice, bob]", "members: [alice, bobb]"))
        house.router.send(signal.SIGHUP)
        refused = await house.router.logged("dial plan refused; the old one stays", since=since)
        assert "bobb" in refused["fault"] and "bob" in refused["fault"]
        await house.far.phone("bob").will("ring")
        caller = await house.far.call(SALES)
        await caller.answered()
        await caller.hang_up()
    finally:
        plan.write_text(text)
        since = len(house.router.log)
        house.router.send(signal.SIGHUP)
        await house.router.logged("dial plan in force", since=since)
