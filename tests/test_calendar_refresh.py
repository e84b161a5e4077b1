"""Calendars are read in the background: the last good copy holds whatever the server does, and its age is told."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from router.calls.staff import Staff
from router.calls.state import State
from router.console.health import Part
from router.dialplan.calendars import SIZE_LIMIT
from router.model.department import DialPlan
from router.model.hours import Feed, FeedCopy
from router.service import calendars as module
from router.service.calendars import Calendars, Unread, fetched, session
from router.service.telling import _calendars
from tests.calls.house import Entries
from tests.dialplan.calendar_text import calendar
from tests.rules.conftest import LONDON, dial_plan
from tests.support.clock import now, run

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
TRAINING = calendar("SUMMARY:Training\nDTSTART;VALUE=DATE:20261210")
OUTING = calendar("SUMMARY:Outing\nDTSTART;VALUE=DATE:20261211")
SECRET = "/private-1234/closed.ics"

Answer = Callable[[web.Request], web.StreamResponse]


class Server:
    """A calendar's server. answer: what it does when it is asked."""

    def __init__(self) -> None:
        self.content = TRAINING
        self.asked = 0
        self.answer: Answer = lambda _: web.Response(body=self.content)
        self.port = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        return self.answer(request)

    def feed(self, path: str = SECRET, *, refresh_s: float = 900.0) -> Feed:
        url = f"http://127.0.0.1:{self.port}{path}"
        return Feed(key="closed", url=url, is_file=False, zone=LONDON, refresh_s=refresh_s, where="acme.yaml:7")


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_get("/{path:.*}", server.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with serving(server):
        yield server


def plan_with(*feeds: Feed, copies: dict[str, FeedCopy] | None = None) -> DialPlan:
    return replace(dial_plan(), feeds={feed.key: feed for feed in feeds}, copies=copies or {})


class Place:
    """Calendars with a clock that is set by hand."""

    def __init__(self, *feeds: Feed, store: Entries | None = None) -> None:
        self.now = NOW
        self.plan = plan_with(*feeds)
        self.store = store or Entries()
        self.state = State(self.store, Staff(lambda: self.now), lambda: self.now)
        self.calendars = Calendars(self.state, lambda: self.plan, lambda: self.now)

    async def look(self, after: timedelta = timedelta()) -> None:
        """What the part does when it looks next, so much later."""
        self.now += after
        async with session() as http:
            self.calendars.take()
            await self.calendars.look(http)

    @property
    def events(self) -> list[str]:
        copy = self.state.situation.feeds.get("closed")
        return [closure.what for closure in copy.closures] if copy else []


MINUTES_15, DAYS_3 = timedelta(minutes=15), timedelta(days=3)


async def test_what_its_events_close_is_known_to_the_next_decision(server: Server) -> None:
    place = Place(server.feed())
    await place.look()
    assert place.events == ["Training"]
    assert place.calendars.ages_s() == {"closed": 0.0}


async def test_it_is_read_again_when_its_time_has_come_and_not_before(server: Server) -> None:
    place = Place(server.feed())
    await place.look()
    server.content = OUTING
    await place.look(MINUTES_15 - timedelta(seconds=1))
    assert (place.events, server.asked) == (["Training"], 1)
    await place.look(timedelta(seconds=1))
    assert (place.events, server.asked) == (["Outing"], 2)


def status(number: int) -> Answer:
    return lambda _: web.Response(status=number, body=OUTING)


def body(content: bytes, **headers: str) -> Answer:
    return lambda _: web.Response(body=content, headers=headers)


def redirect(to: str) -> Answer:
    def answer(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(to)

    return answer


BAD = [
    pytest.param(status(500), "its server answers 500", id="its server has a fault"),
    pytest.param(status(404), "its server answers 404", id="it is gone"),
    pytest.param(body(b"<html>Log in</html>"), "is no calendar", id="a page that asks to log in"),
    pytest.param(body(OUTING[:-30]), "is cut off", id="half of it"),
    pytest.param(body(b" " * (SIZE_LIMIT + 1)), "has more than 2,000,000 bytes", id="too long"),
    pytest.param(
        body(gzip.compress(b" " * (SIZE_LIMIT + 1)), **{"Content-Encoding": "gzip"}),
        "has more than 2,000,000 bytes",
        id="too long once unpacked",
    ),
    pytest.param(redirect(SECRET), "redirects more than 3 times", id="redirected in a circle"),
    pytest.param(redirect("ftp://127.0.0.1/x"), "cannot be asked: NonHttpUrlRedirect", id="redirected elsewhere"),
    pytest.param(
        redirect("file:///etc/hostname"), "cannot be asked: NonHttpUrlRedirect", id="redirected to a file"
    ),
]


@pytest.mark.parametrize(("answer", "what"), BAD)
async def test_whatever_its_server_does_the_last_good_copy_holds(server: Server, answer: Answer, what: str) -> None:
    place = Place(server.feed())
    await place.look()
    server.answer = answer
    with capture_logs() as logs:
        await place.look(MINUTES_15)
    assert place.events == ["Training"]
    assert place.calendars.ages_s() == {"closed": 900.0}
    (told,) = (line for line in logs if line["event"].startswith("calendar not read"))
    assert what in told["error"]
    assert "1234" not in str(logs), "the address may be a secret"
    assert not place.calendars.stale()


async def test_a_server_that_is_not_there_or_does_not_answer(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FETCH_LIMIT_S", 0.05)
    released = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response(body=OUTING)

    server.take = hang  # type: ignore[method-assign]
    async with serving(server), session() as http:
        with pytest.raises(Unread, match=r"did not answer within 0\.05 s"):
            await fetched(server.feed(), http)
        released.set()
    async with session() as http:
        with pytest.raises(Unread, match="Cannot connect to host"):
            await fetched(server.feed(), http)


async def test_a_failure_is_tried_again_within_a_minute(server: Server) -> None:
    place = Place(server.feed())
    server.answer = status(503)
    await place.look()
    server.answer = body(OUTING)
    await place.look(timedelta(seconds=59))
    assert place.events == []
    await place.look(timedelta(seconds=1))
    assert place.events == ["Outing"]


async def test_redirects_are_followed(server: Server) -> None:
    server.answer = lambda request: (
        web.Response(body=OUTING) if request.path == "/moved" else redirect("/moved")(request)
    )
    place = Place(server.feed())
    await place.look()
    assert place.events == ["Outing"]


async def test_one_that_did_not_change_is_not_worked_out_again_for_a_day(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(server.feed())
    await place.look()
    first = place.state.feeds["closed"]

    def refuse(*_: object) -> FeedCopy:
        raise AssertionError("worked out again")

    monkeypatch.setattr(module, "read_copy", refuse)
    await place.look(MINUTES_15)
    copy = place.state.feeds["closed"]
    assert (copy.read_at, copy.covers_until) == (NOW + MINUTES_15, first.covers_until)
    monkeypatch.undo()
    await place.look(timedelta(days=1))
    assert place.state.feeds["closed"].covers_until == place.now + timedelta(days=400)


# --- Age ---


async def test_a_copy_that_is_too_old_is_an_error_once_and_a_note_as_long_as_it_lasts(server: Server) -> None:
    place = Place(server.feed())
    await place.look()
    server.answer = status(500)
    with capture_logs() as logs:
        await place.look(DAYS_3)
        await place.look(MINUTES_15)
    errors = [line for line in logs if line["log_level"] == "error"]
    assert [line["event"] for line in errors] == ["calendar is out of date; hours follow its last good copy"]
    assert errors[0]["calendar"] == "closed"
    assert errors[0]["read_at"] == "2026-11-24 10:00 UTC"
    assert "2026-11-24 10:00 UTC; its server answers 500" in place.calendars.stale()["closed"]
    assert place.calendars.ages_s()["closed"] == (DAYS_3 + MINUTES_15).total_seconds()
    assert place.events == ["Training"], "it is used all the same"

    server.answer = body(OUTING)
    with capture_logs() as logs:
        await place.look(MINUTES_15)
    assert "calendar is up to date again" in [line["event"] for line in logs]
    assert not place.calendars.stale()


async def test_one_that_could_never_be_read_is_an_error_at_once(server: Server) -> None:
    server.answer = status(404)
    place = Place(server.feed())
    with capture_logs() as logs:
        await place.look()
    assert [line["read_at"] for line in logs if line["log_level"] == "error"] == ["never"]
    assert place.calendars.ages_s() == {"closed": float("inf")}


async def test_before_the_first_reading_nothing_is_told(server: Server) -> None:
    place = Place(server.feed())
    place.calendars.take()
    assert not place.calendars.stale()


async def test_health_tells_of_it_and_lets_the_router_live(server: Server) -> None:
    place = Place(server.feed())
    await place.look()
    assert _calendars(place.calendars) == Part(good=True, says="1 read", needed=False)
    server.answer = status(500)
    await place.look(DAYS_3)
    told = _calendars(place.calendars)
    assert (told.good, told.needed) == (False, False)
    assert told.says == "closed was last read: 2026-11-24 10:00 UTC; its server answers 500"


# --- Restart, reload, files ---


async def test_a_copy_outlives_a_restart_and_is_not_read_sooner_for_it(server: Server) -> None:
    before = Place(server.feed())
    await before.look()
    await before.state._write_all()

    server.answer = status(500)
    after = Place(server.feed(), store=before.store)
    await after.state.load()
    await after.look(timedelta(minutes=14))
    assert (after.events, server.asked) == (["Training"], 1)


async def test_a_calendar_that_a_new_plan_names_is_read_at_once(server: Server) -> None:
    place = Place()
    await place.look()
    place.plan = plan_with(server.feed())
    await place.look()
    assert place.events == ["Training"]
    place.plan = plan_with()
    await place.look(DAYS_3)
    assert place.calendars.ages_s() == {}


def test_a_file_is_read_with_the_plan_and_then_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "closed.ics").write_bytes(OUTING)
    feed = Feed(key="closed", url=str(tmp_path / "closed.ics"), is_file=True, zone=LONDON, refresh_s=60.0)
    seen: list[list[str]] = []

    async def main() -> None:
        with_plan = FeedCopy(read_at=now(), covers_until=now() + timedelta(days=400), closures=())
        state = State(Entries(), Staff(now), now)
        plan = plan_with(feed, copies={"closed": with_plan})
        calendars = Calendars(state, lambda: plan, now)
        calendars.take()
        assert state.situation.feeds["closed"] == with_plan, "before the first call"
        part = asyncio.create_task(calendars.run())
        for _ in range(3):
            await asyncio.sleep(61.0)
            seen.append([closure.what for closure in state.feeds["closed"].closures])
            if len(seen) == 1:
                (tmp_path / "closed.ics").unlink()
        part.cancel()
        await asyncio.wait({part})

    with capture_logs() as logs:
        run(main())
    assert seen == [["Outing"]] * 3
    assert any("is not there" in line.get("error", "") for line in logs)
