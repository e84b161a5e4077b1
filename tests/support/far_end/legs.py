"""The calls the far end places and receives, followed by its events."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.far_end.ari import Json
from tests.support.sound import Sound

if TYPE_CHECKING:
    from tests.support.far_end.far import FarEnd

LIMIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the called side was shown, as it read it from the wire. Headers are "" when absent.

    presentation: Asterisk's word, such as "allowed" or "prohib_not_screened". from_header: with tags.
    trunk: the carrier it came over, "" for a phone.
    """

    number: str
    name: str
    presentation: str
    from_header: str
    to_header: str
    asserted_identity: str
    privacy: str
    diversion: str
    alert_info: str
    trunk: str

    @property
    def is_withheld(self) -> bool:
        return self.presentation.startswith("prohib")


@dataclass(eq=False)
class Leg:
    """One call at the far end, in either direction.

    called: what was dialled, digits and letters only. history: what happened to it, in order, for messages.
    cause: Q.850, tech_cause: SIP status, both None until it has ended.
    """

    far: "FarEnd"
    id: str
    called: str = ""
    channel_name: str = ""
    state: str = "Down"
    has_early_media: bool = False
    has_rung: bool = False
    in_stasis: bool = False
    cause: int | None = None
    tech_cause: int | None = None
    heard_digits: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def seen(self) -> Seen:
        value = self.variables.get
        return Seen(
            number=value("SEEN_NUMBER", ""),
            name=value("SEEN_NAME", ""),
            presentation=value("SEEN_PRESENTATION", ""),
            from_header=value("SEEN_FROM", ""),
            to_header=value("SEEN_TO", ""),
            asserted_identity=value("SEEN_PAI", ""),
            privacy=value("SEEN_PRIVACY", ""),
            diversion=value("SEEN_DIVERSION", ""),
            alert_info=value("SEEN_ALERT", ""),
            trunk=self.far.trunk_at(value("SEEN_VIA", "")),
        )

    @property
    def is_up(self) -> bool:
        return self.state == "Up" and self.cause is None

    async def until(self, what: str, holds: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        """Waits until `holds`. Raises AssertionError with the leg's history when it does not in time."""
        try:
            async with asyncio.timeout(limit_s), self.changed:
                await self.changed.wait_for(holds)
        except TimeoutError:
            history = "\n  ".join(self.history) or "nothing"
            raise AssertionError(
                f"{what} did not happen to the call of {self.called} in {limit_s} s; it saw:\n  {history}"
            ) from None

    async def rang(self, limit_s: float = LIMIT_S) -> None:
        """The caller was told that it rings (180), or the phone rings."""
        await self.until("ringing", lambda: self.has_rung, limit_s)

    async def early_media(self, limit_s: float = LIMIT_S) -> None:
        """The caller was sent a 183."""
        await self.until("early media", lambda: self.has_early_media, limit_s)

    async def answered(self, limit_s: float = LIMIT_S) -> None:
        await self.until("an answer", lambda: self.state == "Up" or self.cause is not None, limit_s)
        assert self.cause is None, f"the call of {self.called} ended with cause {self.cause} instead of an answer"

    async def ended(self, limit_s: float = LIMIT_S) -> int:
        """Waits for the end. Returns the Q.850 cause."""
        await self.until("the end", lambda: self.cause is not None, limit_s)
        assert self.cause is not None
        return self.cause

    async def hang_up(self, reason: str = "normal") -> None:
        """As its person would: before the answer a calling leg cancels, a called one refuses."""
        await self.far.ari.raw("DELETE", f"channels/{self.id}", reason=reason)
        await self.ended()

    async def press(self, digits: str) -> None:
        """Sends DTMF. The leg is silent from then on (no RTP but the digits)."""
        await self.into_stasis()
        await self.far.ari.request("POST", f"channels/{self.id}/dtmf", dtmf=digits)

    async def hold(self) -> None:
        await self.into_stasis()
        await self.far.ari.request("POST", f"channels/{self.id}/hold")

    async def unhold(self) -> None:
        await self.far.ari.request("DELETE", f"channels/{self.id}/hold")

    async def refer(self, target: str, *, with_call: "Leg | None" = None) -> None:
        """Asks the PBX to transfer the call (REFER). with_call: to this one's other end (Replaces, RFC 3891)."""
        await self.into_stasis()
        uri = f"sip:{target}@{self.far.pbx}"
        if with_call is not None:
            names = ("call-id", "remote_tag", "local_tag")  # as the PBX sees it: its own tag is the remote one here
            call_id, to_tag, from_tag = [await with_call.sip(name) for name in names]
            uri += "?Replaces=" + quote(f"{call_id};to-tag={to_tag};from-tag={from_tag}", safe="")
        await self.far.ari.request("POST", f"channels/{self.id}/redirect", endpoint=f"PJSIP/{uri}")

    async def sip(self, name: str) -> str:
        """Something of its SIP dialog, as CHANNEL(pjsip,name) tells it."""
        query = {"variable": f"CHANNEL(pjsip,{name})"}
        found = await self.far.ari.request("GET", f"channels/{self.id}/variable", **query)
        return str(found["value"])

    async def into_stasis(self) -> None:
        """Takes the leg from the far end's dialplan, so that ARI may do more with it."""
        if not self.in_stasis:
            await self.far.asterisk.cli(f"channel redirect {self.channel_name} stasis,s,1")
            await self.until("its way into Stasis", lambda: self.in_stasis)

    async def hears(self, seconds: int = 1) -> Sound:
        """Records what the PBX sends to this leg from now on, for `seconds`."""
        return await self.far.listen(self, seconds)

    async def take(self, event: Json) -> None:
        """One event of this leg's channel, from the far end's reader."""
        channel = event.get("channel") or event.get("peer") or {}
        match event["type"]:
            case "ChannelVarset":
                self.variables[event["variable"]] = event["value"]
                if event["variable"] == "FAR_CALLED" and not self.called:
                    self.called = event["value"]
            case "ChannelStateChange" | "ChannelCreated" | "StasisStart":
                self.state, self.channel_name = channel["state"], channel["name"]
                self.has_rung |= channel["state"] == "Ringing"
                self.in_stasis |= event["type"] == "StasisStart"
            case "Dial":
                self.has_rung |= event["dialstatus"] == "RINGING"
                self.has_early_media |= event["dialstatus"] == "PROGRESS"
            case "ChannelDtmfReceived":
                self.heard_digits += event["digit"]
            case "StasisEnd":
                self.in_stasis = False
            case "ChannelDestroyed":
                self.cause, self.tech_cause = event["cause"], event.get("tech_cause")
        if event["type"] != "ChannelVarset":
            more = {key: event[key] for key in ("dialstatus", "cause", "tech_cause", "digit") if key in event}
            self.history.append(f"{event['type']} {channel.get('state', '')} {more or ''}".rstrip())
        async with self.changed:
            self.changed.notify_all()
