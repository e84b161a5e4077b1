"""Looking for messages that wait in Asterisk: taken by the fallback dialplan, or left when we were killed."""

import re
from dataclasses import replace
from functools import partial

import structlog

from router.ari.errors import AriError
from router.calls.call import name_recording
from router.calls.errands import insist
from router.calls.exchange import Exchange, call_of
from router.calls.fetch import fetch
from router.calls.live import Live
from router.model.call import CallId
from router.model.department import DialPlan
from router.model.ending import Party
from router.model.message import RecordingName
from router.model.record import CallRecord
from router.rules import endings
from router.store.contract import CallStore
from router.store.errors import StoreError

log = structlog.get_logger()


async def sweep(live: Live, plan: DialPlan, store: CallStore) -> int:
    """Fetches every finished message recording that no live call is about to fetch. How many there were.

    Raises AriError when Asterisk cannot list its recordings; one message that cannot be fetched stays for the next
    sweep and does not hold up the others.
    """
    exchange = live.exchange
    fetched = 0
    listed = [stored.name for stored in await exchange.ari.recordings.list_stored()]
    await _forget_names(live, listed)
    names = [(stored, RecordingName.parse(stored)) for stored in listed]
    ours = [(stored, name) for stored, name in names if name is not None]
    if not ours:
        return 0
    # A recording of the dialplan's Record() is listed from its start on, and is none of ARI's live ones.
    speaking = {_filtered(channel.id) for channel in await exchange.ari.channels.list()}
    speaking |= {call.id for call in live.calls.values()}
    for stored, name in ours:
        if name.id in speaking:
            continue
        try:
            if await exchange.ari.recordings.get_live(stored) is not None:
                continue  # still being recorded, by nobody we know
            record = await _record(exchange, store, name)
            kept = (await fetch(exchange, stored, plan, record)).message
            fetched += 1
            if record is not None and kept is not None and record.message_id is None:
                _left(exchange, record, name)
        except (AriError, StoreError, ValueError) as error:
            log.warning("message waits in Asterisk", recording=stored, error=str(error))
    return fetched


async def _forget_names(live: Live, listed: list[str]) -> None:
    """Deletes the names that callers said to be screened by, where no call of ours is there to do so."""
    for recording in listed:
        call_id = call_of(recording)
        if recording == name_recording(call_id) and not live.has(call_id):
            await insist(partial(live.exchange.ari.recordings.delete_stored, recording))


def _filtered(channel_id: str) -> str:
    """As callrouter.conf writes a channel's id into the name of its recording."""
    return re.sub(r"[^0-9A-Za-z]", "", channel_id)


async def _record(exchange: Exchange, store: CallStore, name: RecordingName) -> CallRecord | None:
    """The record of the call a message was left in; None for the fallback's, or with the store out of reach."""
    try:
        return exchange.journal.unwritten.get(CallId(name.id)) or await store.call(CallId(name.id))
    except StoreError:
        return None


def _left(exchange: Exchange, record: CallRecord, name: RecordingName) -> None:
    """The call did not fail, as it seemed when its router died: a message was left in it."""
    ended_at = record.ended_at or exchange.now()
    ending = endings.voicemail(Party.CALLER)
    exchange.journal.save(replace(record, message_id=name.id, ending=ending, ended_at=ended_at))
