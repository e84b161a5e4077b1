"""Recording a talk: from its beginning when its department wants that, or when a colleague presses the code.

It is the bridge that is recorded, beside the talk and never in its way: what goes wrong is noted, and the talk goes
on. Nothing is recorded that was to be announced and was not. The file is brought home by `filing`.
"""

import asyncio
from collections.abc import Coroutine
from enum import Enum
from typing import Any

import structlog

from router.ari.errors import AriError
from router.ari.events import recording as recording_subject
from router.ari.models import ChannelDtmfReceived, Event, PlaybackFinished, RecordingFailed, RecordingFinished
from router.calls.call import Call
from router.calls.digits import Sequence
from router.calls.errands import insist
from router.calls.prompt import media
from router.model.call import endpoint_of
from router.model.department import Department, Feature, Recording
from router.model.talk import TalkName
from router.rules.layers import department_for

log = structlog.get_logger()

PIECE_S = 1800  # of one file, 29 MB; then the next begins
_ALMOST_S = 5  # Asterisk tells a recording's length in whole seconds
BEEP = "sound:beep"  # heard by both: it begins, or pauses
TWO_BEEPS = f"{BEEP},{BEEP}"  # it goes on


def record_talk(call: Call) -> None:
    """For a talk that has begun: records it if its department always does, and heeds the code from now on.

    After a transfer that is another talk: whoever has come to it is told anew that it is recorded, or it is not.
    """
    before = _known(call)
    if before is not None:
        before.end()
        call.watchers.remove(before)
    recorder = _recorder(call)
    if recorder is None:
        return
    call.watchers.append(recorder)
    goes_on = before is not None and before.recording.always
    if recorder.recording.always and (call.serving is not None or goes_on):
        recorder.begin()


async def go_on_recording(call: Call) -> None:
    """For a talk that is adopted: whatever is recorded of it goes on, and the code is heeded from now on."""
    recorder = _recorder(call)
    if recorder is not None:
        call.watchers.append(recorder)
        await recorder.find()


def interrupt_recording(call: Call) -> None:
    """While one of the two is out of the talk, to pass the other one on."""
    if (recorder := _known(call)) is not None:
        recorder.interrupt()


def resume_recording(call: Call) -> None:
    """They talk again."""
    if (recorder := _known(call)) is not None:
        recorder.resume()


def _known(call: Call) -> "Recorder | None":
    return next((watcher for watcher in call.watchers if isinstance(watcher, Recorder)), None)


def _recorder(call: Call) -> "Recorder | None":
    """None when the department whose talk it is records none."""
    colleague = (call.partner.person if call.partner is not None else None) or call.record.person
    key = call.serving or call.record.department or department_for(colleague, call.plan)
    department = call.plan.departments.get(key or "")
    if department is None or department.recording is None:
        return None
    return Recorder(call, department, department.recording)


class _Stage(Enum):
    OFF = "off"
    CHANGES = "changes"  # is announced, or asked for
    ON = "on"
    PAUSED = "paused"
    AWAY = "away"  # paused while the partner is out of the bridge, passing the other one on


