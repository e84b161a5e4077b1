"""FakeAsterisk: stands where the transport stands, does what it is told, and behaves as Asterisk 22.10 was seen to.

    async with FakeAsterisk(phones={"alice": answers(after_s=3)}) as asterisk:
        ari = Ari(asterisk, "router")
        asterisk.attach(lambda raw: ari.take(decode(raw)))
        line = asterisk.call(Caller(number="+447400123457"), to="+442079460100")
        await line.ended.wait()

It is strict: a request or parameter ARI does not have fails the test. A request is carried out whether or not who
sent it still waits, as on a network; it takes half of `latency_s` to get there and half of it to come back.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from router.ari.errors import Unreachable
from router.ari.transport import Response
from tests.support.fake import bridges, channel_operations, other_operations, playbacks, recordings  # noqa: F401
from tests.support.fake.channel import Channel, Identity
from tests.support.fake.far_end import Leg, Line, Phone
from tests.support.fake.pbx import Pbx
from tests.support.fake.recordings import sound
from tests.support.phones import Caller

Latency = float | Callable[[str, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The lines of dialplan through which a call enters Stasis.

    claim_within_s: of StasisBroadcast(), None for Stasis() alone. comes_after_s: from a claim to StasisStart.
    lease_s: TIMEOUT(absolute) before it, 0: none.
    """

    context: str
    args: tuple[str, ...]
    claim_within_s: float | None = 0.5
    comes_after_s: float = 0.0
    lease_s: float = 0.0


INBOUND = Door(context="callrouter-inbound", args=("inbound",), lease_s=10.0)
OUTBOUND = Door(context="callrouter-outbound", args=("outbound",), lease_s=10.0)


