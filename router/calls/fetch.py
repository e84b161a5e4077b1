"""Bringing a finished recording from Asterisk into our own store: there first, only then gone from Asterisk."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import structlog

from router.ari.errors import AriError
from router.calls.exchange import Exchange
from router.dialplan.numbers import read_caller
from router.model.department import DialPlan
from router.model.message import MessageFacts, RecordingName, VoicemailMessage
from router.model.record import CallRecord
from router.store.errors import StoreError

log = structlog.get_logger()

# Asterisk's "wav", whatever the codec of the call: 8 kHz, 16 bit, mono.
_HEADER_BYTES, _BYTES_A_SECOND = 44, 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """message: None when the recording was too short to be one."""

    message: VoicemailMessage | None
    duration_s: float


async def fetch(exchange: Exchange, name: str, plan: DialPlan, record: CallRecord | None) -> Fetched:
    """Keeps the stored recording `name` (a `RecordingName`) and deletes Asterisk's copy.

    record: of the call it was left in, None for one the fallback dialplan took. Raises AriError when Asterisk
    cannot be reached, StoreError when our disk refuses, ValueError for what is no message; Asterisk's copy stays
    then.
    """
    parsed = RecordingName.parse(name)
    if parsed is None:
        raise ValueError(f"{name!r} is no message's recording")
    audio = await exchange.ari.recordings.get_stored_file(name)
    if audio is None:
        return Fetched(message=None, duration_s=0.0)
    # By its size: the header's figures are 0 in a file whose Asterisk was killed.
    duration_s = max(0, len(audio) - _HEADER_BYTES) / _BYTES_A_SECOND
    if duration_s < exchange.limits.shortest_s:
        await _delete(exchange, name)
        return Fetched(message=None, duration_s=duration_s)
    message = await exchange.messages.keep(audio, _facts(parsed, plan, record))
    log.info("message kept", message=parsed.id, department=parsed.department, duration_s=round(duration_s, 1))
    exchange.message_kept()
    await _delete(exchange, name)
    return Fetched(message=message, duration_s=duration_s)


async def _delete(exchange: Exchange, name: str) -> None:
    """Asterisk's copy goes. One that stays is found by the next sweep, and is the same message then."""
    try:
        await exchange.ari.recordings.delete_stored(name)
    except AriError as error:
        log.warning("recording stays in Asterisk", recording=name, error=str(error))


def _facts(name: RecordingName, plan: DialPlan, record: CallRecord | None) -> MessageFacts:
    box = _Box.of(name.department, plan)
    if box is None:
        # The dial plan changed since; somebody must still hear the message.
        box = next((found for key in plan.departments if (found := _Box.of(key, plan)) is not None), None)
    if box is None:
        raise StoreError(f"no department of the dial plan takes messages any more; {name} stays in Asterisk")
    return MessageFacts(
        id=name.id,
        call_id=record.id if record else "",
        company=plan.company,
        department=box.key,
        department_name=box.name,
        caller_number=record.caller_number if record else read_caller(name.caller, "", False, plan.country).shown,
        caller_name=record.caller_name if record else "",
        called_number=record.called_number if record else "",
        recorded_at=datetime.fromtimestamp(name.epoch, UTC),
        zone=plan.zone.key,
        to=box.to,
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Whose messages these are. key: a department's, or a person's who has a mailbox of their own."""

    key: str
    name: str
    to: tuple[str, ...]

    @classmethod
    def of(cls, key: str, plan: DialPlan) -> "Self | None":
        department, person = plan.departments.get(key), plan.people.get(key)
        if department is not None and department.mailbox is not None:
            return cls(key, department.name, department.mailbox.to)
        if person is not None and person.email is not None:
            return cls(key, person.name, (person.email,))
        return None
