"""Recordings of talks on a real Asterisk: what is in the file, who heard of it, and that it comes home."""

import asyncio
import signal
from pathlib import Path

from tests.asterisk.routed import Routed
from tests.support.sound import Sound

RECORDED, DESK = "+442079460151", "+442079460152"
ANNOUNCED_HZ = 700


def kept(house: Routed, name: str) -> Path:
    return house.router.folder / "messages" / "talks" / f"{name}.wav"


async def filed(house: Routed, name: str) -> Sound:
    """Once it is in the router's own store."""
    async with asyncio.timeout(10.0):
        while not kept(house, name).exists():
            await asyncio.sleep(0.05)
    return Sound.from_wav(kept(house, name).read_bytes())


async def test_both_hear_the_announcement_and_then_the_talk_is_recorded(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440", after_s=0.3)
    caller = await far.call(RECORDED, says="quiet")
    alice = await far.phone("alice").call()
    await caller.answered()
    heard, at_alice = await asyncio.gather(caller.hears(), alice.hears())
    await house.router.logged("talk recorded", since=since)
    await asyncio.sleep(2.0)
    await caller.hang_up()

    assert at_alice.has_tone(ANNOUNCED_HZ)
    assert heard.loudness > 0.02, "the announcement and Alice at once"
    record = await house.ended(since)
    sound = await filed(house, *record.recordings)
    assert sound.has_tone(440) and not sound.has_tone(ANNOUNCED_HZ)
    assert 1.5 < sound.duration_s < 4.0
    assert not list(house.bench.recordings.glob("callrouter-talk.*"))
    code, printed = await house.router.run("calls")
    assert code == 0 and "recorded" in printed.splitlines()[1]


async def test_a_colleague_begins_and_pauses_it_by_code(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("answer", says="quiet", after_s=0.3)
    caller = await far.call(DESK, says="880")
    bob = await far.phone("bob").call()
    await caller.answered()
    await asyncio.sleep(0.5)
    await bob.press("*1")
    await house.router.logged("talk recorded", since=since)
    await asyncio.sleep(2.0)
    await bob.press("*1")
    await asyncio.sleep(3.0)
    await caller.hang_up()

    record = await house.ended(since)
    assert [line.what for line in record.trace][-2:] == ["records the talk", "the recording is paused"]
    sound = await filed(house, *record.recordings)
    assert sound.has_tone(880)
    assert 1.5 < sound.duration_s < 4.0, "what was said in the pause is not in it"


async def test_the_caller_cannot_have_it_recorded(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("bob").will("answer", says="quiet", after_s=0.3)
    caller = await far.call(DESK)
    await far.phone("bob").call()
    await caller.answered()
    await asyncio.sleep(0.5)
    await caller.press("*1")
    await asyncio.sleep(1.0)
    await caller.hang_up()

    assert (await house.ended(since)).recordings == ()


async def test_a_recording_outlives_a_router_killed_in_the_talk(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440", after_s=0.3)
    caller = await far.call(RECORDED, says="quiet")
    await far.phone("alice").call()
    await house.router.logged("talk recorded", since=since)
    await asyncio.sleep(1.0)
    await house.router.stop(signal.SIGKILL)
    await asyncio.sleep(1.0)
    await house.router.start()
    await asyncio.sleep(1.0)
    await caller.hang_up()

    sound = await filed(house, *(await house.ended(since)).recordings)
    assert sound.has_tone(440)
    assert sound.duration_s > 2.5


async def test_who_is_passed_on_is_recorded_in_a_file_of_each_talk(house: Routed) -> None:
    far, since = house.far, len(house.router.log)
    await far.phone("alice").will("answer", says="440", after_s=0.3)
    await far.phone("carol").will("answer", says="550", after_s=2.0)
    caller = await far.call(RECORDED, says="quiet")
    alice = await far.phone("alice").call()
    first = await house.router.logged("talk recorded", since=since)
    await asyncio.sleep(2.0)
    await alice.refer("203")
    await far.phone("carol").call()
    await alice.ended()
    second = await house.router.logged("talk recorded", since=house.router.log.index(first) + 1)
    await asyncio.sleep(2.0)
    await caller.hang_up()

    record = await house.ended(since)
    assert record.recordings == (first["recording"], second["recording"])
    with_alice, with_carol = [await filed(house, name) for name in record.recordings]
    assert with_alice.has_tone(440) and 1.5 < with_alice.duration_s < 4.0, "not what came between"
    assert with_carol.has_tone(550) and not with_carol.has_tone(440)
