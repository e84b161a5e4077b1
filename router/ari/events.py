"""Frames of the events socket as typed values, and what each is about."""

from collections.abc import Iterator
from functools import cache
from typing import get_args

import msgspec

from router.ari.errors import UNREADABLE, Malformed
from router.ari.models import Bridge, Channel, ChannelTransfer, Event, KnownEvent, LiveRecording, Playback


class UnknownEvent(Event, frozen=True, kw_only=True, gc=False):
    """An event of a type the declarations do not know: a newer Asterisk. type: as sent."""

    type: str = ""


_KNOWN: msgspec.json.Decoder[Event] = msgspec.json.Decoder(KnownEvent)
_UNKNOWN = msgspec.json.Decoder(UnknownEvent)
_TYPES = frozenset(kind.__struct_config__.tag for kind in get_args(KnownEvent))


def decode(raw: bytes | str) -> Event:
    """One frame. Raises Malformed for what is no JSON, no object, or lacks what its type must have."""
    try:
        return _KNOWN.decode(raw)
    except UNREADABLE as error:
        try:
            event = _UNKNOWN.decode(raw)
        except UNREADABLE:
            raise Malformed(f"a frame on the events socket is no event: {error}") from error
        if not event.type or event.type in _TYPES:
            raise Malformed(f"an event {event.type or 'without type'} is not as declared: {error}") from error
        return event


def recording(name: str) -> str:
    """The subject of a recording's events."""
    return f"recording:{name}"


def subjects(event: Event) -> tuple[str, ...]:
    """Ids of what the event is about, each once: channels, bridges, playbacks, and recordings as `recording(name)`.

    A Dial is about the channel dialled (`peer`), not about who dials. An event about a channel that takes another's
    place is about both.
    """
    found: list[str] = []
    for field in _fields(type(event)):
        match getattr(event, field):
            case Channel(id=id) | Bridge(id=id) | Playback(id=id):
                found.append(id)
            case LiveRecording(name=name):
                found.append(recording(name))
    if isinstance(event, ChannelTransfer):
        found.append(event.referred_by.source_channel.id)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


_NOT_ABOUT = frozenset({"caller", "forwarded"})  # of Dial


@cache
def _fields(kind: type[Event]) -> tuple[str, ...]:
    return tuple(_about(kind))


def _about(kind: type[Event]) -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        names = {getattr(part, "__name__", "") for part in getattr(field.type, "__args__", (field.type,))}
        if names & {"Channel", "Bridge", "Playback", "LiveRecording"} and field.name not in _NOT_ABOUT:
            yield field.name
