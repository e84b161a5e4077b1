"""Playing prompts to the caller, and hearing the keys that are pressed meanwhile."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from router.ari.errors import RequestRefused
from router.ari.models import ChannelDtmfReceived, Event, PlaybackFinished
from router.calls.call import Call
from router.calls.digits import KEYS

log = structlog.get_logger()


def media(call: Call, sound: str) -> str:
    """The URI of a prompt of the dial plan."""
    return f"sound:{call.exchange.sounds / sound}"


def own_or(call: Call, own: str | None, *asterisks: str) -> tuple[str, ...]:
    """The URIs of a prompt that the plan has in place of Asterisk's."""
    return (media(call, own),) if own is not None else asterisks


async def play(call: Call, sound: str, *, answers: bool) -> None:
    """Plays a prompt to its end. A prompt that fails or never ends is passed over: the call matters more.

    sound: as in the dial plan. answers: see `Play`.
    """
    await call.caller.lease(call.exchange.limits.prompt_s)
    await call.caller.step_aside()
    if answers:
        await call.caller.answer()
    else:
        await call.caller.early_media()
    call.note(f"plays {sound}")
    await hear(call, media(call, sound))


async def hear(call: Call, media: str, key: Callable[[Event], str] = lambda event: "") -> str:
    """Plays `media` on the caller's channel, which must be in no bridge and have a lease long enough.

    key: says of an event whether it is a key that stops the playing at once; which one is returned, "" for none.
    """
    loop, limit_s = asyncio.get_running_loop(), call.exchange.limits.prompt_s
    ends_at = loop.time() + limit_s
    playback = call.playback = call.name("prompt")
    call.feed.add(playback)
    try:
        asked = call.ari.channels.play_with_id(call.channel.id, playback, media=media)
        if await call.errands.do(asked) is None:
            call.playback = None  # the caller has gone; the scope will say so
        while call.playback is not None:
            # PlaybackFinished may never come (res_stasis_playback.c): this wait needs its limit.
            event = await call.next(ends_at - loop.time())
            if isinstance(event, PlaybackFinished) and event.playback.state == "failed":
                log.warning("prompt failed", media=media)
            if pressed := key(event):
                await call.ari.playbacks.stop(playback)
                call.playback = None
                return pressed
    except TimeoutError:
        log.warning("prompt did not end", media=media, limit_s=limit_s)
        await call.ari.playbacks.stop(playback)
        call.playback = None
    except RequestRefused as error:
        log.warning("prompt refused", media=media, error=str(error))
        call.playback = None
    finally:
        call.feed.drop(playback)
    return ""


def key_of(call: Call, event: Event) -> str:
    """The key the caller pressed, "" when the event tells of anything else."""
    match event:
        case ChannelDtmfReceived(digit=digit, channel=channel) if channel.id == call.channel.id:
            return digit if digit in KEYS else ""
    return ""


async def next_key(call: Call, limit_s: float) -> str:
    """The next key the caller presses, "" when none is pressed within `limit_s` seconds."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + limit_s
    with contextlib.suppress(TimeoutError):
        while True:
            if key := key_of(call, await call.next(ends_at - loop.time())):
                return key
    return ""
