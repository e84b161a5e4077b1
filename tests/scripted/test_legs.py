"""Legs: created, dialled, and every way they end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from router.ari.errors import AllocationFailed, Conflict
from router.ari.models import (
    ChannelDestroyed,
)
from tests.scripted.bench import ENDS, Bench, bench
from tests.support import clock
from tests.support.fake.far_end import Phone
from tests.support.phones import (
    Caller,
    answers,
    busy,
    declines,
    early_media,
    never_answers,
    redirects,
    refuses,
    silent,
    unregistered,
)


async def _cancel(it: Bench) -> None:
    await asyncio.sleep(2)
    await it.ari.channels.hangup("leg", reason="answered_elsewhere")


async def _hang_up(it: Bench) -> None:
    await asyncio.sleep(5)
    await it.ari.channels.hangup("leg")


async def _wait(it: Bench) -> None:
    pass


RINGS = ["StasisStart", "Dial ", "ChannelStateChange Ringing", "Dial RINGING"]
ANSWERED = [*RINGS, "ChannelStateChange Up", "Dial ANSWER"]
Act = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.mark.parametrize(
    ("phone", "act", "events", "cause", "tech_cause", "after_s"),
    [
        pytest.param(answers(after_s=3), _hang_up, [*ANSWERED, *ENDS], 16, None, 5, id="answered, we hang up"),
        pytest.param(
            answers(after_s=3, talks_for_s=4), _wait, [*ANSWERED, *ENDS], 16, None, 7, id="answered, they hang up"
        ),
        pytest.param(busy(), _wait, ["StasisStart", "Dial ", *ENDS], 17, 486, 0, id="busy at once"),
        pytest.param(busy(after_s=1), _wait, [*RINGS, *ENDS], 17, 486, 1, id="busy after ringing"),
        pytest.param(declines(after_s=2), _wait, [*RINGS, *ENDS], 21, 603, 2, id="declined"),
        pytest.param(refuses(503), _wait, ["StasisStart", "Dial ", *ENDS], 34, 503, 0, id="carrier refuses"),
        pytest.param(refuses(404), _wait, ["StasisStart", "Dial ", *ENDS], 1, 404, 0, id="no such number"),
        pytest.param(never_answers(), _wait, [*RINGS, *ENDS], 19, 480, 20, id="our timeout"),
        pytest.param(never_answers(), _cancel, [*RINGS, *ENDS], 26, None, 2, id="cancelled, answered elsewhere"),
        pytest.param(silent(), _wait, ["StasisStart", "Dial ", *ENDS], 19, 480, 20, id="silent on the wire"),
        pytest.param(
            redirects(),
            _wait,
            [
                *["StasisStart", "Dial ", "Dial CANCEL", "Dial CANCEL"],
                *["ChannelHangupRequest", "Dial CANCEL", "StasisEnd", "ChannelDestroyed"],
            ],
            23,
            302,
            0,
            id="redirected, not followed",
        ),
        pytest.param(
            early_media(), _cancel, ["StasisStart", "Dial ", "Dial PROGRESS", *ENDS], 26, None, 2, id="early media"
        ),
    ],
)
def test_a_leg_goes_through_the_events_asterisk_sends(
    phone: Phone, act: Act, events: list[str], cause: int, tech_cause: int | None, after_s: float
) -> None:
    async def scene() -> None:
        async with bench(phones={"alice": phone}) as it:
            await it.leg("alice")
            began_s = clock.elapsed_s()
            await act(it)
            end = await it.until(lambda event: isinstance(event, ChannelDestroyed))
            assert isinstance(end, ChannelDestroyed)
            assert it.told("leg") == events
            assert (end.cause, end.tech_cause) == (cause, tech_cause)
            assert clock.elapsed_s() - began_s == pytest.approx(after_s, abs=0.01)
            assert it.asterisk.leg("alice").cause == cause
            assert it.asterisk.left_behind() == []

    clock.run(scene())


def test_a_phone_that_is_not_registered_cannot_be_called() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": unregistered()}) as it:
            for endpoint in ("PJSIP/alice", "PJSIP/nobody"):
                with pytest.raises(AllocationFailed):
                    await it.ari.channels.create(endpoint=endpoint, app="router", channel_id="leg")
            found = await it.ari.endpoints.get("PJSIP", "alice")
            assert found is not None
            assert found.state == "offline"
            assert await it.ari.endpoints.get("PJSIP", "nobody") is None
            assert it.came == []

    clock.run(scene())


def test_a_dial_before_the_legs_stasis_start_is_refused() -> None:
    async def scene() -> None:
        async with bench(phones={"alice": answers()}) as it:
            await it.ari.channels.create(endpoint="PJSIP/alice", app="router", channel_id="leg")
            with pytest.raises(Conflict):
                await it.ari.channels.dial("leg")
            await it.ari.channels.hangup("leg")

    clock.run(scene())


def test_a_dialled_leg_shows_the_caller_named_at_the_dial_and_nobody_without() -> None:
    """`originator` of `create` does not carry the identity; `caller` of `dial` goes over CONNECTEDLINE."""

    async def scene() -> None:
        async with bench(phones={"alice": answers(), "bob": answers(), "carol": answers()}) as it:
            line = await it.arrives(Caller(number="+4420", name="Ann"))
            caller = line.channel.id
            await it.ari.channels.create(endpoint="PJSIP/alice", app="router", channel_id="a", originator=caller)
            await it.ari.channels.create(endpoint="PJSIP/bob", app="router", channel_id="b")
            shown = {"CONNECTEDLINE(num)": "+441", "CONNECTEDLINE(name)": "Sales"}
            await it.ari.channels.create(endpoint="PJSIP/carol", app="router", channel_id="c", variables=shown)
            await asyncio.sleep(1)
            await it.ari.channels.dial("a")
            await it.ari.channels.dial("b", caller=caller)
            await it.ari.channels.dial("c")
            await asyncio.sleep(1)
            seen = {leg.who: (leg.shown[0].number, leg.shown[0].name) for leg in it.asterisk.legs}
            assert seen == {"alice": ("", ""), "bob": ("+4420", "Ann"), "carol": ("+441", "Sales")}

    clock.run(scene())


def test_a_leg_that_was_never_dialled_ends_as_if_somebody_had_declined() -> None:
    """603 stands in the event, although no INVITE was sent."""

    async def scene() -> None:
        async with bench(phones={"alice": answers()}) as it:
            await it.ari.channels.create(endpoint="PJSIP/alice", app="router", channel_id="leg")
            await asyncio.sleep(1)
            await it.ari.channels.hangup("leg")
            end = await it.until(lambda event: isinstance(event, ChannelDestroyed))
            assert isinstance(end, ChannelDestroyed)
            assert (end.cause, end.tech_cause) == (16, 603)
            ends = ["ChannelHangupRequest", "StasisEnd", "ChannelHangupRequest", "ChannelDestroyed"]
            assert it.told("leg") == ["StasisStart", *ends]

    clock.run(scene())
