"""The other end of a channel: a caller's or a colleague's telephone, what it does and what it noticed."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.fake.hearing import Heard
from tests.support.fake.wire import CAUSE_OF_SIP, SIP_OF_CAUSE

if TYPE_CHECKING:
    from tests.support.fake.channel import Channel, Identity


class FarEnd:
    """What both have in common. who: how the other party's `heard` names it. Times are seconds of the loop.

    heard: what it heard. shown: the identities its display showed, oldest first. cause: Q.850, as it was told at
    the end; 0 while the call goes on.
    """

    def __init__(self, channel: "Channel", who: str) -> None:
        self.channel = channel
        self.who = who
        self._now = asyncio.get_running_loop().time
        self.heard = Heard(self._now)
        self.shown: list[Identity] = []
        self.began_at_s = self._now()
        self.answered_at_s: float | None = None
        self.ended_at_s: float | None = None
        self.cause = 0
        self.speaks_s = math.inf
        self.sends_sound = True
        self.has_early_media = False
        self.transfer_answers: list[str] = []
        self.transfer_asked: dict[str, Any] | None = None
        self.heard_beep = asyncio.Event()
        self.is_talking = asyncio.Event()
        self.ended = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return (
            f"<{self.who}: {self.heard or 'heard nothing'}; {f'ended, cause {self.cause}' if self.cause else 'on'}>"
        )

    # What it does

    def hang_up(self, cause: int = 16) -> None:
        """On-hook: BYE when answered, CANCEL or a refusal when not."""
        self.channel.hang_up(cause, 0 if self.channel.state == "Up" else 487)

    def press(self, digits: str) -> None:
        for digit in digits:
            if self.channel.state != "Up":
                return  # the far end has no way to send digits before the answer
            self.channel.tell("ChannelDtmfReceived", digit=digit, duration_ms=150)
            if self.channel.recording:
                self.channel.recording.pressed(digit)

    def ask_transfer(self, to: str, *, with_call: "FarEnd | None" = None) -> None:
        """REFER with PJSIP_TRANSFER_HANDLING()=ari-only: the application is asked, nothing else happens.

        with_call: the same person's other call, for an attended one (Replaces).
        """
        second = with_call.channel if with_call is not None else None
        self.transfer_asked = {
            "refer_to": {"requested_destination": {"destination": to}, **_with_partner("destination", second)},
            "referred_by": _with_partner("source", self.channel),
        }
        self.channel.tell_of("ChannelTransfer", **self.transfer_asked)

    def hears_of_transfer(self, state: str) -> None:
        """NOTIFY. Asterisk tells the application of it as well, until the transfer is over."""
        self.transfer_answers.append(state)
        if self.transfer_asked is not None:
            self.channel.tell_of("ChannelTransfer", state=state, **self.transfer_asked)
        if state != "channel_progress":
            self.transfer_asked = None

    def plays_part(self, script: Coroutine[Any, Any, None]) -> None:
        """Runs a part of what it does until the call is over."""
        self._tasks.append(self.channel.pbx.spawn(script, f"{self.who} of {self.channel.id}"))

    # What happens to it

    def is_answered(self) -> None:
        self.answered_at_s = self._now()

    def is_shown(self, identity: "Identity") -> None:
        self.shown.append(identity)

    def has_heard_beep(self) -> None:
        self.heard_beep.set()

    def hears(self, what: str) -> None:
        self.heard.change(what)
        members = self.channel.bridge.members if self.channel.bridge else []
        if self.channel.state == "Up" and any(m.state == "Up" for m in members if m is not self.channel):
            self.is_talking.set()

    def is_cut(self) -> None:
        """The line is dead; its channel may take a moment longer to go."""
        self.cause = self.channel.cause
        self.ended_at_s = self._now()
        self.heard.change(None)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    def is_over(self) -> None:
        self.ended.set()


def _with_partner(role: str, channel: "Channel | None") -> dict[str, object]:
    """A channel as the event names it, with its partner and their bridge where there are any."""
    if channel is None:
        return {}
    found: dict[str, object] = {f"{role}_channel": channel.as_json()}
    if channel.bridge and (partner := channel.bridge.partner(channel)):
        found |= {"connected_channel": partner.as_json(), "bridge": channel.bridge.as_json()}
    return found


class Line(FarEnd):
    """A caller. sip_status: the final answer when the call was refused, 0 otherwise."""

    @property
    def sip_status(self) -> int:
        if self.answered_at_s is not None or not self.cause or self.channel.tech_cause == 487:
            return 0
        return SIP_OF_CAUSE.get(self.cause, 603)

    @property
    def location(self) -> str:
        """Where in the dialplan the call is, or was when it ended; "" while or if Stasis has it."""
        return self.channel.location

    @property
    def rang_s(self) -> float:
        return self.heard.seconds("ringing")


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone or a carrier, by what it does with a call. One that is not registered cannot be called."""

    takes: "Callable[[Leg], Coroutine[Any, Any, None]]"
    is_registered: bool = True


class Leg(FarEnd):
    """A telephone that is being called. endpoint: as dialled, without its technology."""

    def __init__(self, channel: "Channel", who: str, endpoint: str) -> None:
        super().__init__(channel, who)
        self.endpoint = endpoint
        self.headers = channel.headers
        self.rang_at_s: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether its display counts a missed call: it rang, and was not told that another phone answered."""
        return self.rang_at_s is not None and self.answered_at_s is None and self.cause not in (0, 17, 21, 26)

    def rings(self) -> None:
        """180."""
        self.rang_at_s = self._now()
        self.channel.set_state("Ringing")
        self.channel.dial_event("RINGING")
        if (caller := self._partner()) and caller.state == "Ring":
            caller.is_ringing = True
        self.channel.pbx.listen()

    def plays_early_media(self) -> None:
        """183 with sound: the state stays Down."""
        self.has_early_media = True
        self.channel.dial_event("PROGRESS")
        if (caller := self._partner()) and caller.state == "Ring":
            caller.has_progress = True
        self.channel.pbx.listen()

    def answers(self) -> None:
        """200. Dial ANSWER and the new state come in either order; Up came first whenever it was looked at."""
        self.has_early_media = False
        self.answered_at_s = self._now()
        self.channel.set_state("Up")
        self.channel.dial_event("ANSWER")
        if (caller := self._partner()) and caller.state == "Ring":
            caller.answer()
        self.channel.pbx.listen()

    def refuses(self, sip_status: int) -> None:
        if sip_status == 302:
            self.channel.dial_event("CANCEL")
            self.channel.dial_event("CANCEL")
        self.channel.hang_up(CAUSE_OF_SIP[sip_status], sip_status)
        if sip_status == 302:
            self.channel.dial_event("CANCEL")

    def _partner(self) -> "Channel | None":
        return self.channel.bridge.partner(self.channel) if self.channel.bridge else None
