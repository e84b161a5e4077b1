"""Playing prompts to the caller."""

import structlog

from router.ari.errors import RequestRefused
from router.ari.models import PlaybackFinished
from router.calls.call import Call

log = structlog.get_logger()


async def play(call: Call, sound: str, *, answers: bool) -> None:
    """Plays a prompt to its end. A prompt that fails or never ends is passed over: the call matters more.

    sound: as in the dial plan. answers: see `Play`.
    """
    limit_s = call.exchange.limits.prompt_s
    await call.caller.lease(limit_s)
    await call.caller.step_aside()
    if answers:
        await call.caller.answer()
    else:
        await call.caller.early_media()
    call.note(f"plays {sound}")
    playback = call.playback = call.name("prompt")
    call.feed.add(playback)
    media = f"sound:{call.exchange.sounds / sound}"
    try:
        asked = call.ari.channels.play_with_id(call.channel.id, playback, media=media)
        if await call.errands.do(asked) is None:
            call.playback = None  # the caller has gone; the scope will say so
        while call.playback is not None:
            # PlaybackFinished may never come (res_stasis_playback.c): this wait needs its limit.
            event = await call.next(limit_s)
            if isinstance(event, PlaybackFinished) and event.playback.state == "failed":
                log.warning("prompt failed", sound=sound)
    except TimeoutError:
        log.warning("prompt did not end", sound=sound, limit_s=limit_s)
        await call.ari.playbacks.stop(playback)
        call.playback = None
    except RequestRefused as error:
        log.warning("prompt refused", sound=sound, error=str(error))
        call.playback = None
    finally:
        call.feed.drop(playback)
