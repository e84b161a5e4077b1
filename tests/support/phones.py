"""What telephones and callers do, in words: `phones={"alice": answers(after_s=3), "bob": busy()}`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.support.fake.far_end import Leg, Line, Phone

_SIP_GIVES_UP_S = 32.0  # timer B: no answer at all to an INVITE


def answers(
    *, after_s: float = 3.0, talks_for_s: float | None = None, presses: Mapping[float, str] | None = None
) -> Phone:
    """Rings, then a person answers. talks_for_s: hangs up after that, None to leave it to the other party.

    presses: keys by the second after the answer.
    """

    async def takes(leg: Leg) -> None:
        leg.rings()
        await asyncio.sleep(after_s)
        leg.answers()
        for at_s, keys in (presses or {}).items():
            asyncio.get_running_loop().call_later(at_s, leg.press, keys)
        if talks_for_s is not None:
            await asyncio.sleep(talks_for_s)
            leg.hang_up()

    return Phone(takes)


def decides(key: str, *, after_s: float = 3.0, asked_for_s: float = 4.0, talks_for_s: float | None = None) -> Phone:
    """Answers, listens to what it is asked, then presses `key`; "" for a machine that says nothing for ever."""

    async def takes(leg: Leg) -> None:
        leg.rings()
        await asyncio.sleep(after_s)
        leg.answers()
        await asyncio.sleep(asked_for_s)
        leg.press(key)
        if talks_for_s is not None:
            await asyncio.sleep(talks_for_s)
            leg.hang_up()

    return Phone(takes)


def never_answers() -> Phone:
    async def takes(leg: Leg) -> None:
        leg.rings()

    return Phone(takes)


def refuses(sip_status: int, *, after_s: float = 0.0) -> Phone:
    """Answers with this SIP status: at once, or after it has rung."""

    async def takes(leg: Leg) -> None:
        if after_s:
            leg.rings()
            await asyncio.sleep(after_s)
        leg.refuses(sip_status)

    return Phone(takes)


def busy(*, after_s: float = 0.0) -> Phone:
    return refuses(486, after_s=after_s)


def declines(*, after_s: float = 2.0) -> Phone:
    """The person presses the reject key."""
    return refuses(603, after_s=after_s)


def redirects() -> Phone:
    """302, as a phone with call forwarding set."""
    return refuses(302)


def early_media(*, answers_after_s: float | None = None) -> Phone:
    """183 with an announcement in place of ringing; None: it is never answered."""

    async def takes(leg: Leg) -> None:
        leg.plays_early_media()
        if answers_after_s is not None:
            await asyncio.sleep(answers_after_s)
            leg.answers()

    return Phone(takes)


def silent() -> Phone:
    """Registered, but nothing comes back on the wire: cause 18 after 32 s."""

    async def takes(leg: Leg) -> None:
        await asyncio.sleep(_SIP_GIVES_UP_S)
        leg.channel.hang_up(18, 408)

    return Phone(takes)


def unregistered() -> Phone:
    async def takes(leg: Leg) -> None:
        raise AssertionError("a phone that is not registered was called")

    return Phone(takes, is_registered=False)


def transfers(to: str, *, after_s: float = 2.0) -> Phone:
    """Answers at once, then tries to transfer the caller to `to` (REFER)."""

    async def takes(leg: Leg) -> None:
        leg.rings()
        leg.answers()
        await asyncio.sleep(after_s)
        leg.ask_transfer(to)

    return Phone(takes)


class Ends(Enum):
    """How a caller ends a voicemail message."""

    BY_HANGING_UP = "hanging up"
    WITH_HASH = "#"
    BY_SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller. Seconds count from the arrival of the call, unless their name says otherwise.

    hangs_up_after_s: None for a patient one. talks_for_s: hangs up after so long with a person. message_s,
    ends_message: what is left after the beep. sends_sound: False for a caller whose sound does not reach us.
    presses: digits by the second they are pressed at. headers: of the INVITE.
    """

    number: str = "+447400123457"
    name: str = ""
    withheld: bool = False
    hangs_up_after_s: float | None = None
    talks_for_s: float | None = None
    message_s: float = 8.0
    ends_message: Ends = Ends.BY_HANGING_UP
    sends_sound: bool = True
    presses: Mapping[float, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    async def calls(self, line: Line) -> None:
        """The caller's side, from the arrival on."""
        line.speaks_s = self.message_s
        line.sends_sound = self.sends_sound
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._leaves_message(line))
            if self.hangs_up_after_s is not None:
                parts.create_task(self._hangs_up(line, self.hangs_up_after_s))
            if self.talks_for_s is not None:
                parts.create_task(self._talks(line, self.talks_for_s))
            for at_s, digits in self.presses.items():
                parts.create_task(self._presses(line, at_s, digits))

    async def _hangs_up(self, line: Line, after_s: float) -> None:
        await asyncio.sleep(after_s)
        line.hang_up()

    async def _talks(self, line: Line, for_s: float) -> None:
        await line.is_talking.wait()
        await asyncio.sleep(for_s)
        line.hang_up()

    async def _presses(self, line: Line, at_s: float, digits: str) -> None:
        await asyncio.sleep(at_s)
        line.press(digits)

    async def _leaves_message(self, line: Line) -> None:
        await line.heard_beep.wait()
        await asyncio.sleep(self.message_s)
        match self.ends_message:
            case Ends.BY_HANGING_UP:
                line.hang_up()
            case Ends.WITH_HASH:
                line.press("#")
            case Ends.BY_SILENCE:
                pass
