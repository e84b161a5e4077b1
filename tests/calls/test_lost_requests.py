"""Single requests that are lost, late or refused: what the caller experiences all the same."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from pytest import MonkeyPatch, approx

from router.ari.errors import Unreachable
from router.ari.transport import Response
from router.calls import talk
from router.calls.reconcile import reconcile
from router.model.ending import Outcome
from tests.calls.house import House, only, place
from tests.rules.acme import acme
from tests.rules.conftest import PLAY, VOICEMAIL, ring
from tests.support.fake.far_end import Line
from tests.support.fake.wire import error
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, early_media, never_answers, transfers

RING = only(ring("alice", for_s=5.0), VOICEMAIL)
Request = Callable[[], Coroutine[Any, Any, Response]]
Fault = Callable[[Request], Coroutine[Any, Any, Response]]
Meanwhile = Callable[[House, Line], Coroutine[Any, Any, None]]


async def lost(request: Request) -> Response:
    raise Unreachable("connection lost")


async def late(request: Request) -> Response:
    """Asterisk hangs for a while: what was given up is carried out after all."""
    await asyncio.sleep(5.0)
    asyncio.get_running_loop().call_later(3.0, lambda: _KEPT.append(asyncio.ensure_future(request())))
    raise Unreachable("no answer within 5 s")


_KEPT: list[asyncio.Future[Response]] = []


async def refused(request: Request) -> Response:
    return error(500, "Internal Server Error")


async def gone(request: Request) -> Response:
    return error(404, "Bridge not found")


def fault(asterisk: FakeAsterisk, what: str, how: Fault, *, times: int = 1, value: str | None = None) -> list[str]:
    """The first `times` requests "METHOD path-ending" go wrong, and are listed. value: of a variable to be set."""
    real, met = asterisk.request, list[str]()
    method, _, ending = what.partition(" ")

    async def request(asked: str, path: str, **rest: Any) -> Response:
        meant = asked == method and path.endswith(ending)
        if meant and value is not None:
            meant = rest["query"]["value"] == value
        if meant and len(met) < times:
            met.append(path)
            return await how(lambda: real(asked, path, **rest))
        return await real(asked, path, **rest)

    asterisk.request = request  # type: ignore[method-assign]
    return met


def with_fault(what: str, how: Fault, **more: Any) -> Meanwhile:
    async def meanwhile(house: House, line: Line) -> None:
        met = fault(house.asterisk, what, how, **more)
        await house.over(line)
        assert met, f"{what} was never asked"

    return meanwhile


def test_a_talk_is_not_cut_by_a_lease_whose_end_was_lost() -> None:
    """Callers were taken out of their talk half a minute into it, and rang at the fallback."""
    call = place(
        plan=RING,
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(talks_for_s=60.0),
        meanwhile=with_fault("POST variable", lost, value="0", times=3),
    )
    assert call.outcome is Outcome.ANSWERED
    assert call.record.talked_s == approx(60.0, abs=0.1)
    assert "dialplan" not in call.line.heard.in_order


@pytest.mark.parametrize("how", [refused, gone, lost])
def test_two_who_cannot_be_bridged_do_not_wait_in_silence(how: Fault) -> None:
    call = place(
        plan=RING,
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(hangs_up_after_s=60.0),
        meanwhile=with_fault("POST addChannel", how),
    )
    assert call.outcome is Outcome.FAILED
    assert call.line.location.startswith("callrouter-fallback")
    assert call.line.heard.seconds("silence") < 2.0
    assert call.leg("alice").ended_at_s == approx(2.0, abs=0.5)


def test_the_next_trunk_is_heard_also_when_the_bridge_failed_at_the_first() -> None:
    """The second carrier's party and the phone were connected to nothing: both in silence until they hung up."""
    call = place(
        "02079460999",
        plan=acme(),
        door=OUTBOUND,
        endpoint="alice",
        phones={"voipco": early_media(answers_after_s=1.0), "backup": early_media(answers_after_s=1.0)},
        caller=Caller(talks_for_s=5.0, hangs_up_after_s=60.0),
        meanwhile=with_fault("POST addChannel", refused),
    )
    assert call.outcome is Outcome.ANSWERED
    assert call.record.talked_s == approx(5.0, abs=0.1)


def test_a_leg_that_comes_after_it_was_given_up_is_hung_up() -> None:
    """A phone's channel stayed for ever, and the phone's next calls found it busy."""

    async def meanwhile(house: House, line: Line) -> None:
        await with_fault("POST channels/create", late)(house, line)
        await asyncio.sleep(5.0)

    place(
        plan=only(ring("alice", for_s=5.0)),
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(hangs_up_after_s=6.0),
        meanwhile=meanwhile,
    )


