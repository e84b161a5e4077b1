"""Feeds and the client that fills them: in order, bounded, nothing lost, nothing left behind."""

import asyncio

import pytest

from router.ari.client import Ari
from router.ari.errors import FeedOverflow
from router.ari.models import Bridge, Channel, ChannelEnteredBridge, ChannelStateChange, Event, StasisEnd
from router.ari.transport import Response


class Silent:
    async def request(self, *_: object, **__: object) -> Response:
        raise AssertionError("no request is made here")


@pytest.fixture
def ari() -> Ari:
    return Ari(Silent(), "router")


def end(channel: str) -> Event:
    return StasisEnd(channel=Channel(id=channel))


def state(channel: str, name: str) -> Event:
    return ChannelStateChange(channel=Channel(id=channel, state=name))


async def test_events_before_the_first_read_wait_in_order(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        for name in ("Ring", "Ringing", "Up"):
            ari.take(state("c1", name))
        assert [await feed.next() for _ in range(3)] == [state("c1", n) for n in ("Ring", "Ringing", "Up")]


async def test_what_was_not_read_yet_may_be_looked_at(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        ari.take(state("c1", "Ring"))
        ari.take(end("c1"))
        assert await feed.next() == state("c1", "Ring")
        assert feed.unread == (end("c1"),)
        assert await feed.next() == end("c1")


async def test_a_feed_hears_of_its_subjects_only(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        ari.take(end("c2"))
        ari.take(end("c1"))
        assert await feed.next() == end("c1")


async def test_a_waiting_reader_gets_the_event(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        reading = asyncio.ensure_future(feed.next(limit_s=5))
        await asyncio.sleep(0)
        ari.take(end("c1"))
        assert await reading == end("c1")


async def test_an_event_about_two_subjects_of_a_feed_comes_once(ari: Ari) -> None:
    entered = ChannelEnteredBridge(channel=Channel(id="c1"), bridge=Bridge(id="b1"))
    with ari.feed("c1", "b1") as feed:
        ari.take(entered)
        assert await feed.next() == entered
        with pytest.raises(TimeoutError):
            await feed.next(limit_s=0)


async def test_each_feed_of_a_subject_gets_the_event(ari: Ari) -> None:
    with ari.feed("c1") as one, ari.feed("c1", "c1") as other:
        ari.take(end("c1"))
        assert await one.next() == await other.next() == end("c1")


async def test_subjects_come_and_go_while_a_feed_is_open(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        feed.add("c2")
        feed.add("c2")
        feed.drop("c1")
        feed.drop("never listened to")
        ari.take(end("c1"))
        ari.take(end("c2"))
        assert await feed.next() == end("c2")
        feed.drop("c2")
        assert ari.listening == 0


async def test_the_limit_of_a_wait_is_a_timeout_and_the_feed_lives_on(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        with pytest.raises(TimeoutError):
            await feed.next(limit_s=0.001)
        ari.take(end("c1"))
        assert await feed.next() == end("c1")


async def test_an_event_in_the_tick_of_the_limit_is_read_and_no_timeout(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        loop = asyncio.get_running_loop()
        loop.call_later(0.001, ari.take, end("c1"))
        loop.call_soon(lambda: None)
        reading = asyncio.ensure_future(feed.next(limit_s=0.001))
        assert await reading == end("c1")


async def test_a_cancelled_reader_loses_no_event(ari: Ari) -> None:
    """The event and the cancellation come in the same tick; the event is there for the next read."""
    with ari.feed("c1") as feed:
        reading = asyncio.ensure_future(feed.next())
        await asyncio.sleep(0)
        ari.take(end("c1"))
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await feed.next(limit_s=0) == end("c1")


async def test_a_reader_cancelled_before_the_event_leaves_the_feed_usable(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        reading = asyncio.ensure_future(feed.next())
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        ari.take(end("c1"))
        assert await feed.next() == end("c1")


async def test_a_second_reader_at_the_same_time_is_a_mistake_that_is_told(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        reading = asyncio.ensure_future(feed.next())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await feed.next()
        ari.take(end("c1"))
        assert await reading == end("c1")


async def test_an_overflowing_feed_says_so_at_once_and_for_ever(ari: Ari) -> None:
    with ari.feed("c1", size=2) as feed:
        for _ in range(3):
            ari.take(end("c1"))
        for _ in range(2):
            with pytest.raises(FeedOverflow, match="more than 2 events waited for c1"):
                await feed.next()


async def test_a_full_feed_that_is_read_does_not_overflow(ari: Ari) -> None:
    with ari.feed("c1", size=2) as feed:
        for _ in range(5):
            ari.take(end("c1"))
            ari.take(end("c1"))
            await feed.next()
            await feed.next()


async def test_what_was_missed_can_be_pushed_by_hand(ari: Ari) -> None:
    with ari.feed("c1") as feed:
        feed.push(end("c1"))
        assert await feed.next() == end("c1")


async def test_nothing_is_left_behind_when_feeds_close(ari: Ari) -> None:
    with ari.feed("c1", "b1"), ari.feed("c1") as other:
        assert ari.listening == 3
        other.close()
        assert ari.listening == 2
    assert ari.listening == 0


async def test_a_call_that_fails_leaves_no_feed_behind(ari: Ari) -> None:
    with pytest.raises(ZeroDivisionError), ari.feed("c1"):
        raise ZeroDivisionError
    assert ari.listening == 0


def test_a_listener_may_leave_while_it_is_told(ari: Ari) -> None:
    told: list[str] = []

    def hear_and_leave(event: Event) -> None:
        told.append("first")
        leave()

    leave = ari.listen("c1", hear_and_leave)
    ari.listen("c1", lambda event: told.append("second"))
    ari.take(end("c1"))
    ari.take(end("c1"))
    assert told == ["first", "second", "second"]


def test_leaving_twice_does_not_remove_another_with_the_same_function(ari: Ari) -> None:
    told: list[Event] = []
    leave = ari.listen("c1", told.append)
    ari.listen("c1", told.append)
    leave()
    leave()
    ari.take(end("c1"))
    assert told == [end("c1")]


def test_who_watches_all_events_is_told_last(ari: Ari) -> None:
    told: list[str] = []
    ari.listen("c1", lambda event: told.append("listener"))
    ari.on_event = lambda event: told.append("all")
    ari.take(end("c1"))
    ari.take(end("c2"))
    assert told == ["listener", "all", "all"]
