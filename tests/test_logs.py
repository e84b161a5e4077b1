"""Log lines: events with fields, one way out for all, and nothing in them that should not be."""

import io
import json
import logging
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
