"""Looking for messages that wait in Asterisk: taken by the fallback dialplan, or left when we were killed."""

import structlog

from router.ari.errors import AriError
from router.calls.fetch import fetch
from router.calls.live import Live
from router.model.call import CallId
from router.model.department import DialPlan
from router.model.message import RecordingName
from router.model.record import CallRecord
from router.store.contract import CallStore
from router.store.errors import StoreError

log = structlog.get_logger()


async def sweep(live: Live, plan: DialPlan, store: CallStore) -> int:
    """Fetches every finished message recording that no live call is about to fetch. How many there were.

    Raises AriError when Asterisk cannot list its recordings; one message that cannot be fetched stays for the next
    sweep and does not hold up the others.
    """
    exchange = live.exchange
    being_taken = {call.recording for call in live.calls.values()}
    fetched = 0
    for stored in await exchange.ari.recordings.list_stored():
        name = RecordingName.parse(stored.name)
        if name is None or stored.name in being_taken or any(call.id == name.id for call in live.calls.values()):
            continue
        try:
            if await exchange.ari.recordings.get_live(stored.name) is not None:
                continue  # still being recorded, by nobody we know
            await fetch(exchange, stored.name, plan, await _record(store, name))
            fetched += 1
        except (AriError, StoreError) as error:
            log.warning("message waits in Asterisk", recording=stored.name, error=str(error))
    return fetched


async def _record(store: CallStore, name: RecordingName) -> CallRecord | None:
    """The record of the call a message was left in; None for the fallback's, or with the store out of reach."""
    try:
        return await store.call(CallId(name.id))
    except StoreError:
        return None