class FakeAsterisk:
    """latency_s: of a request, or a function of its method and path. events_after_s: how late events come.

    phones, prompts: see `Pbx`. app: name of the application that is told.
    """

    def __init__(
        self,
        *,
        phones: Mapping[str, Phone | Sequence[Phone]] | None = None,
        prompts: Mapping[str, float] | None = None,
        latency_s: Latency = 0.0,
        events_after_s: float = 0.0,
        app: str = "router",
        modules: frozenset[str] = frozenset({"app_stasis_broadcast.so"}),
    ) -> None:
        self.pbx = Pbx(app, phones or {}, prompts or {}, modules)
        self.pbx.deliver = self._deliver
        self.pbx.spawn = self._spawn
        self.lines: list[Line] = []
        self.requests: list[tuple[str, str]] = []
        self._latency_s = latency_s
        self._events_after_s = events_after_s
        self._take: Callable[[bytes], None] = lambda raw: None
        self._on_the_way: deque[bytes] = deque()
        self._waiting: set[asyncio.Future[Response]] = set()
        self._connection = 0  # which one; 0 for none
        self._connections = 0
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self.up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        for task in self._running:
            task.cancel()
        if kind is asyncio.CancelledError:
            await self._tasks.__aexit__(kind, error, trace)
        else:
            await self._tasks.__aexit__(None, None, None)  # a test's own error shall not come out in a group
        if error is None and self.pbx.complaints:
            raise AssertionError(
                "the application asked for what no Asterisk does:\n" + "\n".join(self.pbx.complaints)
            )

    # What the router has of it

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        """As `Transport.request`. Raises Unreachable while down, and when the connection goes meanwhile."""
        if not self._connection:
            await asyncio.sleep(0)
            raise Unreachable("no connection to Asterisk")
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting.add(answer)
        self._spawn(self._serve(answer, method, path, dict(query or {}), body), f"{method} {path}")
        try:
            return await answer
        finally:
            self._waiting.discard(answer)

    async def _serve(
        self,
        answer: asyncio.Future[Response],
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, object] | None,
    ) -> None:
        connection = self._connection
        latency_s = self._latency_s if isinstance(self._latency_s, float | int) else self._latency_s(method, path)
        await asyncio.sleep(latency_s / 2)
        if connection != self._connection:
            return  # lost on the way there
        self.requests.append((method, path))
        response = await self.pbx.carry_out(method, path, query, body)
        await asyncio.sleep(latency_s / 2)
        if not answer.done():
            answer.set_result(response)

    def attach(self, take: Callable[[bytes], None]) -> None:
        """From now on events go there, as the bytes of a frame."""
        self._take = take

    def _deliver(self, raw: bytes) -> None:
        # A queue beside the timer: timers of the same moment have no order, frames on a socket have.
        self._on_the_way.append(raw)
        loop = asyncio.get_running_loop()
        if self._events_after_s:
            loop.call_later(self._events_after_s, self._arrive)
        else:
            loop.call_soon(self._arrive)

    def _arrive(self) -> None:
        if self._on_the_way:
            self._take(self._on_the_way.popleft())

    def down(self) -> None:
        """The connection breaks: events are lost, requests fail; those under way may or may not be carried out."""
        self._connection = 0
        self.events_down()
        for answer in self._waiting:
            if not answer.done():
                answer.set_exception(Unreachable("the connection to Asterisk was lost"))

    def up(self) -> None:
        self._connections += 1
        self._connection = self._connections
        self.events_up()

    def events_down(self) -> None:
        """The events socket alone breaks: events are lost, new calls find no application; requests go on."""
        self.pbx.is_registered = False
        self._on_the_way.clear()

    def events_up(self) -> None:
        self.pbx.is_registered = True

    # What tests do with it

    def call(self, caller: Caller, *, to: str, door: Door = INBOUND, endpoint: str = "voipco") -> Line:
        """A call arrives. endpoint: the PJSIP endpoint it comes from, a trunk or a colleague's phone."""
        pbx = self.pbx
        identity = Identity(
            caller.number, caller.name, "prohib_not_screened" if caller.withheld else "allowed_not_screened"
        )
        channel = Channel(
            pbx,
            id=f"1795514400.{pbx.serial()}",
            endpoint=endpoint,
            state="Ring",
            context=door.context,
            exten=to,
            caller=identity,
        )
        channel.headers.update(caller.headers)
        channel.app_name, channel.app_data = "Stasis", ",".join((pbx.app, *door.args))
        pbx.channels[channel.id] = channel
        line = Line(channel, caller.number or "caller")
        channel.far_end = line
        self.lines.append(line)
        channel.set_lease(door.lease_s)
        life = pbx.life_of_caller(line, door.args, door.claim_within_s, door.comes_after_s)
        self._spawn(life, f"dialplan of {channel.id}")
        line.plays_part(caller.calls(line))
        pbx.listen()
        return line

    def claim_elsewhere(self, line: Line) -> None:
        """Another router's claim; from then on the call is none of ours."""
        self.pbx.claimed.add(line.channel.id)
        self.pbx.broadcasts.pop(line.channel.id).set_result("another")

    @property
    def legs(self) -> list[Leg]:
        """Every leg that was dialled, in order."""
        return self.pbx.legs

    def leg(self, who: str) -> Leg:
        """The only leg to this phone or trunk."""
        found = [leg for leg in self.legs if leg.who == who]
        assert len(found) == 1, f"{who} was dialled {len(found)} times; dialled: {[leg.who for leg in self.legs]}"
        return found[0]

    def store_recording(self, name: str, seconds: float) -> None:
        """A recording that is there from before, as the fallback dialplan leaves them."""
        self.pbx.stored[name] = sound(seconds)

    @property
    def stored_recordings(self) -> Mapping[str, bytes]:
        return self.pbx.stored

    def event_types(self, channel_id: str) -> list[str]:
        """Types of the events about one channel, in order, sent or lost."""
        found = []
        for event in self.pbx.events:
            channel = event.get("channel") or event.get("peer")
            if isinstance(channel, dict) and channel["id"] == channel_id:
                found.append(str(event["type"]))
        return found

    def left_behind(self) -> list[str]:
        """What a router must not leave: its legs, callers still in Stasis, bridges, live recordings, prompts."""
        pbx = self.pbx
        return [
            *(f"channel {channel.name} {channel.id}" for channel in pbx.channels.values() if channel.is_leg),
            *(
                f"caller {channel.id} in Stasis"
                for channel in pbx.channels.values()
                if channel.in_stasis and not channel.is_leg
            ),
            *(f"bridge {id}" for id in pbx.bridges),
            *(f"live recording {name}" for name in pbx.live),
            *(f"playback {id}" for id in pbx.playbacks),
        ]

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = self._tasks.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
