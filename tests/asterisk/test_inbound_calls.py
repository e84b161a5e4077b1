"""Inbound calls on a real Asterisk: what the caller and the phones experience, and what the record says."""

import asyncio
import io
import wave

import pytest

from router.model.record import CallRecord
from tests.asterisk.routed import BOX, HOTLINE, NOBODY, OUTSIDE, SALES, SUPPORT, Routed
from tests.support.pbx import MUSIC_HZ
from tests.support.sound import Sound


def outcome(record: CallRecord) -> str:
    return record.ending.outcome.value if record.ending else "none"


def by(record: CallRecord) -> str:
    return record.ending.by.value if record.ending else "none"


def results(record: CallRecord) -> dict[str, str]:
    return {leg.person or leg.trunk or "": leg.result.value if leg.result else "none" for leg in record.legs}


async def test_a_caller_reaches_sales_and_both_hear_each_other(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440", after_s=0.5)
    await far.phone("bob").will("ring")

    caller = await far.call(SALES, caller=OUTSIDE, name="Zoë O'Neil", says="880")
    alice, bob = await far.phone("alice").call(), await far.phone("bob").call()
    await caller.rang()
    await caller.answered()
    assert (alice.seen.number, alice.seen.name) == (OUTSIDE, "Zoë O'Neil")
    assert await bob.ended() == 26, "answered elsewhere: no missed call on Bob's phone"
    caller_hears, alice_hears = await asyncio.gather(caller.hears(), alice.hears())
    assert caller_hears.has_tone(440)
    assert alice_hears.has_tone(880)
    await caller.hang_up()
    assert await alice.ended() == 16

    record = await house.ended(since)
    assert (outcome(record), by(record)) == ("answered", "caller")
    assert (record.department, record.trunk, record.caller_number) == ("sales", "voipco", OUTSIDE)
    assert record.rang_at and record.answered_at and record.ended_at
    assert record.rang_at < record.answered_at < record.ended_at
    assert results(record) == {"alice": "answered", "bob": "cancelled"}


async def test_the_callee_may_hang_up_first(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("ring")
    caller = await far.call(SALES)
    alice = await far.phone("alice").call()
    await caller.answered()
    await alice.hang_up()

    assert await caller.ended() == 16
    assert by(await house.ended(since)) == "callee"


async def test_two_who_answer_at_once_are_one_talk_and_one_answered_elsewhere(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440", after_s=0.3)
    await far.phone("bob").will("answer", says="440", after_s=0.3)

    caller = await far.call(SALES)
    legs = [await far.phone("alice").call(), await far.phone("bob").call()]
    await caller.answered()
    assert (await caller.hears()).has_tone(440)
    over = [leg for leg in legs if leg.cause is not None]
    assert [leg.cause for leg in over] == [26]
    await caller.hang_up()
    assert "answered" in results(await house.ended(since)).values()


async def test_busy_and_declined_phones_are_passed_over_at_once(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("carol").will("sip486")
    await far.phone("dave").will("ringsip603")

    caller = await far.call(SUPPORT, says="speech")
    await caller.answered()
    await caller.hang_up()

    record = await house.ended(since)
    assert results(record) == {"carol": "busy", "dave": "rejected"}


async def test_an_unregistered_phone_is_skipped_and_the_next_rings(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await house.bench.unregister("carol")
    try:
        caller = await far.call(SUPPORT)
        await caller.answered()
        await caller.hang_up()
    finally:
        await house.bench.register("carol")
    record = await house.ended(since)
    assert results(record) in ({"carol": "unreachable", "dave": "answered"}, {"dave": "answered"})


async def test_nobody_answers_and_the_caller_is_told_so(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("ring")
    caller = await far.call(NOBODY)
    bob = await far.phone("bob").call()
    await caller.ended()
    await bob.ended()

    assert caller.tech_cause == 480
    record = await house.ended(since)
    assert results(record) == {"bob": "no answer"}
    assert record.answered_at is None


async def test_a_caller_who_gives_up_stops_every_phone(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("ring")
    await far.phone("bob").will("ring")
    caller = await far.call(SALES)
    alice, bob = await far.phone("alice").call(), await far.phone("bob").call()
    await caller.rang()
    await caller.hang_up()
    await asyncio.gather(alice.ended(), bob.ended())

    record = await house.ended(since)
    assert (outcome(record), by(record)) == ("abandoned", "caller")


async def test_a_prompt_then_music_then_a_person(house: Routed) -> None:
    far = house.far
    await far.phone("alice").will("ring")
    caller = await far.call(HOTLINE)
    await caller.answered()
    alice = await far.phone("alice").call()
    assert (await caller.hears()).has_tone(MUSIC_HZ)
    await caller.hang_up()
    await alice.ended()


async def test_a_blocked_caller_hears_busy_and_an_unknown_number_is_404(house: Routed) -> None:
    nuisance = await house.far.call(SALES, caller="+448431234567")
    await nuisance.ended()
    nowhere = await house.far.call("+442079460188")
    await nowhere.ended()

    assert (nuisance.tech_cause, nowhere.tech_cause) == (486, 404)


async def test_a_withheld_number_stays_hidden_from_phones_records_and_log(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("ring")
    caller = await far.call(SALES, caller="+447400999888", name="Hidden", withheld=True)
    alice = await far.phone("alice").call()
    await caller.answered()
    await caller.hang_up()

    record = await house.ended(since)
    assert record.caller_number == "withheld"
    assert alice.seen.number == "anonymous" and "7400999888" not in repr(alice.seen)
    assert "7400999888" not in house.router.last_words(1000)


async def test_a_transfer_is_declined_and_the_talk_goes_on(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("ring")
    await far.phone("alice").will("answer", says="440")
    caller = await far.call(SALES, says="880")
    alice = await far.phone("alice").call()
    await caller.answered()
    await alice.refer("999")
    await house.router.logged("transfer declined", since=since)
    assert (await alice.hears()).has_tone(880)
    assert caller.is_up
    await caller.hang_up()


@pytest.mark.parametrize("ends", ["hang-up", "#"])
async def test_a_message_arrives_by_mail_as_the_audio_that_was_spoken(house: Routed, ends: str) -> None:
    far, since, mails = house.far, len(house.router.log), len(house.mailbox.mails)
    caller = await far.call(BOX, caller=OUTSIDE, name="Zoë O'Neil", says="speech")
    await caller.answered()
    await asyncio.sleep(3.0)  # the caller speaks
    if ends == "#":
        await caller.press("#")
        await caller.ended()
    else:
        await caller.hang_up()

    mail = (await house.mailbox.arrived(mails + 1))[-1]
    assert mail.to == ("box@acme.example", "second@acme.example")
    assert "Box" in mail.message["Subject"]
    text = mail.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Zoë O'Neil" in text and "7400 123456" in text
    (attachment,) = mail.message.iter_attachments()
    content = attachment.get_content()
    with wave.open(io.BytesIO(content)) as recorded:
        assert (recorded.getframerate(), recorded.getnchannels()) == (8000, 1)
    sound = Sound.from_wav(content)
    assert 1.5 < sound.duration_s < 5.0
    assert sound.loudness > 0.01

    record = await house.ended(since)
    assert outcome(record) == "voicemail"
    assert not list(house.bench.recordings.glob("*.wav")), "Asterisk's copy goes once ours is safe"


async def test_a_message_ends_by_itself_at_its_longest(house: Routed) -> None:
    since = len(house.router.log)
    caller = await house.far.call(BOX, says="speech")
    await caller.answered()
    await caller.ended(limit_s=20.0)

    record = await house.ended(since)
    assert (outcome(record), by(record)) == ("voicemail", "us")


async def test_a_caller_who_says_nothing_leaves_no_message(house: Routed) -> None:
    since, mails = len(house.router.log), len(house.mailbox.mails)
    caller = await house.far.call(BOX, says="nothing")
    await caller.answered()
    await caller.ended(limit_s=20.0)

    record = await house.ended(since)
    assert record.message_id is None
    assert any("too short" in line.what for line in record.trace)
    assert len(house.mailbox.mails) == mails


async def test_mail_refused_at_first_arrives_later_and_once(house: Routed) -> None:
    since, mails = len(house.router.log), len(house.mailbox.mails)
    house.mailbox.refuse("451 try again later", times=1)
    caller = await house.far.call(BOX, says="speech")
    await caller.answered()
    await asyncio.sleep(2.5)  # the caller speaks
    await caller.hang_up()
    await house.router.logged("voicemail not mailed yet", since=since)
    await house.router.logged("voicemail mailed", since=since, limit_s=20.0)

    assert len(house.mailbox.mails) == mails + 1
