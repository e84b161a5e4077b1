"""Screening: the caller says their name, and whoever picks up hears it before they decide.

It is asked for by the plan's prompt, else by one of Asterisk's core sounds. The recording is Asterisk's and goes
with the call.
"""

import contextlib

import structlog

from router.ari.errors import AriError
from router.ari.events import recording
from router.ari.models import RecordingFailed, RecordingFinished
from router.calls.call import Call, name_recording
from router.calls.prompt import hear, own_or

log = structlog.get_logger()

LONGEST_S = 5
_SILENCE_S = 3
_MARGIN_S = 5.0
_PROMPT = "sound:priv-recordintro"  # "at the tone, please say your name"


async def ask_name(call: Call) -> None:
    """Asks the caller, who is answered for it, once in a call. Who says nothing is announced without a name."""
    if call.name_said is not None:
        return
    call.name_said = False
    await call.caller.lease(call.exchange.limits.prompt_s + LONGEST_S + _MARGIN_S)
    await call.caller.step_aside()
    await call.caller.answer()
    (prompt,) = own_or(call, call.plan.prompts.say_name, _PROMPT)
    await hear(call, prompt)
    try:
        call.name_said = await _recorded(call, name_recording(call.id))
    except (AriError, TimeoutError) as error:
        log.warning("the caller's name was not recorded", error=str(error) or "it took too long")
        with contextlib.suppress(AriError):
            await call.ari.recordings.cancel(name_recording(call.id))  # it would hold up all that follows
    call.note("the caller said their name" if call.name_said else "the caller did not say their name")


async def _recorded(call: Call, name: str) -> bool:
    """Whether the caller has said anything."""
    call.feed.add(recording(name))
    try:
        asked = call.ari.channels.record(
            call.channel.id,
            name=name,
            format="wav",
            max_duration_seconds=LONGEST_S,
            max_silence_seconds=_SILENCE_S,
            if_exists="overwrite",
            beep=True,
            terminate_on="any",
        )
        await call.errands.do(asked)
        while True:
            match await call.next(LONGEST_S + _MARGIN_S):
                case RecordingFinished(recording=done) if done.name == name:
                    return done.talking_duration != 0
                case RecordingFailed(recording=done) if done.name == name:
                    return False
    finally:
        call.feed.drop(recording(name))
