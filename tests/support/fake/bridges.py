"""Mixing bridges. A member left alone stays for ever; an application hears of a bridge once its channel entered."""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING

from router.ari.transport import Response
from tests.support.fake.channel import Channel
from tests.support.fake.hearing import MUSIC, RINGING
from tests.support.fake.operations import Ask, operation
from tests.support.fake.playbacks import Playback
from tests.support.fake.wire import NO_CONTENT, error, ok, timestamp

if TYPE_CHECKING:
    from tests.support.fake.pbx import Pbx


class Bridge:
    def __init__(self, pbx: "Pbx", *, id: str, name: str, type: str) -> None:
        self.pbx = pbx
        self.id, self.name, self.type = id, name, type
        self.created_at = timestamp(pbx.now())
        self.members: list[Channel] = []
        self.has_music = False
        self.is_subscribed = False  # POST bridges names no application: the first channel of ours brings it
        self.is_gone = asyncio.Event()
        self.playback: Playback | None = None
        self._announcer = asyncio.Lock()

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "technology": "simple_bridge",
            "bridge_type": self.type,
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": self.name,
            "channels": [member.id for member in self.members],
            "creationtime": self.created_at,
            "video_mode": "talker",
        }

    def tell(self, type: str, **fields: object) -> None:
        if self.is_subscribed:
            self.pbx.emit(type, **fields)

    def add(self, channel: Channel) -> None:
        """A channel in another bridge is moved; one that is in this one leaves it and comes back."""
        if channel.bridge:
            channel.bridge.remove(channel)
        self._introduce(channel)
        channel.bridge = self
        channel.is_in_dial_bridge = False
        self.members.append(channel)
        self.is_subscribed = True
        channel.tell("ChannelEnteredBridge", bridge=self.as_json())
        self.pbx.listen()

    def _introduce(self, channel: Channel) -> None:
        """Two parties are shown each other, unless the one who comes inhibits it, or there is no number to show."""
        if channel.inhibits_connected_line:
            return
        for member in self.members:
            for one, other in ((member, channel), (channel, member)):
                if not other.caller.number:
                    continue
                one.connected = other.caller
                one.tell("ChannelConnectedLine")
                if one.far_end:
                    one.far_end.is_shown(one.connected)

    def remove(self, channel: Channel) -> None:
        self.members.remove(channel)
        channel.bridge = None
        channel.tell("ChannelLeftBridge", bridge=self.as_json())
        self.pbx.listen()

    def destroy(self) -> None:
        self.is_gone.set()
        for member in [*self.members]:
            self.remove(member)
        del self.pbx.bridges[self.id]
        self.tell("BridgeDestroyed", bridge=self.as_json())

    def partner(self, channel: Channel) -> Channel | None:
        """The only other member: a bridge of two passes ringing and the answer on, a larger one does not."""
        others = [member for member in self.members if member is not channel]
        return others[0] if len(others) == 1 else None

    def sounds_for(self, channel: Channel) -> Iterator[str]:
        for member in self.members:
            if member is not channel and member.far_end and member.state == "Up":
                yield member.far_end.who
            elif member is not channel and member.far_end and member.far_end.has_early_media:
                yield RINGING
        if self.playback:
            yield self.playback.sounds_like
        elif self.has_music:
            yield MUSIC

    async def announce(self, playback: Playback) -> None:
        """One prompt after the other, without a member's thread being held up."""
        async with self._announcer:
            self.playback = playback
            await playback.play(self.wait, self.is_gone.is_set)
            self.playback = None
            self.pbx.listen()

    async def wait(self, *others: Awaitable[object], limit_s: float | None = None) -> None:
        waits = {asyncio.ensure_future(one) for one in (*others, self.is_gone.wait())}
        try:
            await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()


def _new(pbx: "Pbx", ask: Ask, bridge_id: str) -> Response:
    if bridge_id in pbx.bridges:
        return error(409, f"Bridge with id '{bridge_id}' already exists")
    kind = ask.query.get("type", "mixing")
    if "mixing" not in kind.split(","):
        pbx.complain(f"bridge {bridge_id} of type {kind}: only mixing bridges are known here")
    bridge = pbx.bridges[bridge_id] = Bridge(pbx, id=bridge_id, name=ask.query.get("name", ""), type="mixing")
    return ok(bridge.as_json())


