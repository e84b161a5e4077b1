"""Log lines as events with fields: readable on a terminal, JSON for a collector, phone numbers as settings allow.

Native structlog loggers (7 µs a line); what libraries log by `logging` takes the same way out. Tracebacks never
show the values of variables: there may be a secret among them.
"""

import asyncio
import atexit
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from structlog.typing import Processor

from router.settings import LogSettings

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

# Digits that may be a public number, also within a dial string or a recording's name; not the first part of a
# channel's id, such as 1764000000.52.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?[0-9]{7,15}(?![0-9A-Za-z]|\.[0-9]{1,6}(?![0-9A-Za-z.]))")
_IDS = frozenset({"call", "channel", "leg", "bridge", "message", "dialplan", "timestamp", "level", "logger"})

_encode = msgspec.json.Encoder(enc_hook=str).encode


def set_up_logs(settings: LogSettings, stream: BinaryIO | None = None) -> None:
    """Sets up structlog and `logging` for the whole process. stream: standard error when None."""
    stream = stream or sys.stderr.buffer
    is_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    level = LEVELS[settings.level]
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if is_console else "iso", utc=not is_console),
        structlog.processors.format_exc_info,
    ]
    if settings.numbers == "masked":
        processors.append(mask_numbers)
    if is_console:
        processors += [structlog.dev.ConsoleRenderer(colors=stream.isatty()), _to_bytes]
    else:
        processors.append(_to_json)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Gathering(stream))),
        cache_logger_on_first_use=True,
    )
    # Libraries tell of their inner workings at debug and info.
    logging.basicConfig(handlers=[_ToStructlog()], level=max(level, logging.WARNING), force=True)
    logging.captureWarnings(True)


class _Gathering:
    """A stream on which the lines of one turn of the event loop go out together, behind what the turn has to do.

    A line wakes its reader, who may then run before us: on the path of a call that took longer than to decide it.
    Lines that the stream refuses are lost: telling of it would be one more, and a log ends no call.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # which is going to write what is gathered
        self._lock = threading.RLock()  # the collector may log, wherever it comes by
        atexit.register(self._write)

    def write(self, line: bytes) -> None:
        with self._lock:
            self._lines.append(line)
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # another thread, or no loop yet or any more
                self._write()
                return
            if loop is not self._loop:
                self._loop = loop
                loop.call_later(0, self._write)

    def flush(self) -> None:
        """Called behind every line: it goes out with the others."""

    def _write(self) -> None:
        with self._lock, suppress(OSError, ValueError):  # ValueError: it is closed
            self._loop, lines, self._lines = None, self._lines, []
            if lines:
                self._stream.write(b"".join(lines))
                self._stream.flush()


def mask_numbers(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hides the middle of whatever may be a public number, in every field but ids: +44…100."""
    for key, value in event.items():
        if key not in _IDS:
            event[key] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value
        case list() | tuple() | set() | frozenset():
            return [_masked(each) for each in value]
        case Mapping():
            return {str(key): _masked(each) for key, each in value.items()}
        case _:
            return _NUMBER.sub(_without_middle, str(value))


def _without_middle(found: re.Match[str]) -> str:
    return f"{found[0][:3]}…{found[0][-3:]}"


def _to_json(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    return _encode(event)


def _to_bytes(_: Any, __: str, line: Any) -> bytes:
    return str(line).encode("utf-8", "replace")


class _ToStructlog(logging.Handler):
    """Hands on what is logged by `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)  # some invent their own
            fields = {"logger": record.name, "exc_info": record.exc_info or None}
            structlog.get_logger().log(level, record.getMessage(), **fields)
        except Exception:  # as every handler of `logging`: a bad log line is not an error of what it tells of
            self.handleError(record)
