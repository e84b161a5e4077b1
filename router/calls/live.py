"""The live calls: who they are, how a new one begins, and the one place where a call's bug is caught."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import structlog

from router.ari.errors import AriError, Conflict
from router.ari.models import CallBroadcast, Channel, ChannelTransfer, Event, StasisStart
from router.calls import arrival, transfer
from router.calls.call import Call, NotOurs, Story
from router.calls.errands import Errands, insist
from router.calls.exchange import OURS, Exchange, call_of, new_call_id, to_fallback
from router.calls.for_help import may_be_ended
from router.calls.leg import Leg
from router.calls.make_room import Elsewhere, Occupant
from router.calls.scope import HungUp, finish
from router.dialplan.dialling import read_dialled
from router.dialplan.faults import brief
from router.dialplan.question import unknown
from router.model.call import CallId, Direction, endpoint_of
from router.model.department import DialPlan
from router.model.ending import Ending
from router.model.number import dialable
from router.model.record import CallRecord
from router.rules import endings

log = structlog.get_logger()

_DIALLED = re.compile(r"[0-9+*#\s().\-–/]*\Z")  # what else came with a number might make it another one
_MOST_DIALLED = 40
_COMES_WITHIN_S = 1.0
_NOT_ALONE_S = 60.0


def _is_refused(claim: "asyncio.Task[bool]") -> bool:
    if claim.cancelled():
        return False
    error = claim.exception()
    return isinstance(error, Conflict) or (error is None and not claim.result())


def _is_won(claim: "asyncio.Task[bool]") -> bool:
    return not claim.cancelled() and claim.exception() is None and claim.result()


async def _nowhere(_: Collection[str]) -> list[Occupant]:
    return []


class Live:
    """plan: gives the dial plan in force; a call keeps the one it began with. elsewhere: calls a dialplan carries.

    `take` is the events' way in: synchronous, it never waits. `run` owns the calls' tasks.
    """

    def __init__(self, exchange: Exchange, plan: Callable[[], DialPlan]) -> None:
        self.exchange = exchange
        self._plan = plan
        self.calls: dict[str, Call] = {}  # by the caller's channel
        self._by_id: dict[CallId, Call] = {}
        self.parked: dict[str, Call] = {}  # by slot
        self.elsewhere: Elsewhere = _nowhere
        self.is_draining = False
        self._is_stopping = False
        self.ended: Counter[str] = Counter()  # calls by outcome, since the start
        self._tasks: set[asyncio.Task[None]] = set()
        self._task_of: dict[CallId, asyncio.Task[None]] = {}
        self._errands = Errands()
        self._alone_from = 0.0  # loop time

    # ---- events

    def take(self, event: Event) -> None:
        match event:
            case CallBroadcast(channel=channel):
                if not self.is_draining:
                    claim = self._errands.run(self._claim(channel))
                    asyncio.get_running_loop().call_later(0, self._begin_ahead, channel, claim)
            case StasisStart(channel=channel, replace_channel=replaced):
                if replaced is not None:
                    # Asterisk did it by itself, for an INVITE with Replaces or a transfer: nothing we answer for.
                    log.warning("transferred channel refused", channel=channel.name)
                    self._errands.run(self._put_back(replaced, channel))
                elif channel.id.startswith(OURS):
                    if not self.expects(channel.id):
                        # Its creation was given up by us, but not by Asterisk.
                        log.warning("leg of no call hung up", leg=channel.name)
                        self._errands.run(insist(lambda: self.exchange.ari.channels.hangup(channel.id)))
                else:
                    self._begin(event)

    def has(self, call_id: CallId) -> bool:
        """Whether the call is going on."""
        return call_id in self._by_id

    def expects(self, leg_id: str) -> bool:
        """Whether a channel of this id is, or will be, a leg of a live call."""
        call = self._by_id.get(call_of(leg_id))
        if call is not None and call.legs.expects(leg_id):
            return True
        return any(call.legs.expects(leg_id) for call in self._by_id.values())  # one given to another call

    def call_with(self, channel_id: str) -> Call | None:
        """The call that has this channel, its caller's or a leg's."""
        return self.calls.get(channel_id) or next(
            (call for call in self._by_id.values() if call.legs.expects(channel_id)), None
        )

    async def _claim(self, channel: Channel) -> bool:
        ari = self.exchange.ari
        try:
            return await ari.events.claim_channel(channel_id=channel.id, application=ari.app)
        except Conflict:
            self._alone_from = asyncio.get_running_loop().time() + _NOT_ALONE_S
            raise

    def _begin_ahead(self, channel: Channel, claim: "asyncio.Task[bool]") -> None:
        """Begins a trunk's call while Asterisk answers our claim, which is a sixth of what its set-up takes.

        Not where another router wins claims: then half of it would be for nothing.
        """
        loop = asyncio.get_running_loop()
        if self.is_draining or loop.time() < self._alone_from or arrival.trunk_of(channel, self._plan()) is None:
            return
        called = dialable(channel.dialplan.exten)
        call = self.carry(channel, arrival.from_trunk, called_raw=called, is_claimed=True)

        def comes_no_more() -> None:
            if call.caller.is_ours is None and _is_won(claim):  # its start went by while the events were away
                self._errands.run(insist(lambda: to_fallback(self.exchange.ari, channel.id, called)))
            call.came(False)

        def claimed(_: "asyncio.Task[bool]") -> None:
            # Asterisk has still to give it to us, unless its caller leaves in this very moment. Of a request that
            # failed nobody knows whether it was carried out.
            loop.call_later(0.0 if _is_refused(claim) else _COMES_WITHIN_S, comes_no_more)

        claim.add_done_callback(claimed)

    def _begin(self, event: StasisStart) -> None:
        channel, kind = event.channel, event.args[0] if event.args else "inbound"
        dialled = dialable(event.args[1] if len(event.args) > 1 else channel.dialplan.exten)
        if (call := self.calls.get(channel.id)) is not None and call.caller.is_ours is None:
            is_as_begun = kind == "inbound" and dialled == call.record.called_raw
            call.came(is_as_begun)
            if is_as_begun:
                return
        if self.is_draining or kind not in ("inbound", "outbound"):
            log.warning("call handed back", channel=channel.name, args=event.args, draining=self.is_draining)
            self._errands.run(to_fallback(self.exchange.ari, channel.id, channel.dialplan.exten))
            return
        self.carry(channel, arrival.from_trunk if kind == "inbound" else arrival.from_phone, called_raw=dialled)

    async def _put_back(self, replaced: Channel, by: Channel) -> None:
        """Hangs up what took a channel's place; who was pushed out of a talk comes back into it."""
        await insist(lambda: self.exchange.ari.channels.hangup(by.id, reason="rejected"))
        call = self.call_with(replaced.id)
        if call is not None and call.is_talking:
            call.note(f"{endpoint_of(by.name)} tried to take it over")
            await insist(lambda: call.caller.join_bridge(with_leg=replaced.id))

    # ---- calls

    def carry(
        self,
        channel: Channel,
        story: Story,
        *,
        called_raw: str,
        call_id: CallId | None = None,
        record: CallRecord | None = None,
        plan: DialPlan | None = None,
        is_claimed: bool = False,
    ) -> Call:
        """Begins a call's task. Nothing is awaited before its listeners stand.

        call_id, record: of a call that began before; None for a new one. plan: what it keeps to; None: the newest.
        is_claimed: its channel is still to come to us.
        """
        now, plan = self.exchange.now(), plan or self._plan()
        if record is None:
            record = CallRecord(
                id=call_id or new_call_id(now),
                direction=Direction.INBOUND,
                channel=channel.id,
                caller_number="",
                caller_name="",
                called_number=called_raw,
                called_raw=called_raw,
                arrived_at=now,
                router=self.exchange.router,
                dialplan=plan.digest,
            )
        call = Call(self.exchange, self, channel=channel, plan=plan, record=record, is_claimed=is_claimed)
        self.calls[channel.id] = self._by_id[call.id] = call
        task = asyncio.get_running_loop().create_task(self._run(call, story))
        self._tasks.add(task)
        self._task_of[call.id] = task
        task.add_done_callback(self._tasks.discard)
        return call

    async def transfer(self, call: Call, partner: Leg, asked: ChannelTransfer) -> Ending | None:
        """The end of a talk that was passed on; None when it goes on as it was."""
        return await transfer.transfer(call, partner, asked)

    async def _run(self, call: Call, story: Story) -> None:
        """One call, from beginning to end. A bug ends this call only, and hands its caller to the fallback."""
        structlog.contextvars.bind_contextvars(call=call.id)
        ending: Ending | None = None
        keeps = False
        try:
            ending = await story(call)
        except asyncio.CancelledError:
            if call.is_hung_up and not self._is_stopping:
                ending = call.ending_when_hung_up()
                return
            # We are being stopped. Talks and messages go on without us and are adopted by the next start.
            if call.caller.is_ours is None:
                call.legs.cancel_all()
            with contextlib.suppress(HungUp, TimeoutError):
                await finish(call.errands.settled(), self.exchange.limits.cleanup_s)
                if call.is_talking and call.caller.is_leased:
                    await finish(insist(lambda: call.caller.lease(0)), self.exchange.limits.cleanup_s)
            keeps = call.is_talking or call.recording is not None
            if keeps:
                call.save()  # what is known so far goes on with it
            raise
        except NotOurs:
            log.info("call did not come to us", channel=call.channel.name)
        except AriError as error:
            if (gone := await call.caller.has_left()) is not None:
                ending = call.ending_when_left(gone)
            else:
                log.error("call failed", error=str(error))
                call.note("failed: Asterisk refused or could not be reached; handed to the dialplan")
        except Exception:
            log.exception("call failed")
            call.note("failed by an error of the router; handed to the dialplan")
        finally:
            try:
                if not keeps:
                    await finish(self._close(call, ending or call.ends_as), self.exchange.limits.cleanup_s)
            except Exception:
                log.exception("letting go failed")
            finally:
                call.close()
                del self._by_id[call.id], self._task_of[call.id]
                if self.calls.get(call.channel.id) is call:
                    del self.calls[call.channel.id]

    async def _close(self, call: Call, ending: Ending | None) -> None:
        try:
            await call.let_go(ending)
        finally:  # the record ends also when time is up
            if call.caller.is_ours:
                ending = ending or endings.failed()
                self.ended[ending.outcome.value] += 1
                call.end(ending)

    def call(self, call_id: CallId) -> Call | None:
        """The call that is going on under this id."""
        return self._by_id.get(call_id)

    def hang_up(self, call_id: CallId, by: str) -> bool:
        """Ends a call at whatever moment it is, for whoever asks. Whether it was going on.

        Raises MayNotEnd for an emergency call.
        """
        call = self._by_id.get(call_id)
        if call is None:
            return False
        may_be_ended(call)
        if not call.is_hung_up:
            call.is_hung_up = True
            call.note(f"ended as asked: {by}")
            # Behind its first step: a task cancelled before it has begun lets go of nothing.
            asyncio.get_running_loop().call_soon(self._task_of[call_id].cancel)
        return True

    # ---- click-to-call

    def place(self, by: str, to: str, department: str | None = None) -> CallId:
        """Click-to-call: rings the person `by` (a key of the plan) first, then calls `to` for them.

        Raises ValueError, saying what is wrong, for a person or a department the plan does not have, for what
        nobody could dial, and when we are about to stop.
        """
        if self.is_draining:
            raise ValueError("the router is stopping and takes no new calls")
        plan = self._plan()
        if by not in plan.people:
            raise ValueError(unknown("no person is called", by, plan.people))
        if department is not None and department not in plan.departments:
            raise ValueError(unknown("no department is called", department, plan.departments))
        if not _DIALLED.match(to) or not 0 < len(dialable(to, len(to))) <= _MOST_DIALLED:
            raise ValueError(f'"{brief(to)}" cannot be dialled; write a number such as 020 7946 0999')
        return self.ring_first(by, dialable(to), arrival.by_click(by, department), department=department)

    def ring_first(self, by: str, to: str, story: Story, **known: Any) -> CallId:
        """Begins a call to `to` whose own channel is to be a leg to the phone of the person `by`.

        known: fields of its record beside these.
        """
        plan, now = self._plan(), self.exchange.now()
        person, call_id, called = plan.people[by], new_call_id(now), read_dialled(to, plan).called
        channel = Channel(id=f"{OURS}{call_id}.first", name=f"{person.endpoint}-", state="Down")
        record = CallRecord(
            id=call_id,
            direction=Direction.OUTBOUND,
            channel=channel.id,
            caller_number=str(person.extension or ""),
            caller_name=person.name,
            called_number=to,
            called_country=called.country,
            called_type=called.use,
            called_raw=to,
            arrived_at=now,
            router=self.exchange.router,
            person=by,
            dialplan=plan.digest,
            **known,
        )
        self.carry(channel, story, called_raw=to, record=record)
        return call_id

    # ---- stopping

    async def drain(self, limit_s: float) -> None:
        """Takes no new calls and gives those under way up to `limit_s` seconds to end by themselves."""
        self.is_draining = True
        if self._tasks and limit_s > 0:
            await asyncio.wait(self._tasks, timeout=limit_s)

    async def stop(self) -> None:
        """Callers who wait go back to the dialplan; talks are left as they are."""
        self.is_draining = self._is_stopping = True
        await asyncio.sleep(0)  # a call cancelled before it has begun lets go of nothing
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._errands.settled()