@operation("POST", "bridges", optional="type bridgeId name")
async def create(pbx: "Pbx", ask: Ask) -> Response:
    return _new(pbx, ask, ask.query.get("bridgeId") or f"bridge-{pbx.serial()}")


@operation("POST", "bridges/{}", optional="type name")
async def create_with_id(pbx: "Pbx", ask: Ask) -> Response:
    return _new(pbx, ask, ask.id)


@operation("GET", "bridges")
async def list_all(pbx: "Pbx", ask: Ask) -> Response:
    return ok([bridge.as_json() for bridge in pbx.bridges.values()])


@operation("GET", "bridges/{}")
async def get(pbx: "Pbx", ask: Ask) -> Response:
    bridge = pbx.bridges.get(ask.id)
    return ok(bridge.as_json()) if bridge else error(404, "Bridge not found")


@operation("DELETE", "bridges/{}")
async def destroy(pbx: "Pbx", ask: Ask) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    bridge.destroy()
    return NO_CONTENT


@operation(
    "POST",
    "bridges/{}/addChannel",
    required="channel",
    optional="role absorbDTMF mute inhibitConnectedLineUpdates",
)
async def add_channel(pbx: "Pbx", ask: Ask) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    ids = ask.query["channel"].split(",")
    if refusal := _not_addable(pbx, ids):
        return refusal
    for channel in [pbx.channels[id] for id in ids]:

        async def run(channel: Channel = channel) -> None:
            if not channel.is_interrupted and not bridge.is_gone.is_set():
                channel.inhibits_connected_line = ask.is_set("inhibitConnectedLineUpdates")
                bridge.add(channel)

        await channel.perform(run)
    return NO_CONTENT


def _not_addable(pbx: "Pbx", ids: list[str]) -> Response | None:
    for id in ids:
        if id not in pbx.channels:
            return error(400, "Channel not found")
        if not pbx.channels[id].in_stasis:
            return error(422, "Channel not in Stasis application")
        if pbx.channels[id].recording:
            return error(409, f"Channel {id} currently recording")
    return None


@operation("POST", "bridges/{}/removeChannel", required="channel")
async def remove_channel(pbx: "Pbx", ask: Ask) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    ids = ask.query["channel"].split(",")
    if any(id not in pbx.channels for id in ids):
        return error(400, "Channel not found")
    if any(pbx.channels[id].bridge is not bridge for id in ids):
        return error(422, "Channel not in this bridge")
    for id in ids:
        channel = pbx.channels[id]

        async def run(channel: Channel = channel) -> None:
            if channel.bridge is bridge:
                bridge.remove(channel)

        await channel.perform(run)
    return NO_CONTENT


@operation("POST", "bridges/{}/moh", optional="mohClass")
async def start_moh(pbx: "Pbx", ask: Ask) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    bridge.has_music = True
    return NO_CONTENT


@operation("DELETE", "bridges/{}/moh")
async def stop_moh(pbx: "Pbx", ask: Ask) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    if not bridge.has_music:
        return error(409, "Bridge isn't playing music")
    bridge.has_music = False
    return NO_CONTENT


async def _play(pbx: "Pbx", ask: Ask, playback_id: str) -> Response:
    if not (bridge := pbx.bridges.get(ask.id)):
        return error(404, "Bridge not found")
    media = ask.query["media"].split(",")
    playback = Playback(pbx, id=playback_id, media=media, target=f"bridge:{bridge.id}", tell=bridge.tell)
    pbx.spawn(bridge.announce(playback), f"announcer of {bridge.id}")
    return ok(playback.as_json(), 201)


@operation("POST", "bridges/{}/play", required="media", optional="lang offsetms skipms playbackId announcer_format")
async def play(pbx: "Pbx", ask: Ask) -> Response:
    return await _play(pbx, ask, ask.query.get("playbackId") or f"playback-{pbx.serial()}")


@operation("POST", "bridges/{}/play/{}", required="media", optional="lang offsetms skipms announcer_format")
async def play_with_id(pbx: "Pbx", ask: Ask) -> Response:
    return await _play(pbx, ask, ask.ids[1])
