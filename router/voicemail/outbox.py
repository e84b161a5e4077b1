"""Delivers voicemail messages by e-mail: at once, else again and again for days, each to everybody once.

What is due is a table of the store, so that a restart, a second router and a database that was away need nothing
special. An attempt is shorter than its lease: whoever takes a delivery over does so when the earlier attempt has
ended. Only a process killed between the server's "250" and the note of it sends twice, with the same Message-ID.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from aiosmtplib import SMTPException

from router.model.message import Delivery, DeliveryState, VoicemailMessage
from router.store.contract import MessageStore
from router.store.errors import StoreError
from router.voicemail.compose import compose
from router.voicemail.smtp import Refusal, Verdict, verdict

log = structlog.get_logger()

Send = Callable[[bytes, Sequence[str]], Awaitable[Mapping[str, Refusal]]]

AT_ONCE = 4  # mails on their way together: one that hangs holds up no other
LONGEST_REST_S = 30.0  # also how soon messages of other routers, or of a database that was away, are seen
SHORTEST_REST_S = 0.2  # what another router is just claiming looks due until it has
LEASE_MARGIN_S = 30.0
PARTING_S = 5.0  # on the way out, what a mail already on its way may still take
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """When to try again. first_s doubles up to longest_s; a lasting refusal is tried every longest_s.

    give_up_s: counted in the waits between the tries rather than by the clock, since a router that was off for a
    week has not tried. jitter: each wait is that much longer or shorter, so that many do not come back together.
    """

    first_s: float = 10.0
    longest_s: float = 3600.0
    give_up_s: float = 5 * 24 * 3600.0
    jitter: float = 0.1

    def wait_s(self, attempt: int, judged: Verdict, chance: float = 0.5) -> float | None:
        """Seconds from attempt number `attempt` to the next; None to give up. chance: from 0 to 1."""
        waits = [min(self.longest_s, self.first_s * 2.0 ** min(n, 40)) for n in range(attempt)]
        if sum(waits) > self.give_up_s:
            return None
        wait_s = self.longest_s if judged is Verdict.LATER else waits[-1]
        return wait_s * (1 - self.jitter + 2 * self.jitter * chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What became of one attempt, for `MessageStore.finish_delivery`."""

    message_id: str
    attempt: int
    state: DeliveryState
    at: datetime
    next_at: datetime | None = None
    remaining: tuple[str, ...] = ()
    error: str = ""