def test_a_phone_stops_ringing_also_when_the_first_request_was_lost() -> None:
    call = place(
        plan=RING,
        phones={"alice": never_answers()},
        caller=Caller(hangs_up_after_s=2.0),
        meanwhile=with_fault("DELETE leg1", lost),
    )
    assert call.leg("alice").ended_at_s == approx(2.5, abs=0.1)


def test_a_caller_is_hung_up_also_when_the_first_request_was_lost() -> None:
    async def meanwhile(house: House, line: Line) -> None:
        fault(house.asterisk, f"DELETE {line.channel.id}", lost)
        await line.ended.wait()

    call = place(
        plan=RING,
        phones={"alice": answers(after_s=1.0, talks_for_s=5.0)},
        caller=Caller(hangs_up_after_s=3600.0),
        meanwhile=meanwhile,
    )
    assert call.outcome is Outcome.ANSWERED
    assert call.line.ended_at_s == approx(7.0, abs=0.5)


def test_a_prompt_that_is_refused_is_passed_over() -> None:
    async def meanwhile(house: House, line: Line) -> None:
        assert fault(house.asterisk, "POST prompt1", refused) == []
        await line.ended.wait()

    call = place(
        plan=only(PLAY, ring("alice", for_s=5.0)),
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(talks_for_s=5.0),
        meanwhile=meanwhile,
    )
    assert call.outcome is Outcome.ANSWERED


def test_who_leaves_while_events_lag_behind_has_hung_up_and_did_not_fail() -> None:
    """Requests that were refused because the caller had just left made such calls "failed by us"."""
    outcomes = {
        place(
            plan=only(PLAY, ring("alice", for_s=4.0), VOICEMAIL),
            phones={"alice": answers(after_s=1.0)},
            events_after_s=0.3,
            caller=Caller(hangs_up_after_s=moment_ms / 1000),
        ).outcome
        for moment_ms in range(1500, 9000, 50)
    }
    assert outcomes == {Outcome.ABANDONED, Outcome.ANSWERED}


def test_a_caller_of_whom_nobody_knows_whether_they_hide_is_taken_to() -> None:
    call = place(
        plan=RING,
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(talks_for_s=5.0),
        meanwhile=with_fault("GET variable", refused),
    )
    assert (call.record.caller_number, call.record.caller_name) == ("withheld", "")


def test_a_record_ends_also_when_letting_go_takes_too_long() -> None:
    async def hangs(request: Request) -> Response:
        await asyncio.sleep(60.0)
        return await request()

    async def meanwhile(house: House, line: Line) -> None:
        await with_fault("DELETE bridge", hangs)(house, line)
        assert house.asterisk.left_behind()
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]

    call = place(
        plan=RING,
        phones={"alice": answers(after_s=1.0)},
        caller=Caller(talks_for_s=5.0),
        meanwhile=meanwhile,
    )
    assert call.outcome is Outcome.ANSWERED


def test_a_stop_while_two_are_being_bridged_lets_them_talk(monkeypatch: MonkeyPatch) -> None:
    bridge, begun = talk._bridge, asyncio.Event()

    async def noted(*what: Any) -> None:
        begun.set()
        await bridge(*what)

    monkeypatch.setattr(talk, "_bridge", noted)

    async def stop(house: House, line: Line) -> None:
        await begun.wait()
        await house.live.stop()
        await asyncio.sleep(20.0)
        assert line.is_talking.is_set() and line.ended_at_s is None, "beyond what the lease was"
        line.hang_up()
        house.asterisk.leg("alice").hang_up()
        await line.ended.wait()
        await house.ari.bridges.destroy(next(iter(house.asterisk.pbx.bridges)))

    place(plan=RING, phones={"alice": answers(after_s=1.0)}, latency_s=0.05, meanwhile=stop)


@pytest.mark.parametrize("how", [lost, refused])
def test_a_transfer_that_cannot_begin_leaves_the_talk_as_it_was(how: Fault) -> None:
    call = place(
        plan=only(ring("alice", for_s=5.0)),
        phones={"alice": transfers("203"), "carol": never_answers()},
        caller=Caller(hangs_up_after_s=20.0),
        meanwhile=with_fault("POST play", how),
    )
    assert call.leg("alice").transfer_answers == ["channel_declined"]
    assert call.line.heard.in_order[-1] == "alice"
    assert call.record.talked_s == approx(20.0, abs=0.1)


@pytest.mark.parametrize("what", ["POST removeChannel", "POST transfer_progress"])
def test_a_transfer_goes_on_when_what_the_phone_is_to_hear_of_it_is_lost(what: str) -> None:
    call = place(
        plan=only(ring("alice", for_s=5.0)),
        phones={"alice": transfers("203"), "carol": answers(after_s=1.0)},
        caller=Caller(hangs_up_after_s=30.0),
        meanwhile=with_fault(what, lost),
    )
    assert call.record.answered_by == "carol"
    assert call.leg("alice").cause == 16
