"""The AGI protocol as bytes and values: no sockets, no waiting, no clock.

Asterisk sends a block of "agi_name: value" lines ended by an empty one, then one reply for each command. A hang-up
arrives as a line HANGUP in between, before the reply that is due (twice with AGIEXITONHANGUP), so it is told apart
by its text and never taken for a reply. A wrong command is answered by a block from "520-" to "520 ".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from router.fastagi.errors import CommandRefused, MalformedAgi

MOST_REQUEST_BYTES = 16_384  # some 30 lines are usual; arguments may be long
MOST_REPLY_BYTES = 65_536  # a 520 block brings a command's whole usage text
MOST_COMMAND_BYTES = 2_000  # Asterisk reads at most 2,047 (AGI_BUF_LEN, res_agi.c)

_HANGUP = b"HANGUP"
_REPLY = re.compile(r"(\d{3})(?: result=(\S*))?(?: (.*))?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SOUND = re.compile(r"[A-Za-z0-9_./-]{1,500}")
_VARIABLE = re.compile(r"_{0,2}[A-Z][A-Z0-9_]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What Asterisk says when a channel runs AGI(). fields: "agi_channel" and the like; none of it is trusted.

    script: the path of the agi:// address without slashes around it. arguments: agi_arg_1 and on.
    """

    script: str
    fields: Mapping[str, str]
    arguments: tuple[str, ...]

    def field(self, name: str) -> str:
        """A field without its "agi_"; "" when it is absent or Asterisk does not know it."""
        value = self.fields.get(f"agi_{name}", "")
        return "" if value == "unknown" else value

    def argument(self, number: int) -> str:
        """The argument, counted from 1 as in agi_arg_1; "" when it is absent."""
        return self.arguments[number - 1] if number <= len(self.arguments) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one command. result: of "200 result=1"; text: what follows, parentheses and all."""

    code: int
    result: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The caller left. Commands are still answered on the dead channel."""


Event = Request | Reply | HangUp


class _Part(Enum):
    REQUEST = auto()
    REPLIES = auto()
    USAGE = auto()  # inside a 520 block


class AgiReader:
    """Turns what Asterisk sends into values, in whatever pieces it arrives. Holds no more than the limits above."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._part = _Part.REQUEST
        self._fields: dict[str, str] = {}
        self._taken = 0  # bytes of the block or line that is being read

    @property
    def has_begun(self) -> bool:
        """Whether the peer has sent anything at all; a port probe has not."""
        return bool(self._taken or self._bytes or self._part is not _Part.REQUEST)

    def receive(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order. Raises MalformedAgi; the session cannot go on then."""
        events: list[Event] = []
        self._bytes += data
        while (end := self._bytes.find(b"\n")) >= 0:
            line = bytes(self._bytes[:end]).removesuffix(b"\r")
            del self._bytes[: end + 1]
            self._taken += end + 1
            self._check_size(self._taken)
            if (event := self._line(line)) is not None:
                self._taken = 0
                events.append(event)
        self._check_size(self._taken + len(self._bytes))
        return events

    def _check_size(self, size_bytes: int) -> None:
        most = MOST_REQUEST_BYTES if self._part is _Part.REQUEST else MOST_REPLY_BYTES
        if size_bytes > most:
            raise MalformedAgi(f"more than {most} bytes without an end")

    def _line(self, line: bytes) -> Event | None:
        match self._part:
            case _Part.REQUEST if line:
                self._field(line)
                return None
            case _Part.REQUEST:
                self._part = _Part.REPLIES
                return self._request()
            case _Part.USAGE if line.startswith(b"520 "):
                self._part = _Part.REPLIES
                return Reply(code=520, text="wrong syntax")
            case _Part.USAGE:
                return None
            case _Part.REPLIES:
                return self._reply(line)

    def _field(self, line: bytes) -> None:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or not name.startswith("agi_"):
            raise MalformedAgi(f"not a line of an AGI request: {_excerpt(line)}")
        if name in self._fields:
            # A caller's name with a line break in it could otherwise bring its own agi_extension.
            raise MalformedAgi(f"{name} is given twice")
        self._fields[name] = value.strip()

    def _request(self) -> Request:
        if "agi_network_script" not in self._fields:
            raise MalformedAgi("a request without agi_network_script")
        arguments: list[str] = []
        while (argument := self._fields.get(f"agi_arg_{len(arguments) + 1}")) is not None:
            arguments.append(argument)
        script = self._fields["agi_network_script"].strip("/")
        return Request(script=script, fields=self._fields, arguments=tuple(arguments))

    def _reply(self, line: bytes) -> Event | None:
        if line == _HANGUP:
            return HangUp()
        if line.startswith(b"520-"):
            self._part = _Part.USAGE
            return None
        found = _REPLY.fullmatch(line.decode("utf-8", "replace"))
        if found is None:
            raise MalformedAgi(f"not a reply: {_excerpt(line)}")
        return Reply(code=int(found[1]), result=found[2] or "", text=found[3] or "")


def set_variable(name: str, value: str) -> bytes:
    """The command that sets a channel variable. Raises CommandRefused.

    `value` is taken literally by Asterisk; what a dialplan then makes of it is for whoever chooses the value.
    """
    if not _VARIABLE.fullmatch(name):
        raise CommandRefused(f"not a name for a channel variable: {name[:80]!r}")
    if _CONTROL.search(value):
        raise CommandRefused(f"a line break or control character in the value of {name}")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    command = f'SET VARIABLE {name} "{quoted}"\n'.encode()
    if len(command) > MOST_COMMAND_BYTES:
        raise CommandRefused(f"{name} is longer than an AGI command may be ({MOST_COMMAND_BYTES} bytes)")
    return command


def answer() -> bytes:
    return b"ANSWER\n"


def set_time_limit(seconds: float) -> bytes:
    """The command that gives the channel so long from now on."""
    return f'SET VARIABLE TIMEOUT(absolute) "{seconds:g}"\n'.encode()


def get_data(sound: str, key_s: float, most: int) -> bytes:
    """The command that plays a sound and reads keys up to #. sound: of Asterisk, or a path without its ending.

    key_s: how long the next key is waited for. Raises CommandRefused.
    """
    if not _SOUND.fullmatch(sound):
        raise CommandRefused(f"not a name for a sound: {sound[:80]!r}")
    return f'GET DATA "{sound}" {key_s * 1000:.0f} {most}\n'.encode()


def _excerpt(line: bytes) -> str:
    return repr(line[:60])