class Outbox:
    """Sends what the store says is due.

    send: `smtp.send` with its settings. sender: the From address. owner: names this process in leases, unique.
    attempt_s: the limit of one attempt, from reading the sound to the server's answer.
    """

    def __init__(
        self,
        store: MessageStore,
        send: Send,
        *,
        sender: str,
        owner: str,
        tries: Tries = Tries(),
        attempt_s: float = 180.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._send = send
        self._sender = sender
        self._owner = owner
        self._tries = tries
        self._attempt_s = attempt_s
        self._now = now
        self._chance = chance
        self._news = asyncio.Event()
        self._is_recovering = False
        self._unwritten: dict[str, _Result] = {}  # by message id; the store was away when they came

    def wake(self) -> None:
        """A message was kept: it is due now."""
        self._news.set()
        self._news = asyncio.Event()  # the next news; each worker waits for those since it looked

    async def run(self) -> None:
        """Delivers until cancelled. A store that is away is waited for."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._go_on())

    async def deliver_due(self) -> None:
        """Delivers, one after the other, all that is due now. Raises StoreError."""
        for result in tuple(self._unwritten.values()):  # first: what was sent must not be claimed again
            await self._write(result)
            self._unwritten.pop(result.message_id, None)
        await self._recover()
        lease_s = self._attempt_s + LEASE_MARGIN_S
        while claimed := await self._store.claim_delivery(self._owner, self._now(), lease_s):
            await _to_the_end(self._deliver(*claimed))

    async def _recover(self) -> None:
        """Gives rows to messages that have none; one look at a time is enough for all who deliver."""
        if self._is_recovering:
            return
        self._is_recovering = True
        try:
            if await self._store.recover():
                self.wake()  # the others, who looked for deliveries meanwhile
        finally:
            self._is_recovering = False

    async def _go_on(self) -> None:
        while True:
            news = self._news  # before looking: what comes while looking is seen by the next look
            rest_s = LONGEST_REST_S
            try:
                await self.deliver_due()
                if next_at := await self._store.next_delivery():
                    until_due_s = (next_at - self._now()).total_seconds()
                    rest_s = min(LONGEST_REST_S, max(SHORTEST_REST_S, until_due_s))
            except StoreError as error:
                log.warning("outbox waits for the store", because=str(error), again_in_s=rest_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await news.wait()

    async def _deliver(self, message: VoicemailMessage, delivery: Delivery) -> None:
        result = self._result(message, delivery, await self._attempt(message, delivery.remaining))
        try:
            await self._write(result)
        except StoreError:
            self._unwritten[result.message_id] = result
            raise

    async def _attempt(self, message: VoicemailMessage, to: Sequence[str]) -> Mapping[str, Refusal]:
        """Tries once. Returns for whom the mail was not taken, and why."""
        try:
            async with asyncio.timeout(self._attempt_s):
                audio = await self._store.read_sound(message)
                mail = await asyncio.to_thread(self._mail, message, audio)
                return await self._send(mail, to)
        except TimeoutError as error:
            reason = Refusal(verdict=Verdict.SOON, reason=str(error) or f"not done within {self._attempt_s:g} s")
        except (SMTPException, StoreError, OSError) as error:
            reason = Refusal(verdict=verdict(error), reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # one message's bug delays one message
            log.exception("mail cannot be made", message=message.facts.id)
            reason = Refusal(verdict=Verdict.LATER, reason=repr(error))
        return dict.fromkeys(to, reason)

    def _result(self, message: VoicemailMessage, delivery: Delivery, refused: Mapping[str, Refusal]) -> _Result:
        attempt, at = delivery.attempts, self._now()
        facts = {"message": message.facts.id, "call": message.facts.call_id, "attempt": attempt}
        if not refused:
            log.info("voicemail mailed", **facts)
            return _Result(message_id=message.facts.id, attempt=attempt, state=DeliveryState.SENT, at=at)
        soon = any(one.verdict is Verdict.SOON for one in refused.values())
        wait_s = self._tries.wait_s(attempt, Verdict.SOON if soon else Verdict.LATER, self._chance())
        because = "; ".join(f"{address}: {one.reason}" for address, one in refused.items())[:LONGEST_REASON]
        if wait_s is None:
            log.error("voicemail not mailed, given up; its recording stays", because=because, **facts)
        else:
            log.warning("voicemail not mailed yet", again_in_s=round(wait_s), because=because, **facts)
        return _Result(
            message_id=message.facts.id,
            attempt=attempt,
            state=DeliveryState.DEAD if wait_s is None else DeliveryState.WAITING,
            at=at,
            next_at=None if wait_s is None else at + timedelta(seconds=wait_s),
            remaining=tuple(refused),
            error=because,
        )

    async def _write(self, result: _Result) -> None:
        written = await self._store.finish_delivery(
            result.message_id,
            result.attempt,
            result.state,
            result.at,
            next_at=result.next_at,
            remaining=result.remaining,
            error=result.error,
        )
        if not written:
            log.warning("voicemail taken over by another meanwhile", message=result.message_id)

    def _mail(self, message: VoicemailMessage, audio: bytes) -> bytes:
        return compose(message, audio, self._sender).as_bytes()


async def _to_the_end(work: Awaitable[None]) -> None:
    """Awaits; when cancelled, gives a mail on its way PARTING_S to arrive and be noted: it would be sent twice."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait([task], timeout=PARTING_S)
        finally:
            task.cancel()
        with suppress(asyncio.CancelledError, StoreError):
            await task
        raise
