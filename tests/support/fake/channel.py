"""One channel: its state, and the thread that carries out what the application asks (res_stasis.c).

Prompts and recordings run on that thread, so what is asked meanwhile waits its turn. A hang-up and an expired lease
reach it at once; what was queued is then still carried out, quickly, before StasisEnd.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from router.ari.transport import Response
from tests.support.fake.wire import CAUSE_TEXT, NO_CONTENT, SIP_OF_CAUSE, error, timestamp

if TYPE_CHECKING:
    from tests.support.fake.bridges import Bridge
    from tests.support.fake.far_end import FarEnd
    from tests.support.fake.pbx import Pbx
    from tests.support.fake.playbacks import Playback
    from tests.support.fake.recordings import LiveRecording

Command = Callable[[], Awaitable[Response | None]]


class Left(Enum):
    """Why a channel leaves Stasis."""

    HANGUP = "hang-up"
    LEASE = "lease"  # TIMEOUT(absolute) ran out: extension T of the context
    CONTINUED = "continued"


@dataclass(frozen=True, slots=True)
class Identity:
    """number, name: "" for none. presentation: as Asterisk writes it."""

    number: str = ""
    name: str = ""
    presentation: str = "allowed_not_screened"

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "number": self.number}


class Channel:
    """caller: its own identity (CALLERID). connected: what its far end is shown (CONNECTEDLINE)."""

    def __init__(
        self,
        pbx: "Pbx",
        *,
        id: str,
        endpoint: str,
        state: str,
        context: str,
        exten: str,
        caller: Identity = Identity(),
        is_leg: bool = False,
    ) -> None:
        self.pbx = pbx
        self.id = id
        self.dialled = endpoint  # with the number, where it is a trunk's
        self.name = f"PJSIP/{endpoint.rpartition('@')[2]}-{pbx.serial():08x}"
        self.state = state
        self.context, self.exten = context, exten
        self.app_name, self.app_data = "", ""
        self.caller = caller
        self.connected = Identity()
        self.is_leg = is_leg
        self.created_at = timestamp(pbx.now())
        self.variables: dict[str, str] = {}
        self.headers: dict[str, str] = {}  # PJSIP_HEADER(add,…)

        self.in_stasis = False
        self.subscriptions = int(is_leg)  # created by us, or used as originator, for each leg once more
        self.left: Left | None = None
        self.location = ""  # where in the dialplan it is once it left Stasis
        self.cause, self.tech_cause = 0, 0
        self.is_dialled = False
        self.is_in_dial_bridge = False  # from `dial` on a leg is in a bridge nobody sees, until it enters another

        self.is_ringing = False  # 180 sent to an unanswered caller
        self.has_progress = False  # 183 with SDP sent: sound reaches an unanswered caller
        self.has_music = False
        self.playback: Playback | None = None
        self.recording: LiveRecording | None = None
        self.bridge: Bridge | None = None
        self.inhibits_connected_line = False
        self.far_end: FarEnd | None = None

        self._commands: asyncio.Queue[tuple[Command, asyncio.Future[Response]] | None] = asyncio.Queue()
        self._interrupted = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._lease: asyncio.TimerHandle | None = None

    # What the application sees

    @property
    def is_subscribed(self) -> bool:
        """Whether it hears of events also outside Stasis."""
        return self.subscriptions > 0

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": f"sip-{self.id}",
            "caller": self.caller.as_json(),
            "connected": self.connected.as_json(),
            "accountcode": "",
            "dialplan": {
                "context": self.context,
                "exten": self.exten,
                "priority": 1,
                "app_name": self.app_name,
                "app_data": self.app_data,
            },
            "creationtime": self.created_at,
            "language": "en",
        }

    def tell(self, type: str, **fields: object) -> None:
        """An event about this channel, if the application hears of it: in Stasis, or subscribed."""
        if self.in_stasis or self.is_subscribed:
            self.pbx.emit(type, channel=self.as_json(), **fields)

    def tell_of(self, type: str, **fields: object) -> None:
        """An event about something done on this channel, which does not carry the channel itself."""
        if self.in_stasis or self.is_subscribed:
            self.pbx.emit(type, **fields)

    def dial_event(self, status: str) -> None:
        self.pbx.emit("Dial", peer=self.as_json(), dialstatus=status, dialstring=self.exten, forward="")

    # What it is asked to do

    def queue(self, command: Command) -> None:
        """For what returns at once: ring, play, record, dial, continue."""
        self._commands.put_nowait((command, asyncio.get_running_loop().create_future()))

    async def perform(self, command: Command) -> Response:
        """For what waits for the thread: answer, variables, adding to and removing from bridges."""
        if not self.in_stasis:
            return error(409, "Channel not in Stasis application")
        done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._commands.put_nowait((command, done))
        return await done

    @property
    def is_interrupted(self) -> bool:
        return self._interrupted.is_set()

    async def interruption(self) -> None:
        await self._interrupted.wait()

    async def hung_up(self) -> None:
        await self._hung_up.wait()

    async def stasis(self, args: list[str]) -> Left:
        """From StasisStart to StasisEnd, on the channel's own thread."""
        self.in_stasis = True
        self.tell("StasisStart", args=args)
        self.pbx.listen()
        while self.left is None:
            if entry := await self._commands.get():
                await self._carry_out(*entry)
        while not self._commands.empty():
            if entry := self._commands.get_nowait():
                await self._carry_out(*entry)
        if self.bridge:
            self.bridge.remove(self)
        self.tell("StasisEnd")
        self.in_stasis = False
        self.has_music = self.is_ringing = False
        self.pbx.listen()
        return self.left

    async def _carry_out(self, command: Command, done: asyncio.Future[Response]) -> None:
        done.set_result(await command() or NO_CONTENT)
        self.pbx.listen()

    async def wait(self, *others: Awaitable[object], limit_s: float | None = None) -> None:
        """Until one of the others is done, `limit_s` seconds passed, or the channel is interrupted."""
        waits = {asyncio.ensure_future(one) for one in (*others, self.interruption())}
        try:
            await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    # What ends it

    def leave(self, why: Left) -> None:
        """The first reason counts."""
        if self.left is None:
            self.left = why
        if why is not Left.CONTINUED:
            self._interrupted.set()
        self._commands.put_nowait(None)

    def hang_up(self, cause: int, tech_cause: int = 0, *, soft: bool = False) -> None:
        """soft: by the application or by a timer, where the event says 32 and not the cause."""
        if self.cause:
            return
        self.cause, self.tech_cause = cause, tech_cause
        technical = {"tech_cause": tech_cause} if tech_cause else {}
        if not tech_cause and self.state == "Ring":
            self.tech_cause = SIP_OF_CAUSE.get(cause, 603)  # the answer the caller gets
        if soft:
            self.tell("ChannelHangupRequest", cause=32, soft=True)
        else:
            self.tell("ChannelHangupRequest", cause=cause, **technical)
        self.set_lease(0)
        if self.far_end:
            self.far_end.is_cut()
        self._hung_up.set()
        self.leave(Left.HANGUP)

    def destroy(self) -> None:
        """The very end: it exists no more."""
        if self.is_leg and not self.is_dialled:
            # Nobody declined: chan_pjsip notes this for the INVITE that was never sent.
            self.tech_cause = 603
            self.tell("ChannelHangupRequest", cause=self.cause, tech_cause=603)
        technical = {"tech_cause": self.tech_cause} if self.tech_cause else {}
        text = CAUSE_TEXT.get(self.cause, "Unknown")
        self.tell("ChannelDestroyed", cause=self.cause, cause_txt=text, **technical)
        self.pbx.channels.pop(self.id, None)
        self.set_lease(0)
        if self.far_end:
            self.far_end.is_over()
        self.pbx.listen()

    # TIMEOUT(absolute)

    def set_lease(self, seconds: float) -> None:
        """0 takes it off."""
        if self._lease:
            self._lease.cancel()
            self._lease = None
        if seconds > 0:
            self._lease = asyncio.get_running_loop().call_later(seconds, self._lease_over)

    @property
    def lease_s(self) -> float:
        """What is left of it, 0 without one."""
        return max(0.0, self._lease.when() - asyncio.get_running_loop().time()) if self._lease else 0.0

    def _lease_over(self) -> None:
        self._lease = None
        self.location = f"{self.context},T,1"
        self.leave(Left.LEASE)

    # State

    def set_state(self, state: str) -> None:
        if self.state != state:
            self.state = state
            self.tell("ChannelStateChange")

    def answer(self) -> None:
        """200 to a caller who is not answered yet."""
        if self.state == "Up":
            return
        self.is_ringing = False
        self.has_progress = True
        self.set_state("Up")
        if self.far_end:
            self.far_end.is_answered()
