"""One live call: the caller, the legs, its record, and letting go of all of it at the end.

The stories (inbound, ring, talk) are written with the verbs of `Caller`, `Legs` and this. Whatever a story makes
is noted before it is asked for, so that `let_go` finds it, also when the story was cut short between a request and
its answer.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from router.ari.errors import FeedOverflow
from router.ari.models import Channel, ChannelDtmfReceived, ChannelTransfer, Event, PlaybackFinished
from router.calls.caller import Caller, refuse_transfer
from router.calls.errands import Errands, insist
from router.calls.exchange import OURS, Exchange
from router.calls.leg import Leg
from router.calls.legs import Legs, Woken
from router.calls.scope import Gone, HungUp
from router.dialplan.numbers import read_caller
from router.model.call import CallId
from router.model.department import DialPlan
from router.model.ending import Ending, Party
from router.model.record import CallRecord, LegRecord, TraceLine
from router.rules import endings
from router.rules.charges import priced

if TYPE_CHECKING:
    from router.calls.live import Live

log = structlog.get_logger()

_LEGS_END_WITHIN_S = 2.0


def name_recording(call_id: CallId) -> str:
    """The recording of the name a caller says to be screened by; deleted with the call."""
    return f"{OURS}{call_id}.said"


class NotOurs(Exception):
    """Another router took the call, or its caller left, before it came to us."""


Story = Callable[["Call"], Coroutine[Any, Any, Ending]]


class Call:
    """channel: the caller's, as it came. plan: the dial plan the call keeps to its end. record: what is known so
    far, but for trace, legs and trunk, which `as_known` adds.

    trunk: the one by which the caller's channel came, None for none of ours.
    calling: who calls, a colleague by extension and name; looked_up: their name by another system, "" for none.
    partner: who answered, None before; is_talking: they and the caller are in one bridge. recording: the message
    that is being left; playback: a prompt, on the caller's channel or to both; each as Asterisk knows it.
    serving: the department whose people ring, or answered.
    wants: the call whose caller this one's would talk with, see `hand_over`. closed: it is over.
    ends_as: how it ends if its story is cut short; None: the caller goes back to the dialplan.
    declined: who said no to this very call, as `Offer.whom`. name_said: whether the caller gave their name to be
    screened by, None when not asked. menus: how many the caller was asked. is_called_back:
    they asked for it, and may go. is_emergency: it is never ended for another.
    is_hung_up: somebody asked us to end it.
    watchers: told every event of the feed, whichever story reads it.
    is_claimed: the caller's channel is on its way to us; see `came`.
    Listens from construction on; `close` ends that.
    """

    def __init__(
        self,
        exchange: Exchange,
        live: "Live",
        *,
        channel: Channel,
        plan: DialPlan,
        record: CallRecord,
        is_claimed: bool = False,
    ) -> None:
        self.exchange = exchange
        self.live = live
        self.ari = exchange.ari
        self.id: CallId = record.id
        self.channel = channel
        self.plan = plan
        self.record = record
        self._trace = list(record.trace)
        self.calling = read_caller(record.caller_number, record.caller_name, False, plan.country)
        self.looked_up = ""
        self.partner: Leg | None = None
        self.is_talking = False
        self.recording: str | None = None
        self.playback: str | None = None
        self.serving: str | None = None
        self.wants: CallId | None = None
        self.closed = asyncio.Event()
        self.ends_as: Ending | None = None
        self.declined: set[str] = set()
        self.name_said: bool | None = None
        self.menus = 0
        self.is_called_back = False
        self.is_emergency = False
        self.is_hung_up = False
        self.watchers: list[Callable[[Event], None]] = []
        self._occupied: dict[str, str | None] = {}
        self.errands = Errands()
        self.feed = self.ari.feed()
        margin_s = exchange.limits.lease_margin_s
        prefix = f"{OURS}{self.id}"
        self.caller = Caller(
            self.ari,
            self.errands,
            channel,
            prefix=prefix,
            lease_margin_s=margin_s,
            does=self._caller_does,
            is_claimed=is_claimed,
        )
        self.legs = Legs(exchange, self.errands, self.feed, self.caller, call_id=self.id, rang=self._rang)
        self._named = 0
        self.trunk: str | None = None
        self.comes_by(record.trunk)

    def name(self, what: str) -> str:
        """A new id for something of this call."""
        self._named += 1
        return f"{OURS}{self.id}.{what}{self._named}"

    async def next(self, limit_s: float, *, transfers: bool = False) -> Event:
        """The next event about what this call made. Raises TimeoutError after `limit_s` seconds.

        transfers: whoever reads it sees to a phone's asking to transfer; else that is refused here.
        """
        event = await self.feed.next(max(limit_s, 0.0))
        self.legs.take(event)
        for watch in self.watchers:
            watch(event)
        if isinstance(event, PlaybackFinished) and event.playback.id == self.playback:
            self.playback = None
        if isinstance(event, ChannelTransfer) and not transfers:
            self.errands.run(refuse_transfer(self.ari, event))
        return event

    def came(self, is_ours: bool) -> None:
        """Whether the channel that was claimed for this call came to us. The first word counts."""
        if self.caller.is_ours is not None:
            return
        self.caller.came(is_ours)
        if not is_ours:
            self.legs.close()  # its people are free for the call's next beginning, or for another
        self.wake()

    def wake(self) -> None:
        """Lets whoever waits for the next event look around."""
        self.feed.push(Woken())

    def comes_by(self, trunk: str | None) -> None:
        """The caller's channel is one of the trunk's."""
        if trunk is not None:
            self.trunk = trunk
            self.exchange.trunks.holds(trunk, self.channel.id, self.id)
            self.exchange.accounts.holds(self.channel.id, self.id)

    def occupies(self, person: str | None, serving: str | None = None) -> None:
        """Notes that the person is on the phone in this call, until `frees` or its end. serving: a department."""
        if person is not None and person not in self._occupied:
            self._occupied[person] = serving
            self.exchange.staff.talks(person, self.id)

    def frees(self, person: str | None) -> None:
        """The person is on the phone in this call no longer."""
        if person is None or person not in self._occupied:
            return
        served = self.plan.departments.get(self._occupied.pop(person) or "")
        self.exchange.staff.talked(
            person,
            self.id,
            for_department=served is not None,
            wrap_up_s=served.wrap_up_s if served is not None else 0.0,
        )

    def _caller_does(self, event: ChannelDtmfReceived | ChannelTransfer) -> None:
        if not self.channel.id.startswith(OURS):  # click-to-call: the caller's channel is a leg, whose events come
            self.feed.push(event)

    # ---- the record

    def note(self, what: str) -> None:
        """Adds a line to the record's trace."""
        self._trace.append(TraceLine(at=self.exchange.now(), what=what))

    def save(self, **changes: Any) -> None:
        """Sets fields of the record and passes it to the journal."""
        self.record = self.as_known(**changes)
        self.exchange.journal.save(self.record)

    def as_known(self, **changes: Any) -> CallRecord:
        """The record with its trace, its legs and its trunk as they are now, and fields changed."""
        legs = tuple([self._told(leg) for leg in self.legs])
        return replace(self.record, trace=tuple(self._trace), legs=legs, trunk=self.trunk, **changes)

    def _told(self, leg: Leg) -> LegRecord:
        """A leg that goes on in another call is paid for there."""
        return leg.record() if leg.is_given else priced(leg.record(), self.plan)

    def end(self, ending: Ending) -> None:
        self.save(ending=ending, ended_at=self.exchange.now())
        served = self.plan.departments.get(self.serving or "")
        if served is not None and self.record.answered_at is not None:
            self.exchange.waiting.talked(served.key, self.record.talked_s + served.wrap_up_s)
        log.info(
            "call ended",
            outcome=ending.outcome.value,
            by=ending.by.value,
            cause=int(ending.cause),
            talked_s=round(self.record.talked_s, 1),
        )

    def _rang(self, at: datetime) -> None:
        if self.record.rang_at is None:
            self.save(rang_at=at)

    # ---- the end

    async def until_left(self, story: Coroutine[Any, Any, Ending]) -> Ending:
        """The story's ending, or the one that follows from the caller's leaving it."""
        try:
            async with self.caller.hangup:
                return await story
        except HungUp as left:
            self._catch_up()
            return self.ending_when_left(left.gone)
        finally:
            story.close()  # one who had left before it began never heard it

    def _catch_up(self) -> None:
        """What came before the caller left, and the story had no time for: early media answers them without us."""
        for event in self.feed.unread:
            self.legs.take(event)
        answered = next((leg for leg in self.legs if leg.early_media and leg.answered_at is not None), None)
        if answered is not None and self.record.answered_at is None:
            self.save(answered_at=answered.answered_at, answered_by=answered.person)

    def ending_when_left(self, gone: Gone) -> Ending:
        """The call's end when the caller's channel left us, from what had been reached by then."""
        if gone.given:
            return endings.answered(Party.US)
        if not gone.hung_up:
            self.note("the dialplan took the caller back")
            return endings.failed()
        if self.record.answered_at is not None:
            return endings.answered(Party.CALLER, gone.cause)
        if self.record.message_id is not None:
            return endings.voicemail(Party.CALLER, gone.cause)
        if self.is_called_back:
            return endings.call_back(Party.CALLER, gone.cause)
        return endings.abandoned(gone.cause)

    def ending_when_hung_up(self) -> Ending:
        """The call's end when somebody asked us for it."""
        if self.record.answered_at is not None:
            return endings.answered(Party.US)
        return endings.cancelled() if self.record.message_id is None else endings.voicemail(Party.US)

    async def let_go(self, ending: Ending | None) -> None:
        """Lets go of everything the call holds. ending: how the caller's channel is hung up.

        None hands the caller back to the dialplan instead, to be helped there.
        """
        self.legs.cancel_all(but=None if ending is None else self.caller.id)
        is_ours = await self.caller.comes()
        if not is_ours:
            pass  # another's call, or nobody's
        elif ending is not None:
            cause = ending.cause
            await insist(lambda: self.caller.hang_up(cause))
        else:
            if (playback := self.playback) is not None:
                await insist(lambda: self.ari.playbacks.stop(playback))  # `continue` waits behind a prompt
            await insist(lambda: self.caller.hand_back(self.record.called_raw))
        await self.errands.settled()
        if not is_ours:
            await self._let_be()
        await insist(self.caller.destroy_bridge)
        if self.name_said is not None:
            await insist(lambda: self.ari.recordings.delete_stored(name_recording(self.id)))
        try:
            await self.legs.ended(_LEGS_END_WITHIN_S)
        except (TimeoutError, FeedOverflow):
            log.info("a leg's end was not reported")

    async def _let_be(self) -> None:
        """A leg had us subscribed to the caller as its originator: a scan would take another's caller for ours."""
        source = f"channel:{self.channel.id}"
        for leg in self.legs:
            if leg.is_created:
                await insist(lambda: self.ari.applications.unsubscribe(self.ari.app, event_source=source))

    def close(self) -> None:
        """Stops listening, and leaves the people who were in the call free for others."""
        self.closed.set()
        self.caller.close()
        self.feed.close()
        self.legs.close()
        if self.trunk is not None:
            self.exchange.trunks.leaves(self.trunk, self.channel.id, self.id)
            self.exchange.accounts.leaves(self.channel.id, self.id)
        for person in tuple(self._occupied):
            self.frees(person)
