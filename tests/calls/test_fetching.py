"""Recordings on their way from Asterisk into our own store: nothing is deleted there that is not safe here."""

import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace

from router.ari.transport import Response
from router.calls.sweep import sweep
from tests.calls.house import House, only
from tests.rules.conftest import VOICEMAIL
from tests.support.clock import run
from tests.support.fake.recordings import sound
from tests.support.fake_asterisk import FakeAsterisk

WAITING = "callrouter.sales.1795514400.447400123457.17955144001"


def swept(story: Callable[[House], Awaitable[None]]) -> None:
    """An Asterisk with no calls, and what a sweep makes of its recordings."""

    async def main() -> None:
        async with FakeAsterisk(phones={}, app="callrouter") as asterisk:
            await story(House(asterisk=asterisk, plan=only(VOICEMAIL)))

    run(main())


async def sweep_at(house: House) -> int:
    return await sweep(house.live, house.plan, house.ledger)  # type: ignore[arg-type]


def test_a_message_whose_asterisk_was_killed_while_it_was_left_is_kept() -> None:
    """Asterisk writes a WAV's sizes when it closes the file; such a message was taken for an empty one."""

    async def story(house: House) -> None:
        whole = sound(9.0)
        cut = whole[:4] + struct.pack("<I", 0) + whole[8:40] + struct.pack("<I", 0) + whole[44:]
        house.asterisk.pbx.stored[WAITING] = cut

        await sweep_at(house)
        assert len(house.kept.messages) == 1
        assert not house.asterisk.stored_recordings

    swept(story)


def test_a_message_for_a_person_goes_to_that_person() -> None:
    """Left in the mailbox of somebody whose own extension was rung, with the router down."""

    async def story(house: House) -> None:
        alice = replace(house.plan.people["alice"], email="alice@acme.example")
        house.plan = replace(house.plan, people={**house.plan.people, "alice": alice})
        house.asterisk.pbx.stored["callrouter.alice.1795514400.none.1"] = sound(9.0)
        house.asterisk.pbx.stored["callrouter.bob.1795514400.none.2"] = sound(9.0)  # had a mailbox once

        await sweep_at(house)
        assert {(message.department, message.department_name, message.to) for message in house.kept.messages} == {
            ("alice", "Alice", ("alice@acme.example",)),
            ("sales", "Sales", ("sales@acme.example",)),
        }

    swept(story)


def test_what_cannot_be_kept_stays_in_asterisk_and_does_not_hold_up_the_others() -> None:
    async def story(house: House) -> None:
        keep = house.kept.keep

        async def particular(audio: bytes, facts: object) -> object:
            if b"RIFF" not in audio:
                raise ValueError("the recording is no PCM WAV")
            return await keep(audio, facts)  # type: ignore[arg-type]

        house.kept.keep = particular  # type: ignore[method-assign,assignment]
        house.asterisk.pbx.stored["callrouter.sales.1795514400.none.1"] = b"\0" * 100_000
        house.asterisk.pbx.stored["callrouter.sales.999999999999.none.2"] = sound(9.0)  # in the year 33658
        house.asterisk.pbx.stored[WAITING] = sound(9.0)

        assert await sweep_at(house) == 1
        assert [message.caller_number for message in house.kept.messages] == ["+447400123457"]
        assert len(house.asterisk.stored_recordings) == 2

    swept(story)


def test_a_message_that_is_safe_here_is_so_even_when_asterisk_does_not_let_go_of_its_copy() -> None:
    async def story(house: House) -> None:
        house.asterisk.pbx.stored[WAITING] = sound(9.0)
        request = house.asterisk.request

        async def refuses(method: str, path: str, **rest: object) -> Response:
            if method == "DELETE" and path.startswith("recordings/stored/"):
                return Response(500, b'{"message": "Delete failed"}')
            return await request(method, path, **rest)  # type: ignore[arg-type]

        house.asterisk.request = refuses  # type: ignore[method-assign]
        assert await sweep_at(house) == 1
        house.asterisk.request = request  # type: ignore[method-assign]
        assert await sweep_at(house) == 1
        assert len(house.kept.messages) == 1
        assert not house.asterisk.stored_recordings

    swept(story)
