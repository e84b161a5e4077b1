"""The connection breaks, is slow, and is asked for what ARI does not have."""

import asyncio

import pytest

from router.ari.errors import Unreachable
from router.ari.models import (
    ChannelTransfer,
)
from tests.scripted.bench import DIRECT, bench
from tests.support import clock
from tests.support.phones import (
    Caller,
    answers,
    transfers,
)


def test_events_are_lost_and_requests_fail_while_the_connection_is_down() -> None:
    async def scene() -> None:
        async with bench(latency_s=2.0) as it:
            line = await it.arrives()
            await it.ari.channels.answer(line.channel.id)
            came = len(it.came)
            late = asyncio.create_task(it.ari.channels.start_moh(line.channel.id))
            await asyncio.sleep(1.5)
            it.asterisk.down()
            with pytest.raises(Unreachable):
                await late
            assert str(line.heard) == "silence 3s, music 0.5s"  # the request had arrived before the line broke
            line.hang_up()
            await it.over(line)
            assert line.heard.in_order == ["silence", "music"]
            with pytest.raises(Unreachable):
                await it.ari.channels.list()
            refused = it.asterisk.call(Caller(), to="100", door=DIRECT)
            await asyncio.sleep(1)
            assert refused.channel.variables["STASISSTATUS"] == "FAILED"
            it.asterisk.up()
            assert len(it.came) == came
            channels = await it.ari.channels.list()
            assert [channel.id for channel in channels] == [refused.channel.id]

    clock.run(scene())


def test_a_request_is_carried_out_although_its_sender_no_longer_waits() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": answers()}, latency_s=0.4) as it:
            create = it.ari.channels.create(endpoint="PJSIP/alice", app="router", channel_id="leg")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await create
            assert it.asterisk.left_behind() == []
            await asyncio.sleep(1)
            assert len(it.asterisk.left_behind()) == 1
            await it.ari.channels.hangup("leg")

    clock.run(scene())


@pytest.mark.parametrize(
    ("method", "path", "query", "because"),
    [
        ("POST", "channels", {"endpoint": "PJSIP/alice"}, "no such operation"),
        ("POST", "channels/x/hangup", {}, "no such operation"),
        ("GET", "channels/x/variable", {"name": "X"}, "no such parameter: name"),
        ("POST", "channels/x/record", {"name": "a", "format": "wav", "beep": "yes"}, "not true or false"),
        ("POST", "channels/x/play", {}, "media parameter is required"),
        ("DELETE", "channels/x", {"reason_code": "busy"}, "not a whole number"),
    ],
)
def test_what_ari_does_not_declare_fails_the_test(
    method: str, path: str, query: dict[str, str], because: str
) -> None:
    async def scene() -> None:
        async with bench() as it:
            response = await it.asterisk.request(method, path, query=query)
            assert response.status in (400, 404)

    with pytest.raises(AssertionError, match=because):
        clock.run(scene())


def test_a_phones_transfer_reaches_the_application_and_changes_nothing() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": transfers("0900123", after_s=2)}) as it:
            await it.leg("alice")
            wish = await it.until(lambda event: isinstance(event, ChannelTransfer))
            assert isinstance(wish, ChannelTransfer)
            assert wish.refer_to.requested_destination.destination == "0900123"
            await it.ari.channels.transfer_progress("leg", states="channel_declined")
            assert it.asterisk.leg("alice").transfer_answers == ["channel_declined"]
            again = await it.until(lambda event: isinstance(event, ChannelTransfer) and event.state is not None)
            assert isinstance(again, ChannelTransfer)
            assert again.state == "channel_declined", "the event comes again with what the phone is told"

    clock.run(scene())
