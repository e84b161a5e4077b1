"""A call's record and a voicemail message, whole, to vary in tests."""

import io
import math
import struct
import wave
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from router.model.call import CallId, Direction
from router.model.ending import Ending, Fault, LegResult, Outcome, Party
from router.model.message import MessageFacts, StoredSound, VoicemailMessage
from router.model.record import CallRecord, LegRecord, TraceLine

MONDAY = datetime(2026, 11, 23, 10, 5, 0, 123456, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """That long after Monday, 10:05."""
    return MONDAY + timedelta(seconds=seconds)


def speech(seconds: float = 12.0, *, rate: int = 8000) -> bytes:
    """A WAV as Asterisk records it: 16 bit, mono, with a tone in it."""
    frames = b"".join(
        struct.pack("<h", int(9000 * math.sin(n * 2 * math.pi * 440 / rate))) for n in range(round(rate * 0.1))
    )
    whole, rest = divmod(round(rate * seconds), round(rate * 0.1))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(frames * whole + frames[: rest * 2])
    return file.getvalue()


def facts(message_id: str = "vm-1", **other: Any) -> MessageFacts:
    usual = MessageFacts(
        id=message_id,
        call_id="c1",
        company="Acme",
        department="sales",
        department_name="Sales",
        caller_number="+442079460999",
        caller_name="Jane Doe",
        called_number="+442079460100",
        recorded_at=MONDAY,
        zone="Europe/London",
        to=("sales@acme.example",),
    )
    return replace(usual, **other)


def message(of: MessageFacts | None = None, *, duration_s: float = 12.3) -> VoicemailMessage:
    """A message that no store has."""
    sound = StoredSound(path="vm-1.wav", duration_s=duration_s, size_bytes=1, digest="")
    return VoicemailMessage(facts=of or facts(), sound=sound)


def record(call_id: str = "c1", **other: Any) -> CallRecord:
    """An answered call of Sales, its second leg the one that talked."""
    usual = CallRecord(
        id=CallId(call_id),
        direction=Direction.INBOUND,
        router="pbx-1",
        channel=f"asterisk-{call_id}",
        caller_number="+442079460999",
        caller_name="Jörg „the boss“ Müller",
        called_number="+442079460100",
        called_raw="02079460100",
        arrived_at=MONDAY,
        trunk="carrier",
        department="sales",
        is_open=True,
        rule="sales.yaml:departments.sales.numbers[0]",
        because="the number is one of Sales'",
        dialplan="d1",
        steps=("play welcome", "ring alice, bob together for 20s", "voicemail"),
        rang_at=after(0.2),
        answered_at=after(3.4),
        ended_at=after(65),
        ending=Ending(outcome=Outcome.ANSWERED, by=Party.CALLER, fault=Fault.NONE, cause=16),
        legs=(
            LegRecord(
                id="l1",
                endpoint="PJSIP/101",
                person="alice",
                dialled_at=after(0.1),
                rang_at=after(0.2),
                ended_at=after(3.4),
                result=LegResult.CANCELLED,
                cause=26,
                tech_cause=487,
            ),
            LegRecord(id="l2", endpoint="PJSIP/102", person="bob", dialled_at=after(0.1), answered_at=after(3.4)),
        ),
        trace=(
            TraceLine(at=after(0.1), what="rings alice, bob"),
            TraceLine(at=after(3.4), what='bob said "hello"'),
        ),
    )
    return replace(usual, **other)