class Recorder:
    """recording: what the department wants. Called with each of the call's events; it waits for nothing."""

    def __init__(self, call: Call, department: Department, recording: Recording) -> None:
        self.recording = recording
        self._call = call
        self._department = department
        self._stage = _Stage.OFF
        self._name = ""
        self._is_over = self._is_alone = False
        self._announcement: str | None = None
        codes = [code for code, feature in call.plan.codes.items() if feature is Feature.RECORD]
        self._sequence = Sequence(codes)

    def __call__(self, event: Event) -> None:
        match event:
            case ChannelDtmfReceived(channel=channel, digit=digit) if self._is_colleague(channel.id):
                if self._sequence.ends(digit, channel.id, asyncio.get_running_loop().time()):
                    self._code()
            case PlaybackFinished(playback=playback) if playback.id == self._announcement:
                self._call.feed.drop(playback.id)
                self._announcement = None
                self._announced(playback.state == "done")
            case RecordingFinished(recording=live) if live.name == self._name:
                self._ended(live.duration or 0)
            case RecordingFailed(recording=live) if live.name == self._name:
                self._failed(live.cause or "Asterisk does not say why")

    def _is_colleague(self, channel: str) -> bool:
        """Nobody outside may begin or stop it."""
        if any(leg.id == channel and leg.person is not None for leg in self._call.legs):
            return True
        caller = self._call.channel
        return channel == caller.id and endpoint_of(caller.name) in self._call.plan.person_at

    def _code(self) -> None:
        match self._stage:
            case _Stage.OFF:
                self.begin(by_code=True)
            case _Stage.ON:
                self._stage = _Stage.CHANGES
                self._call.errands.run(self._pause())
            case _Stage.PAUSED:
                self._stage = _Stage.CHANGES
                self._call.errands.run(self._resume())

    # ---- beginning

    def begin(self, *, by_code: bool = False) -> None:
        """by_code: whoever pressed it hears a beep where nothing is announced."""
        self._stage = _Stage.CHANGES
        call, announce = self._call, self.recording.announce
        if announce is None and not by_code:
            call.errands.run(self._record())
            return
        self._announcement = call.playback = call.name("announcement")
        call.feed.add(self._announcement)
        call.errands.run(self._announce(self._announcement, media(call, announce) if announce else BEEP))

    async def _announce(self, playback: str, sound: str) -> None:
        call = self._call
        try:
            asked = call.ari.bridges.play_with_id(call.caller.bridge_id, playback, media=sound)
            if await asked is None:
                self._announced(False)
        except AriError as error:
            log.info("announcement refused", error=str(error))
            self._announced(False)

    def _announced(self, was_heard: bool) -> None:
        if was_heard or self.recording.announce is None:
            self._call.errands.run(self._record())
        else:
            self._failed("the announcement could not be played")

    async def _record(self) -> None:
        call = self._call
        epoch, number = int(call.exchange.now().timestamp()), len(call.record.recordings) + 1
        name = TalkName(department=self._department.key, epoch=epoch, call=call.id, number=number)
        self._name = str(name)
        call.feed.add(recording_subject(self._name))
        try:
            live = await call.ari.bridges.record(
                call.caller.bridge_id,
                name=self._name,
                format="wav",
                max_duration_seconds=PIECE_S,
                if_exists="fail",
            )
        except AriError as error:
            self._failed(str(error))
            return
        if live is None:  # the bridge is gone: the talk is over
            self._stage = _Stage.OFF
            return
        self._stage = _Stage.ON
        log.info("talk recorded", recording=self._name)
        call.note("records the talk")
        call.save(recordings=(*call.record.recordings, self._name))
        if self._is_over:
            self.end()
        elif self._is_alone:
            self.interrupt()

    async def find(self) -> None:
        """Takes over what an earlier router records of this call."""
        recordings = self._call.ari.recordings
        try:
            names = [TalkName.parse(stored.name) for stored in await recordings.list_stored()]
            ours = sorted(
                (name for name in names if name is not None and name.call == self._call.id),
                key=lambda name: (name.epoch, name.number),
            )
            if not ours:
                return
            self._name = str(ours[-1])
            self._call.feed.add(recording_subject(self._name))
            live = await recordings.get_live(self._name)
        except AriError as error:
            log.warning("recording of the talk not found", error=str(error))
            return
        if live is not None:
            self._stage = _Stage.PAUSED if live.state == "paused" else _Stage.ON

    # ---- pauses

    async def _pause(self) -> None:
        """Told by a beep only when it is so: what follows may be somebody's card number."""
        if await self._is_done(self._call.ari.recordings.pause(self._name)):
            self._stage = _Stage.PAUSED
            self._call.note("the recording is paused")
            await self._beep(BEEP)
        else:
            self._stage = _Stage.ON

    async def _resume(self) -> None:
        if await self._is_done(self._call.ari.recordings.unpause(self._name)):
            self._stage = _Stage.ON
            self._call.note("the recording goes on")
            await self._beep(TWO_BEEPS)
        else:
            self._stage = _Stage.PAUSED

    def interrupt(self) -> None:
        self._is_alone = True
        if self._stage is _Stage.ON:
            self._stage = _Stage.AWAY
            self._call.errands.run(self._is_done(self._call.ari.recordings.pause(self._name)))

    def resume(self) -> None:
        self._is_alone = False
        if self._stage is _Stage.AWAY:
            self._call.errands.run(self._come_back())

    async def _come_back(self) -> None:
        if await self._is_done(self._call.ari.recordings.unpause(self._name)):
            self._stage = _Stage.ON

    async def _is_done(self, request: Coroutine[Any, Any, bool]) -> bool:
        try:
            return await request
        except AriError as error:
            log.warning("recording not paused or resumed", recording=self._name, error=str(error))
            return False

    async def _beep(self, sound: str) -> None:
        call = self._call
        try:
            await call.ari.bridges.play_with_id(call.caller.bridge_id, call.name("beep"), media=sound)
        except AriError as error:
            log.info("beep refused", error=str(error))

    # ---- its end

    def end(self) -> None:
        """The talk is over, though not the call."""
        self._is_over = True
        if self._stage is not _Stage.OFF and self._name:
            self._stage, name = _Stage.OFF, self._name
            self._call.errands.run(insist(lambda: self._call.ari.recordings.stop(name)))

    def _ended(self, duration_s: int) -> None:
        """By its length, or with the bridge."""
        self._call.feed.drop(recording_subject(self._name))
        goes_on = self._stage is _Stage.ON and duration_s >= PIECE_S - _ALMOST_S
        self._stage = _Stage.CHANGES if goes_on else _Stage.OFF
        if goes_on:
            self._call.errands.run(self._record())

    def _failed(self, why: str) -> None:
        self._stage = _Stage.OFF
        log.warning("talk not recorded", because=why)
        self._call.note("the talk could not be recorded")
