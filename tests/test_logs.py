"""Log lines: events with fields, one way out for all, and nothing in them that should not be."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from router.logs import mask_numbers, set_up_logs
from router.model.number import NumberKind, PhoneNumber
from router.settings import LogSettings

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    """Where log lines go; what they were set up with before is put back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.BytesIO()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines(stream: io.BytesIO) -> Lines:
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json"), stream)
    structlog.contextvars.bind_contextvars(call="c1")
    structlog.get_logger().info("leg answered", leg="l1", after_s=3.2)

    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "leg answered", "level": "info", "call": "c1", "leg": "l1", "after_s": 3.2}


def test_values_that_json_does_not_know_are_written_as_text(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json"), stream)
    number = PhoneNumber(kind=NumberKind.EXTENSION, value="201")
    structlog.get_logger().info("call in", called=[object, number])

    [line] = lines()
    assert "201" in str(line["called"])


def test_what_is_below_the_level_is_not_written(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json", level="warning"), stream)
    structlog.get_logger().info("not this")
    structlog.get_logger().warning("but this")

    assert [line["event"] for line in lines()] == ["but this"]


def test_what_libraries_log_takes_the_same_way(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json"), stream)
    logging.getLogger("aiohttp.server").error("cannot %s", "serve")
    logging.getLogger("aiohttp.access").info("GET /healthz")

    [line] = lines()
    assert (line["event"], line["level"], line["logger"]) == ("cannot serve", "error", "aiohttp.server")


def test_warnings_of_python_are_logged(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json"), stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)

    assert lines()[0]["logger"] == "py.warnings"


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_traceback_does_not_show_the_values_of_variables(stream: io.BytesIO, format: str) -> None:
    set_up_logs(LogSettings(format=format), stream)
    password = "s3cret" + "-Pa55"
    try:
        raise LookupError(len(password))
    except LookupError:
        structlog.get_logger().exception("call failed")
        logging.getLogger("library").exception("and there")

    assert stream.getvalue().count(b"LookupError: 11") == 2
    assert password.encode() not in stream.getvalue()


def test_the_console_is_for_people_and_has_no_colours_in_a_file(stream: io.BytesIO) -> None:
    set_up_logs(LogSettings(format="console"), stream)
    structlog.get_logger().info("call in", caller="Jörg")

    assert "caller=Jörg" in stream.getvalue().decode()
    assert b"\x1b" not in stream.getvalue()


def test_auto_is_json_where_nobody_watches(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="auto"), stream)
    structlog.get_logger().info("call in")

    assert lines()[0]["event"] == "call in"


def test_masked_numbers_are_masked_on_every_way_out(stream: io.BytesIO) -> None:
    set_up_logs(LogSettings(format="json", numbers="masked"), stream)
    structlog.get_logger().info("call in", caller="+447400123457")
    logging.getLogger("library").error("dialling +447400123457")
    try:
        raise LookupError("+447400123457")
    except LookupError:
        structlog.get_logger().exception("call failed")

    assert b"7400123" not in stream.getvalue()
    assert all("+44…457" in line for line in stream.getvalue().decode().splitlines())


# ---- lines that are gathered


class Refusing(io.BytesIO):
    """A stream that takes nothing. asked: how often it was to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.asked = 0
        self._error = error

    def write(self, line: Any) -> int:
        self.asked += 1
        raise self._error


async def test_the_lines_of_one_turn_go_out_behind_its_work_and_in_order(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json"), stream)
    structlog.get_logger().info("call in")
    logging.getLogger("library").error("and this")
    structlog.get_logger().info("decided")
    assert not stream.getvalue()
    await asyncio.sleep(0.001)

    assert [line["event"] for line in lines()] == ["call in", "and this", "decided"]


def test_a_line_of_another_thread_goes_out_at_once_behind_those_that_wait(stream: io.BytesIO, lines: Lines) -> None:
    async def main() -> None:
        structlog.get_logger().info("first")
        other = threading.Thread(target=structlog.get_logger().info, args=("of a thread",))
        other.start()
        other.join()
        assert [line["event"] for line in lines()] == ["first", "of a thread"]
        structlog.get_logger().info("last")
        await asyncio.sleep(0.001)

    set_up_logs(LogSettings(format="json"), stream)
    asyncio.run(main())
    assert [line["event"] for line in lines()] == ["first", "of a thread", "last"]


def test_no_line_is_lost_or_written_twice_when_threads_and_the_loop_log_at_once(
    stream: io.BytesIO, lines: Lines
) -> None:
    async def one(number: int) -> None:
        for turn in range(200):
            structlog.get_logger().info("loop", n=(number, turn))
            await asyncio.sleep(0)

    def other(number: int) -> None:
        for turn in range(200):
            structlog.get_logger().info("thread", n=(number, turn))

    async def main() -> None:
        await asyncio.gather(*map(one, range(3)), *(asyncio.to_thread(other, each) for each in range(3)))

    set_up_logs(LogSettings(format="json"), stream)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        asyncio.run(main())
    finally:
        sys.setswitchinterval(before)
    told = [(line["event"], *line["n"]) for line in lines()]
    assert len(told) == len(set(told)) == 1200
    for who in {(event, number) for event, number, _ in told}:
        turns = [turn for *its, turn in told if tuple(its) == who]
        assert turns == sorted(turns)


def test_what_a_loop_had_no_time_to_write_goes_out_with_the_next_line(stream: io.BytesIO, lines: Lines) -> None:
    set_up_logs(LogSettings(format="json"), stream)
    for name in ("stopping", "begun anew"):
        loop = asyncio.new_event_loop()
        loop.call_soon(structlog.get_logger().info, name)
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
    structlog.get_logger().info("over")

    assert [line["event"] for line in lines()] == ["stopping", "begun anew", "over"]


_ENDS = {
    "at the end of main": "",
    "by an error": "raise LookupError('of main')",
    "by sys.exit": "sys.exit(3)",
}


@pytest.mark.parametrize("how", _ENDS.values(), ids=_ENDS)
def test_the_last_lines_of_a_process_are_written(how: str) -> None:
    script = f"""
import asyncio, sys, structlog
from router.logs import set_up_logs
from router.settings import LogSettings

async def main():
    structlog.get_logger().info("stopping")
    loop.call_soon(structlog.get_logger().info, "stopped")
    loop.call_soon(loop.stop)
    await asyncio.sleep(60)

set_up_logs(LogSettings(format="json"))
loop = asyncio.new_event_loop()
last = loop.create_task(main())
loop.run_forever()
last._log_destroy_pending = False
{how}
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30)
    told = [json.loads(line)["event"] for line in ended.stderr.splitlines() if line.startswith(b"{")]
    assert told == ["stopping", "stopped"]


@pytest.mark.parametrize("error", [BrokenPipeError("its reader is gone"), ValueError("it is closed")], ids=str)
@pytest.mark.usefixtures("stream")
def test_a_stream_that_takes_nothing_ends_no_call_and_is_not_asked_for_ever(error: Exception) -> None:
    """The loop told of the line it could not write, in a line it could not write, and did nothing else."""

    async def main() -> None:
        for _ in range(3):
            structlog.get_logger().info("call in")
            await asyncio.sleep(0.01)

    refusing = Refusing(error)
    set_up_logs(LogSettings(format="json"), refusing)
    structlog.get_logger().info("before")
    asyncio.run(main())
    assert refusing.asked == 4


NUMBERS = {
    "E.164": ("+447400123457", "+44…457"),
    "national": ("07400123457", "074…457"),
    "within a dial string": ("PJSIP/+447400123457@voipco", "PJSIP/+44…457@voipco"),
    "within a recording's name": ("sales.1764000000.07400123457.176400000052", "sales.176…000.074…457.176…052"),
    "in angle brackets": ("Acme <02079460100>", "Acme <020…100>"),
    "at the end of a sentence": ("calls 02079460100.", "calls 020…100."),
    "two of them": ("02079460100,02079460101", "020…100,020…101"),
    "in a list": (["02079460100"], ["020…100"]),
    "in a mapping": ({"to": "02079460100"}, {"to": "020…100"}),
    "a number of ours": (PhoneNumber(kind=NumberKind.E164, value="+447400123457"), "+44…457"),
    "an extension": ("201", "201"),
    "an emergency number": ("112", "112"),
    "Asterisk's channel id": ("1764000000.52", "1764000000.52"),
    "an id of ours": ("019ab1234567deadbeef", "019ab1234567deadbeef"),
    "a count": (12345678, 12345678),
    "nothing": (None, None),
}  # fmt: skip


@pytest.mark.parametrize(("value", "masked"), NUMBERS.values(), ids=NUMBERS)
def test_what_is_masked(value: Any, masked: Any) -> None:
    assert mask_numbers(None, "", {"field": value}) == {"field": masked}


def test_ids_are_left_whole() -> None:
    assert mask_numbers(None, "", {"call": "12345678901"}) == {"call": "12345678901"}
