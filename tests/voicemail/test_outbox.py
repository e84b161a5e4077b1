"""Messages on their way: from the store to the mail server, whatever fails between."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog

from router.model.message import Delivery, DeliveryState, MessageFacts
from router.store.contract import Store
from router.store.database import open_store
from router.store.errors import StoreError
from router.voicemail.outbox import Outbox, Tries
from router.voicemail.smtp import Refusal, Verdict, send
from tests.support.databases import refusing
from tests.support.mail import Mailbox
from tests.support.messages import MONDAY, facts, speech

ATTEMPT_S = 20.0
LEASE_S = ATTEMPT_S + 30
DAY_S = 24 * 3600.0


class Clock:
    """The time, which passes when the test says so."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(store: Store, mailbox: Mailbox, clock: Clock) -> Outbox:
    return an_outbox(store, mailbox, clock)


def an_outbox(store: Store, mailbox: Mailbox, clock: Callable[[], datetime], **other: Any) -> Outbox:
    usual: dict[str, Any] = {
        "send": functools.partial(send, mailbox.settings()),
        "sender": "Acme Phones <phones@acme.example>",
        "owner": "router-1",
        "attempt_s": ATTEMPT_S,
        "now": clock,
        "chance": lambda: 0.5,
    }
    return Outbox(store, **usual | other)


async def keep(store: Store, message_id: str = "vm-1", **other: Any) -> MessageFacts:
    return (await store.keep(speech(1), facts(message_id, **other))).facts


