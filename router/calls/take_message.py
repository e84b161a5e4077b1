"""Voicemail: greeting, beep, recording, and the recording safe with us before Asterisk's copy goes."""

import asyncio
import contextlib

import structlog

from router.ari.errors import AriError
from router.ari.events import recording as recording_subject
from router.ari.models import RecordingFailed, RecordingFinished
from router.calls.call import Call
from router.calls.fetch import fetch
from router.calls.prompt import play
from router.calls.scope import finish
from router.model.ending import Ending, Party
from router.model.message import RecordingName
from router.model.number import digits_of
from router.model.plan import Voicemail
from router.rules import endings
from router.store.errors import StoreError

log = structlog.get_logger()

_MARGIN_S = 2.0  # twice: the lease outlasts it, or the dialplan would ring people for who has left a message


class NotRecorded(AriError):
    """Asterisk could not record, as on a full disk."""


async def take_message(call: Call, step: Voicemail) -> Ending:
    """Takes a message. It ends by hang-up, `#`, silence or length; what is too short is dropped, with a record."""
    limits = call.exchange.limits
    await call.caller.step_aside()
    await call.caller.answer()
    if step.greeting is not None:
        await play(call, step.greeting, answers=True)
    await call.caller.lease(step.longest_s + limits.silence_s)

    started_at = call.exchange.now()
    name = str(
        RecordingName(
            department=step.department,
            epoch=int(started_at.timestamp()),
            caller=digits_of(call.record.caller_number),
            id=call.id,
        )
    )
    call.recording = name
    call.feed.add(recording_subject(name))
    call.note(f"records a message for {step.department}")
    await call.errands.do(
        call.ari.channels.record(
            call.channel.id,
            name=name,
            format="wav",
            max_duration_seconds=int(step.longest_s),
            max_silence_seconds=int(limits.silence_s),
            if_exists="fail",
            beep=True,
            terminate_on="#",
        )
    )
    return await _heard_out(call, name, step.longest_s + limits.silence_s)


async def await_message(call: Call, name: str, longest_s: float) -> Ending:
    """A message that is being left already. name: of the recording. longest_s: how long it may still take."""
    call.recording = name
    call.feed.add(recording_subject(name))
    with contextlib.suppress(AriError):
        if await call.ari.recordings.get_live(name) is None:
            call.recording = None  # it ended before we listened
    return await _heard_out(call, name, longest_s)


async def _heard_out(call: Call, name: str, longest_s: float) -> Ending:
    try:
        await _recorded(call, name, longest_s)
    except asyncio.CancelledError:
        if call.caller.hangup.gone is not None:  # not a shutdown: the caller hung up, and has left a message
            await _keep(call, name)
        raise
    return endings.voicemail(Party.US) if await _keep(call, name) else endings.abandoned()


async def _recorded(call: Call, name: str, longest_s: float) -> None:
    """Waits until the recording is over, with a margin for Asterisk's own reckoning of its limits.

    Raises NotRecorded when there is none.
    """
    loop = asyncio.get_running_loop()
    for limit_s in (longest_s + _MARGIN_S, _MARGIN_S):
        ends_at = loop.time() + limit_s
        try:
            while call.recording is not None:
                match await call.next(ends_at - loop.time()):
                    case RecordingFinished(recording=recording) if recording.name == name:
                        call.recording = None
                    case RecordingFailed(recording=recording) if recording.name == name:
                        call.recording = None
                        raise NotRecorded(f"Asterisk could not record {name}")
        except TimeoutError:
            log.warning("recording did not end", recording=name)
            await call.ari.recordings.stop(name)
    call.recording = None


async def _keep(call: Call, name: str) -> bool:
    """Fetches the finished recording into our own store. False when there is no message worth keeping."""
    call.recording = None
    call.feed.drop(recording_subject(name))
    try:
        return await finish(_fetched(call, name), call.exchange.limits.cleanup_s)
    except TimeoutError as error:
        return _waits(call, name, error)


async def _fetched(call: Call, name: str) -> bool:
    try:
        fetched = await fetch(call.exchange, name, call.plan, call.record)
    except (AriError, StoreError, ValueError) as error:
        return _waits(call, name, error)
    if fetched.message is None:
        call.note(f"a message of {fetched.duration_s:.1f} s was too short")
        return False
    call.note(f"a message of {fetched.duration_s:.1f} s was kept")
    call.save(message_id=fetched.message.facts.id)
    return True


def _waits(call: Call, name: str, error: Exception) -> bool:
    """It stays in Asterisk, under a name that says all, and is fetched by the next sweep."""
    log.error("message not kept yet", recording=name, error=str(error) or "it took too long")
    call.note("the message waits in Asterisk to be fetched")
    call.save(message_id=call.id)
    return True
