"""What the carriers and the phones do: they place calls, and answer, refuse or ignore the ones they get."""

import asyncio
import contextlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from tests.support.asterisk import Asterisk
from tests.support.far_end.ari import BenchAri, Json
from tests.support.far_end.legs import LIMIT_S, Leg
from tests.support.sound import Sound


@dataclass(eq=False)
class Called:
    """A phone, or a number behind a carrier, that may be called."""

    far: "FarEnd"
    name: str
    calls: asyncio.Queue[Leg] = field(default_factory=asyncio.Queue)

    async def will(self, do: str, *, says: str = "quiet", after_s: float = 0.1) -> Self:
        """What it does with calls from now on: see far_end/extensions.conf. after_s: time to answer."""
        await self.far.set_global(f"DO_{self.name}", do)
        await self.far.set_global(f"SAYS_{self.name}", says)
        await self.far.set_global(f"DELAY_{self.name}", f"{after_s:g}")
        return self

    async def call(self, limit_s: float = LIMIT_S) -> Leg:
        """The next call it gets, as soon as it knows what it is shown."""
        try:
            return await asyncio.wait_for(self.calls.get(), limit_s)
        except TimeoutError:
            raise AssertionError(f"{self.name} was not called in {limit_s} s") from None


class FarEnd:
    """The second Asterisk. carriers: name of each trunk to its "address:port" here. pbx: that of the first."""

    def __init__(self, asterisk: Asterisk, port: int, secret: str, carriers: Mapping[str, str], pbx: str) -> None:
        self.pbx = pbx
        self.asterisk = asterisk
        self.ari = BenchAri(port, "far", secret, "far", self._receive)
        self._carriers = carriers
        self._legs: dict[str, Leg] = {}
        self._called: dict[str, Called] = {}
        self._events: asyncio.Queue[Json] = asyncio.Queue()
        self._recorded: dict[str, asyncio.Event] = {}
        self._follower: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self.ari.__aenter__()
        self._follower = asyncio.create_task(self._follow(), name="the far end's legs")
        noise = [{"type": name} for name in ("ChannelDialplan", "ChannelCallerId", "ChannelConnectedLine")]
        await self.ari.request("PUT", "applications/far/eventFilter", {"disallowed": noise})
        await self.ari.request("POST", "applications/far/subscription", eventSource="endpoint:PJSIP")
        return self

    async def __aexit__(self, *error: object) -> None:
        self._follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._follower
        await self.ari.__aexit__(None, None, None)

    # --- phones and numbers

    def phone(self, name: str) -> Called:
        return self._called.setdefault(name, Called(self, name))

    def number(self, number: str) -> Called:
        """A number of the outside world, in the format the PBX will send it in; its plus does not matter."""
        return self.phone(re.sub(r"\D", "", number))

    def trunk_at(self, address: str) -> str:
        return next((name for name, where in self._carriers.items() if where == address), "")

    async def set_global(self, variable: str, value: str) -> None:
        await self.ari.request("POST", "asterisk/variable", variable=variable, value=value)

    # --- calls into the PBX

    async def call(
        self,
        number: str,
        *,
        caller: str = "+447400123456",
        name: str = "",
        withheld: bool = False,
        says: str = "quiet",
        trunk: str = "voipco",
        headers: Mapping[str, str] | None = None,
    ) -> Leg:
        """A caller from outside dials a number. says: what he is heard to say once he is answered.

        headers: of the INVITE, beside the usual ones.
        """
        variables = {"CONNECTEDLINE(pres)": "prohib"} if withheld else {}
        variables |= {f"PJSIP_HEADER(add,{name})": value for name, value in (headers or {}).items()}
        return await self._dial(f"PJSIP/{number}@from-{trunk}", number, says, variables, f'"{name}" <{caller}>')

    async def phone_dials(self, phone: str, number: str, *, says: str = "quiet", withheld: bool = False) -> Leg:
        variables = {"CONNECTEDLINE(pres)": "prohib"} if withheld else {}
        return await self._dial(f"PJSIP/{number}@{phone}", number, says, variables, f'"{phone}" <{phone}>')

    async def _dial(self, endpoint: str, called: str, says: str, variables: dict[str, str], caller: str) -> Leg:
        leg = Leg(self, f"far-{uuid.uuid4().hex[:12]}", called=called)
        self._legs[leg.id] = leg
        await self.ari.request(
            "POST",
            "channels",
            {"variables": {**variables, "FAR_SAYS": says}},
            endpoint=endpoint,
            channelId=leg.id,
            context="talk",
            extension="s",
            priority="1",
            callerId=caller,
            timeout="120",
        )
        return leg

    async def listen(self, leg: Leg, seconds: int) -> Sound:
        snoop = f"snoop-{uuid.uuid4().hex[:12]}"
        self._recorded[snoop] = asyncio.Event()
        started = Leg(self, snoop, called=f"{leg.called} (heard)")
        self._legs[snoop] = started
        await self.ari.request("POST", f"channels/{leg.id}/snoop", spy="in", app="far", snoopId=snoop)
        await started.until("the start of listening", lambda: started.in_stasis)
        await self.ari.request(
            "POST", f"channels/{snoop}/record", name=snoop, format="wav", maxDurationSeconds=str(seconds)
        )
        try:
            await asyncio.wait_for(self._recorded[snoop].wait(), seconds + LIMIT_S)
        finally:
            await self.ari.raw("DELETE", f"channels/{snoop}")
            del self._legs[snoop], self._recorded[snoop]
        _, wav = await self.ari.raw("GET", f"recordings/stored/{snoop}/file")
        await self.ari.raw("DELETE", f"recordings/stored/{snoop}")
        return Sound.from_wav(wav)

    async def hang_up_all(self) -> None:
        """Ends every call of the far end and forgets what it was told, for the next test."""
        for channel in await self.ari.request("GET", "channels"):
            await self.ari.raw("DELETE", f"channels/{channel['id']}")
        for leg in list(self._legs.values()):
            with contextlib.suppress(AssertionError):
                await leg.ended(limit_s=2)
        self._legs.clear()
        for called in self._called.values():
            await called.will("answer")
        self._called.clear()

    # --- its events

    def _receive(self, event: Json) -> None:
        self._events.put_nowait(event)

    async def _follow(self) -> None:
        while True:
            event = await self._events.get()
            if event["type"] in ("RecordingFinished", "RecordingFailed"):
                if done := self._recorded.get(event["recording"]["name"]):
                    done.set()
                continue
            channel = event.get("channel") or event.get("peer")
            if channel is None:
                continue
            leg = self._legs.get(channel["id"])
            if leg is None:
                if event["type"] != "ChannelCreated":
                    continue
                leg = self._legs[channel["id"]] = Leg(self, channel["id"])
            await leg.take(event)
            if event["type"] == "ChannelVarset" and event["variable"] == "SEEN_VIA":
                self.phone(leg.called).calls.put_nowait(leg)