async def delivery(store: Store, message_id: str = "vm-1") -> Delivery:
    return next(one for _, one in await store.deliveries() if one.message_id == message_id)


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.ensure_future(outbox.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_kept_message_is_mailed_and_noted(
    store: Store, outbox: Outbox, mailbox: Mailbox, clock: Clock
) -> None:
    await keep(store)
    clock.forward(5)

    await outbox.deliver_due()

    [mail] = mailbox.mails
    assert mail.to == ("sales@acme.example",)
    assert [part.get_content() for part in mail.message.iter_attachments()] == [speech(1)]
    assert await delivery(store) == Delivery(
        message_id="vm-1", state=DeliveryState.SENT, attempts=1, next_at=None, sent_at=clock.now
    )


async def test_a_sent_message_is_not_mailed_again(
    store: Store, outbox: Outbox, mailbox: Mailbox, clock: Clock
) -> None:
    await keep(store)
    await outbox.deliver_due()
    clock.forward(10 * DAY_S)

    await keep(store)
    await outbox.deliver_due()

    assert len(mailbox.mails) == 1


class TestRefused:
    async def test_for_now_it_is_tried_again_after_growing_waits(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, clock: Clock
    ) -> None:
        await keep(store)
        mailbox.refuse("451 4.3.0 try again later", times=3)

        for wait_s in (10, 20, 40):
            await outbox.deliver_due()
            waiting = await delivery(store)
            assert waiting.state is DeliveryState.WAITING
            assert waiting.next_at == clock.now + timedelta(seconds=wait_s)
            assert "451" in waiting.last_error
            tries = mailbox.tries
            clock.forward(wait_s - 0.001)
            await outbox.deliver_due()
            assert mailbox.tries == tries
            clock.forward(0.001)
        await outbox.deliver_due()

        assert len(mailbox.mails) == 1
        assert (await delivery(store)).state is DeliveryState.SENT

    async def test_for_good_it_is_tried_again_hourly(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, clock: Clock
    ) -> None:
        await keep(store)
        mailbox.refuse("550 5.1.1 no such user", at="rcpt")

        await outbox.deliver_due()
        assert (await delivery(store)).next_at == clock.now + timedelta(hours=1)

        clock.forward(3600)
        await outbox.deliver_due()
        assert (await delivery(store)).state is DeliveryState.SENT

    @pytest.mark.parametrize("judged", list(Verdict))
    async def test_once_its_tries_are_used_up_it_is_given_up_with_an_alarm_and_stays(
        self, store: Store, mailbox: Mailbox, clock: Clock, judged: Verdict
    ) -> None:
        async def refuse_all(mail: bytes, to: Sequence[str]) -> Mapping[str, Refusal]:
            return dict.fromkeys(to, Refusal(verdict=judged, reason="no"))

        kept = await store.keep(speech(1), facts())
        outbox = an_outbox(store, mailbox, clock, send=refuse_all, tries=Tries(give_up_s=DAY_S / 4))

        with structlog.testing.capture_logs() as logged:
            while (next_at := (await delivery(store)).next_at) is not None:
                clock.now = max(clock.now, next_at)
                await outbox.deliver_due()

        assert clock.now - MONDAY >= timedelta(hours=5)
        dead = await delivery(store)
        assert dead.state is DeliveryState.DEAD
        assert dead.remaining == ("sales@acme.example",)
        assert [line["log_level"] for line in logged].count("error") == 1
        assert logged[-1]["message"] == "vm-1"
        assert await store.read_sound(kept) == speech(1)
        clock.forward(DAY_S)
        await an_outbox(store, mailbox, clock).deliver_due()
        assert mailbox.mails == []

    async def test_for_one_address_only_that_one_is_tried_again(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, clock: Clock
    ) -> None:
        to = ("a@acme.example", "b@acme.example", "c@acme.example")
        await keep(store, to=to)
        mailbox.refuse("450 mailbox busy", at="rcpt", address="b@acme.example", times=2)

        await outbox.deliver_due()
        assert (await delivery(store)).remaining == ("b@acme.example",)
        clock.forward(10)
        await outbox.deliver_due()
        clock.forward(20)
        await outbox.deliver_due()

        assert [mail.to for mail in mailbox.mails] == [("a@acme.example", "c@acme.example"), ("b@acme.example",)]
        assert [mail.message["To"] for mail in mailbox.mails] == [", ".join(to)] * 2
        assert (await delivery(store)).state is DeliveryState.SENT


async def test_each_try_is_the_same_mail(store: Store, outbox: Outbox, mailbox: Mailbox, clock: Clock) -> None:
    await keep(store)
    mailbox.drop(at="taken")  # the server has the mail, and we never hear of it

    await outbox.deliver_due()
    clock.forward(10)
    await outbox.deliver_due()

    first, second = (mail.message for mail in mailbox.mails)
    assert first["Message-ID"] == second["Message-ID"] == "<vm-vm-1@acme.example>"
    assert first["Date"] == second["Date"]


async def test_an_attempt_that_hangs_ends_before_its_lease(store: Store, mailbox: Mailbox, clock: Clock) -> None:
    await keep(store)
    mailbox.hang()

    await an_outbox(store, mailbox, clock, attempt_s=0.05).deliver_due()

    waiting = await delivery(store)
    assert waiting.next_at == clock.now + timedelta(seconds=10)
    assert "not done within 0.05 s" in waiting.last_error


class TestOthers:
    async def test_a_message_whose_recording_is_gone_holds_up_no_other(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, sounds: Path
    ) -> None:
        await keep(store, "vm-1")
        await keep(store, "vm-2")
        (sounds / "vm-1.wav").unlink()

        await outbox.deliver_due()

        assert [mail.message["Message-ID"] for mail in mailbox.mails] == ["<vm-vm-2@acme.example>"]
        assert "No such file" in (await delivery(store, "vm-1")).last_error

    async def test_a_recording_that_is_there_again_is_mailed(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, sounds: Path, clock: Clock
    ) -> None:
        await keep(store)
        (sounds / "vm-1.wav").rename(sounds / "elsewhere")
        await outbox.deliver_due()
        (sounds / "elsewhere").rename(sounds / "vm-1.wav")
        clock.forward(10)

        await outbox.deliver_due()

        assert len(mailbox.mails) == 1

    async def test_a_bug_with_one_mail_holds_up_no_other(
        self, store: Store, mailbox: Mailbox, clock: Clock
    ) -> None:
        async def send_badly(mail: bytes, to: Sequence[str]) -> Mapping[str, Refusal]:
            if b"vm-vm-1@" in mail:
                raise RuntimeError("a bug")
            return await send(mailbox.settings(), mail, to)

        await keep(store, "vm-1")
        await keep(store, "vm-2")

        await an_outbox(store, mailbox, clock, send=send_badly).deliver_due()

        assert [mail.message["Message-ID"] for mail in mailbox.mails] == ["<vm-vm-2@acme.example>"]
        assert (await delivery(store, "vm-1")).state is DeliveryState.WAITING

    async def test_a_mail_that_hangs_holds_up_no_other(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("router.voicemail.outbox.PARTING_S", 0.01)
        mailbox.hang(at="mail")
        for n in range(5):
            await keep(store, f"vm-{n}")

        async with running(outbox):
            assert len(await mailbox.arrived(4)) == 4


class TestRun:
    async def test_a_message_is_mailed_at_once_when_it_is_woken(
        self, store: Store, outbox: Outbox, mailbox: Mailbox
    ) -> None:
        async with running(outbox):
            for n in range(3):
                await keep(store, f"vm-{n}")
                outbox.wake()
                assert len(await mailbox.arrived(n + 1)) == n + 1

    async def test_what_waited_while_the_router_was_off_is_mailed_at_the_start(
        self, store: Store, outbox: Outbox, mailbox: Mailbox
    ) -> None:
        with refusing(store):
            await keep(store)  # on disk only

        async with running(outbox):
            await mailbox.arrived(1)

    async def test_messages_on_disk_only_are_looked_for_by_one_and_mailed_by_all(
        self, store: Store, outbox: Outbox, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looking, most = 0, 0
        recover = store.recover

        async def counted() -> int:
            nonlocal looking, most
            looking += 1
            most = max(most, looking)
            try:
                return await recover()
            finally:
                looking -= 1

        monkeypatch.setattr(store, "recover", counted)
        monkeypatch.setattr("router.voicemail.outbox.PARTING_S", 0.01)
        mailbox.hang(at="mail", times=3)
        with refusing(store):
            for n in range(7):
                await keep(store, f"vm-{n}")

        async with running(outbox):
            assert len(await mailbox.arrived(4)) == 4
        assert most == 1

    async def test_a_retry_comes_by_itself_when_it_is_due(
        self, store: Store, mailbox: Mailbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("router.voicemail.outbox.SHORTEST_REST_S", 0.001)
        mailbox.refuse("451 try again later", times=2)
        await keep(store)
        outbox = an_outbox(store, mailbox, lambda: datetime.now(MONDAY.tzinfo), tries=Tries(first_s=0.01))

        async with running(outbox):
            await mailbox.arrived(1)

    async def test_a_store_that_is_away_is_waited_for(self, store: Store, outbox: Outbox, mailbox: Mailbox) -> None:
        await keep(store)
        with refusing(store) as refused:
            task = asyncio.ensure_future(outbox.run())
            await refused.wait()
            assert mailbox.mails == []
        outbox.wake()
        await mailbox.arrived(1)

        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_two_routers_on_one_database_mail_each_message_once(
        self, url: str, sounds: Path, mailbox: Mailbox, clock: Clock
    ) -> None:
        first, second = await open_store(url, sounds), await open_store(url, sounds)
        for n in range(20):
            await keep(first, f"vm-{n}")

        async with (
            running(an_outbox(first, mailbox, clock, owner="r1")),
            running(an_outbox(second, mailbox, clock, owner="r2")),
        ):
            await mailbox.arrived(20)

        assert sorted(mail.message["Message-ID"] for mail in mailbox.mails) == sorted(
            f"<vm-vm-{n}@acme.example>" for n in range(20)
        )
        assert {one.state for _, one in await first.deliveries()} == {DeliveryState.SENT}
        await first.close()
        await second.close()


class TestStop:
    async def test_a_mail_on_its_way_is_noted_before_the_outbox_ends(
        self, store: Store, mailbox: Mailbox, clock: Clock
    ) -> None:
        on_its_way, arrived = asyncio.Event(), asyncio.Event()

        async def send_slowly(mail: bytes, to: Sequence[str]) -> Mapping[str, Refusal]:
            on_its_way.set()
            await arrived.wait()
            return {}

        await keep(store)
        task = asyncio.ensure_future(an_outbox(store, mailbox, clock, send=send_slowly).run())
        await on_its_way.wait()

        task.cancel()
        arrived.set()

        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await delivery(store)).state is DeliveryState.SENT

    async def test_one_that_takes_too_long_is_left_and_taken_over_after_its_lease(
        self, store: Store, mailbox: Mailbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("router.voicemail.outbox.PARTING_S", 0.01)
        mailbox.hang()
        await keep(store)
        task = asyncio.ensure_future(an_outbox(store, mailbox, clock).run())
        await mailbox.hung()

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        next_start = an_outbox(store, mailbox, clock)
        clock.forward(LEASE_S - 0.001)
        await next_start.deliver_due()
        assert mailbox.mails == []
        clock.forward(0.001)
        await next_start.deliver_due()
        assert len(mailbox.mails) == 1


class TestCrash:
    async def test_before_sending_the_mail_goes_after_the_lease(
        self, store: Store, mailbox: Mailbox, clock: Clock
    ) -> None:
        await keep(store)
        with pytest.raises(Crash):
            await an_outbox(store, mailbox, clock, send=crashing(mailbox, after=False)).deliver_due()
        clock.forward(LEASE_S)

        await an_outbox(store, mailbox, clock).deliver_due()

        assert len(mailbox.mails) == 1
        assert (await delivery(store)).state is DeliveryState.SENT

    async def test_between_sending_and_noting_the_mail_goes_once_more_and_can_be_recognised(
        self, store: Store, mailbox: Mailbox, clock: Clock
    ) -> None:
        await keep(store)
        with pytest.raises(Crash):
            await an_outbox(store, mailbox, clock, send=crashing(mailbox, after=True)).deliver_due()
        clock.forward(LEASE_S)

        await an_outbox(store, mailbox, clock).deliver_due()
        clock.forward(DAY_S)
        await an_outbox(store, mailbox, clock).deliver_due()

        assert [mail.message["Message-ID"] for mail in mailbox.mails] == ["<vm-vm-1@acme.example>"] * 2

    async def test_a_database_that_goes_away_between_sending_and_noting_causes_no_second_mail(
        self, store: Store, mailbox: Mailbox, clock: Clock
    ) -> None:
        away = refusing(store)

        async def send_and_lose(mail: bytes, to: Sequence[str]) -> Mapping[str, Refusal]:
            refused = await send(mailbox.settings(), mail, to)
            away.__enter__()
            return refused

        await keep(store)
        outbox = an_outbox(store, mailbox, clock, send=send_and_lose)
        with pytest.raises(StoreError):
            await outbox.deliver_due()
        clock.forward(LEASE_S)
        with pytest.raises(StoreError):
            await outbox.deliver_due()
        away.__exit__(None, None, None)

        await outbox.deliver_due()

        assert len(mailbox.mails) == 1
        sent = await delivery(store)
        assert sent.state is DeliveryState.SENT
        assert sent.sent_at == MONDAY

    @pytest.mark.parametrize("seed", range(6))
    async def test_whatever_happens_each_message_arrives_and_twice_only_after_an_unheard_yes(
        self, store: Store, mailbox: Mailbox, clock: Clock, seed: int
    ) -> None:
        chance = Random(seed)
        ids = [f"vm-{n}" for n in range(5)]
        for message_id in ids:
            await keep(store, message_id)
        unheard = 0
        for _ in range(400):
            mailbox.recover()
            happens = chance.choice(("well", "451", "550", "drop", "unheard", "crash", "crash unheard"))
            match happens:
                case "451" | "550":
                    mailbox.refuse(f"{happens} no", at=chance.choice(("connect", "mail", "rcpt", "data")))
                case "drop":
                    mailbox.drop(at=chance.choice(("connect", "mail", "rcpt", "data")))
                case "unheard":
                    mailbox.drop(at="taken")
            sending: Any = functools.partial(send, mailbox.settings())
            if happens.startswith("crash"):
                sending = crashing(mailbox, after="unheard" in happens)
            before = len(mailbox.mails)
            with suppress(Crash):
                await an_outbox(store, mailbox, clock, send=sending, chance=chance.random).deliver_due()
            if "unheard" in happens and len(mailbox.mails) > before:
                unheard += 1
            if all(one.state is DeliveryState.SENT for _, one in await store.deliveries()):
                break
            clock.forward(chance.uniform(0, 4000))

        assert {one.state for _, one in await store.deliveries()} == {DeliveryState.SENT}
        arrived = [str(mail.message["Message-ID"]) for mail in mailbox.mails]
        assert set(arrived) == {f"<vm-{message_id}@acme.example>" for message_id in ids}
        assert len(arrived) - len(ids) <= unheard


class TestTries:
    @pytest.mark.parametrize(
        ("attempt", "judged", "wait_s"),
        [
            pytest.param(1, Verdict.SOON, 10, id="first"),
            pytest.param(2, Verdict.SOON, 20, id="second"),
            pytest.param(5, Verdict.SOON, 160, id="fifth"),
            pytest.param(9, Verdict.SOON, 2560, id="last-below-an-hour"),
            pytest.param(10, Verdict.SOON, 3600, id="an-hour"),
            pytest.param(100, Verdict.SOON, 3600, id="hourly"),
            pytest.param(1, Verdict.LATER, 3600, id="refused-for-good"),
            pytest.param(127, Verdict.SOON, 3600, id="nearly-five-days"),
            pytest.param(128, Verdict.SOON, None, id="five-days"),
            pytest.param(128, Verdict.LATER, None, id="refused-for-five-days"),
            pytest.param(100_000, Verdict.SOON, None, id="long-since"),
        ],
    )
    def test_the_wait_after_each_attempt(self, attempt: int, judged: Verdict, wait_s: float | None) -> None:
        assert Tries().wait_s(attempt, judged) == wait_s

    @pytest.mark.parametrize(("chance", "wait_s"), [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)])
    def test_a_wait_is_up_to_a_tenth_shorter_or_longer(self, chance: float, wait_s: float) -> None:
        assert Tries().wait_s(1, Verdict.SOON, chance) == pytest.approx(wait_s)


def crashing(mailbox: Mailbox, *, after: bool) -> Callable[[bytes, Sequence[str]], Any]:
    """Sends, or not, and ends the process."""

    async def send_and_crash(mail: bytes, to: Sequence[str]) -> Mapping[str, Refusal]:
        if after:
            await send(mailbox.settings(), mail, to)
        raise Crash

    return send_and_crash
