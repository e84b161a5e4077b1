"""What every call needs from the house: Asterisk, the clock, the journal, the message store, the limits."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from router.ari.client import Ari
from router.calls.journal import Journal
from router.calls.pins import Pins
from router.calls.spending import Accounts
from router.calls.staff import Staff
from router.calls.state import State
from router.calls.trunks import Trunks
from router.calls.waiting_room import WaitingRoom
from router.dialplan.fallback import CONTEXT
from router.model.call import CallId
from router.model.number import dialable
from router.store.contract import MessageStore, TalkStore

OURS = "callrouter."  # begins the id of every channel, bridge and playback we make


def new_call_id(now: datetime) -> CallId:
    """Sortable by time, unique for ever: 11 hex digits of milliseconds, 12 of chance."""
    return CallId(f"{int(now.timestamp() * 1000):011x}{secrets.token_hex(6)}")


def call_of(id: str) -> CallId:
    """The call that made a channel, bridge or playback of ours."""
    return CallId(id.removeprefix(OURS).partition(".")[0])


async def to_fallback(ari: Ari, channel_id: str, dialled: str) -> None:
    """Gives a channel back to the dialplan, whose fallback knows the number dialled."""
    extension = dialable(dialled) or "s"
    await ari.channels.continue_in_dialplan(channel_id, context=CONTEXT, extension=extension, priority=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Seconds. How long things may take that the dial plan does not speak of.

    lease_margin_s: a waiting caller's lease (`TIMEOUT(absolute)`) outlasts its step by this much; then the dialplan
    takes the call back. prompt_s: a prompt that has not ended by then is stopped. talk_s: longest talk.
    cleanup_s: for letting go of what a call holds. silence_s: ends a message; shortest_s: below it there is none.
    """

    lease_margin_s: float = 5.0
    prompt_s: float = 120.0
    talk_s: float = 4 * 3600.0
    outgoing_rings_s: float = 90.0
    cleanup_s: float = 15.0
    silence_s: float = 6.0
    shortest_s: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """router: our name in the records of calls. now: aware UTC.

    sounds: folder with the prompts of the plan, at the same path for us and for Asterisk.
    staff: what people's phones are doing; state: what people have set; waiting: who waits for a member;
    trunks: what the trunks are doing; accounts: what people and departments call;
    pins: what people type.
    message_kept, alert_kept: called when a message, an alert waits to be mailed.
    name_of: looks a caller's name up by E.164 number, within its own short limit; None where nothing does.
    """

    router: str
    ari: Ari
    journal: Journal
    messages: MessageStore
    talks: TalkStore
    now: Callable[[], datetime]
    sounds: Path
    staff: Staff
    state: State
    waiting: WaitingRoom
    trunks: Trunks
    accounts: Accounts
    pins: Pins
    limits: CallLimits = CallLimits()
    message_kept: Callable[[], None] = lambda: None
    alert_kept: Callable[[], None] = lambda: None
    name_of: Callable[[str], Awaitable[str]] | None = None
