"""What an Asterisk holds: channels, bridges, sounds being played, recordings; and what it tells the application."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from router.ari.transport import Response
from tests.support import clock
from tests.support.fake.bridges import Bridge
from tests.support.fake.channel import Channel, Left
from tests.support.fake.far_end import Leg, Line, Phone
from tests.support.fake.hearing import hears
from tests.support.fake.operations import Ask, find
from tests.support.fake.playbacks import BEEP_S, Playback
from tests.support.fake.recordings import BridgeRecording, LiveRecording
from tests.support.fake.wire import error, timestamp

_THREAD_START_S = 0.001  # from `create` to StasisStart; a `dial` sent at once is too early for it


class Pbx:
    """prompts: length in seconds by the end of the sound's name; 0 for a missing file, inf for one without an end.

    phones: by endpoint ("alice", "voipco") or by number at a trunk ("+442079460100@voipco"); a sequence gives what
    happens on the first, second, … call, the last of it from then on.
    """

    asterisk_id = "02:00:00:00:00:01"

    def __init__(
        self,
        app: str,
        phones: Mapping[str, Phone | Sequence[Phone]],
        prompts: Mapping[str, float],
        modules: frozenset[str],
    ) -> None:
        self.app = app
        self.modules = modules
        self.redirect_methods: dict[str, str] = {}  # by endpoint, where it is not "user"
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.playbacks: dict[str, Playback] = {}
        self.live: dict[str, LiveRecording | BridgeRecording] = {}
        self.stored: dict[str, bytes] = {}
        self.broadcasts: dict[str, asyncio.Future[str]] = {}
        self.claimed: set[str] = set()
        self.filtered: frozenset[str] = frozenset()
        self.is_registered = False  # whether the application's events socket is there
        self.complaints: list[str] = []
        self.events: list[dict[str, object]] = []
        self.legs: list[Leg] = []
        self.deliver: Callable[[bytes], None] = lambda raw: None
        self.spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
        self._phones = {name: [phone] if isinstance(phone, Phone) else [*phone] for name, phone in phones.items()}
        self._prompts = prompts
        self._serial = itertools.count(1)

    def serial(self) -> int:
        return next(self._serial)

    def now(self) -> datetime:
        return clock.now()

    def timestamp(self) -> str:
        return timestamp(self.now())

    def complain(self, what: str) -> None:
        """Something the application must never do; the test fails for it."""
        self.complaints.append(f"at {clock.elapsed_s():g} s: {what}")

    def emit(self, type: str, **fields: object) -> None:
        event = {
            "type": type,
            "timestamp": self.timestamp(),
            "asterisk_id": self.asterisk_id,
            "application": self.app,
            **fields,
        }
        if type in self.filtered:
            return
        self.events.append(event)
        if self.is_registered:
            self.deliver(msgspec.json.encode(event))

    def listen(self) -> None:
        """Notes what everybody hears now. Called after each change."""
        for channel in self.channels.values():
            if channel.far_end and not channel.cause:
                channel.far_end.hears(hears(channel))

    async def carry_out(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None
    ) -> Response:
        found = find(method, path)
        if not found:
            self.complain(f"{method} {path}: no such operation here")
            return error(404, "Resource not found")
        known, ids = found
        if objection := known.objection(query, body):
            self.complain(f"{method} {path}: {objection}")
            return error(400, objection)
        response = await known.handler(self, Ask(method=method, path=path, ids=ids, query=query, body=body or {}))
        self.listen()
        return response

    def not_in_stasis(self, channel_id: str) -> Response | None:
        if channel_id not in self.channels:
            return error(404, "Channel not found")
        return None if self.channels[channel_id].in_stasis else error(409, "Channel not in Stasis application")

    # Sounds

    def prompt_name(self, sound: str) -> str:
        """The name a test knows it by."""
        return next((name for name in self._prompts if sound.endswith(name)), sound)

    def length_s(self, scheme: str, sound: str) -> float | None:
        """None for what Asterisk starts and never finishes."""
        match scheme:
            case "sound" if sound == "beep":
                return BEEP_S
            case "sound":
                return self._prompts.get(self.prompt_name(sound), 2.0)
            case "tone":
                return float("inf")
            case "digits" | "number" | "characters":
                return 1.3 * len(sound) if sound.isalnum() else None
            case "recording" if sound in self.stored:
                return (len(self.stored[sound]) - 44) / 16_000
        return None

    # Phones

    @property
    def endpoint_names(self) -> list[str]:
        return [*dict.fromkeys(name.rpartition("@")[2] for name in self._phones)]

    def phone_at(self, endpoint: str) -> Phone | None:
        """endpoint: without its technology. The number at a trunk goes before the trunk."""
        names = (endpoint, endpoint.rpartition("@")[2])
        found = next((self._phones[name] for name in names if name in self._phones), None)
        return found[0] if found else None

    def ring_phone(self, channel: Channel, timeout_s: float) -> None:
        """The INVITE leaves. timeout_s: 0 for none."""
        endpoint = channel.dialled
        name = endpoint if endpoint in self._phones else endpoint.rpartition("@")[2]
        phone = self._phones[name][0]
        if len(self._phones[name]) > 1:
            self._phones[name].pop(0)
        leg = Leg(channel, name, endpoint)
        channel.far_end = leg
        self.legs.append(leg)
        leg.is_shown(channel.connected)
        leg.plays_part(phone.takes(leg))
        if timeout_s:
            asyncio.get_running_loop().call_later(timeout_s, self._no_answer, channel)

    @staticmethod
    def _no_answer(channel: Channel) -> None:
        if channel.state != "Up":
            channel.hang_up(19, 480, soft=True)

    async def life_of_leg(self, channel: Channel, args: list[str]) -> None:
        """A created channel has no dialplan: it is in Stasis, then it is gone."""
        await asyncio.sleep(_THREAD_START_S)
        channel.tell("ChannelDialplan", dialplan_app="Stasis", dialplan_app_data=channel.app_data)
        if await channel.stasis(args) is not Left.HANGUP and not channel.cause:
            channel.hang_up(16, soft=True)  # nowhere to go on
        channel.destroy()

    async def life_of_caller(
        self, line: Line, args: tuple[str, ...], claim_within_s: float | None, comes_after_s: float
    ) -> None:
        """The dialplan's part: Stasis, and what follows it. claim_within_s: None for Stasis() alone."""
        channel = line.channel
        status = "SUCCESS"
        if claim_within_s is not None:
            status = await self._broadcast(channel, claim_within_s)
            if comes_after_s and status == "SUCCESS":
                await channel.wait(limit_s=comes_after_s)
        elif not self.is_registered:
            status = "FAILED"
        if status == "SUCCESS" and channel.left is None:
            await channel.stasis([*args])
        channel.variables["STASISSTATUS"] = status
        if not channel.location:
            channel.location = f"{channel.context},{channel.exten},next"
        channel.app_name, channel.app_data = "Dial", ""  # the fallback's, which has no lease
        channel.set_lease(0)
        self.listen()
        await channel.hung_up()
        if channel.is_subscribed:
            channel.tell("ChannelHangupRequest", cause=16, soft=True)  # the end of the dialplan itself
        channel.destroy()

    async def _broadcast(self, channel: Channel, within_s: float) -> str:
        """STASISSTATUS of StasisBroadcast(): SUCCESS, TIMEOUT, FAILED."""
        claim = self.broadcasts[channel.id] = asyncio.get_running_loop().create_future()
        self.emit("CallBroadcast", channel=channel.as_json(), caller=channel.caller.number, called=channel.exten)
        await channel.wait(claim, limit_s=within_s)
        self.broadcasts.pop(channel.id, None)
        if claim.cancelled() or not claim.done():
            return "TIMEOUT"
        return "SUCCESS" if claim.result() == self.app and self.is_registered else "FAILED"
