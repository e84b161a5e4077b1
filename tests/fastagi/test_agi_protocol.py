"""What Asterisk sends over FastAGI, byte for byte, and the values it becomes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fastagi.errors import CommandRefused, MalformedAgi
from router.fastagi.protocol import (
    MOST_REPLY_BYTES,
    MOST_REQUEST_BYTES,
    AgiReader,
    Event,
    HangUp,
    Reply,
    Request,
    set_variable,
)

# As sent by Asterisk 22.10.1 for AGI(agi://127.0.0.1:4573/outbound,07400 123457,x).
RECORDED = (
    b"agi_network: yes\nagi_network_script: outbound\nagi_request: agi://127.0.0.1:4573/outbound\n"
    b"agi_channel: PJSIP/alice-00000001\nagi_language: en\nagi_type: PJSIP\nagi_uniqueid: 1764000000.5\n"
    b"agi_version: 22.10.1\nagi_callerid: 201\nagi_calleridname: Alice Ng\nagi_callingpres: 0\n"
    b"agi_callingani2: 0\nagi_callington: 0\nagi_callingtns: 0\nagi_dnid: 07400123457\nagi_rdnis: unknown\n"
    b"agi_context: from-phones\nagi_extension: 07400123457\nagi_priority: 4\nagi_enhanced: 0.0\n"
    b"agi_accountcode: \nagi_threadid: 139990000000000\nagi_arg_1: 07400 123457\nagi_arg_2: x\n\n"
)
SHORTEST = b"agi_network_script: a\n\n"


def after_request(data: bytes) -> list[Event]:
    reader = AgiReader()
    reader.receive(SHORTEST)
    return reader.receive(data)


def test_a_recorded_request_becomes_its_fields_and_arguments() -> None:
    [request] = AgiReader().receive(RECORDED)

    assert isinstance(request, Request)
    assert request.script == "outbound"
    assert request.arguments == ("07400 123457", "x")
    assert request.field("channel") == "PJSIP/alice-00000001"
    assert request.field("accountcode") == ""


def test_what_asterisk_does_not_know_reads_as_empty() -> None:
    [request] = AgiReader().receive(RECORDED)

    assert isinstance(request, Request)
    assert request.field("rdnis") == ""
    assert request.argument(3) == ""


REPLIES = {
    "a plain result": (b"200 result=1\n", [Reply(code=200, result="1")]),
    "a value in parentheses": (b"200 result=1 (a (b) c)\n", [Reply(code=200, result="1", text="(a (b) c)")]),
    "an empty result": (b"200 result=\n", [Reply(code=200)]),
    "carriage returns": (b"200 result=0\r\n", [Reply(code=200, result="0")]),
    "an unknown command": (
        b"510 Invalid or unknown command\n",
        [Reply(code=510, text="Invalid or unknown command")],
    ),
    "a dead channel": (
        b"511 Command Not Permitted on a dead channel or intercept routine\n",
        [Reply(code=511, text="Command Not Permitted on a dead channel or intercept routine")],
    ),
    "a usage block, read to its end": (
        b"520-Invalid command syntax.  Proper usage follows:\n Usage: SET VARIABLE\n200 result=9\n"
        b"520 End of proper usage.\n200 result=1\n",
        [Reply(code=520, text="wrong syntax"), Reply(code=200, result="1")],
    ),
    "a hang-up before the reply": (b"HANGUP\n200 result=1\n", [HangUp(), Reply(code=200, result="1")]),
    "a hang-up told twice": (b"HANGUP\nHANGUP\n200 result=1\n", [HangUp(), HangUp(), Reply(code=200, result="1")]),
    "half a reply": (b"200 resu", []),
}


@pytest.mark.parametrize(("data", "events"), REPLIES.values(), ids=REPLIES)
def test_replies(data: bytes, events: list[Event]) -> None:
    assert after_request(data) == events


def test_a_caller_who_left_while_asterisk_asked_still_makes_a_request() -> None:
    assert AgiReader().receive(SHORTEST + b"HANGUP\n")[1:] == [HangUp()]


MALFORMED = {
    "a web browser": b"GET / HTTP/1.1\r\nHost: pbx\r\n\r\n",
    "a line without a colon": b"agi_network\n",
    "nothing but an empty line": b"\n",
    "a request without its script": b"agi_network: yes\n\n",
    "an extension smuggled in by a caller's name": (
        b"agi_calleridname: Eve\nagi_extension: 112\nagi_extension: 600\n"
    ),
    "a request without end": b"agi_arg_1: " + b"x" * MOST_REQUEST_BYTES,
    "a request of endless lines": b"".join(b"agi_arg_%d: x\n" % n for n in range(MOST_REQUEST_BYTES)),
    "a reply that is none": SHORTEST + b"hello\n",
    "a value broken over two lines": SHORTEST + b"200 result=1 (a\nb)\n",
    "a reply without end": SHORTEST + b"200 result=" + b"1" * MOST_REPLY_BYTES,
    "a usage block without end": SHORTEST + b"520-Usage\n" + b"x\n" * MOST_REPLY_BYTES,
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_input_ends_the_session(data: bytes) -> None:
    with pytest.raises(MalformedAgi):
        AgiReader().receive(data)


def test_the_message_holds_no_more_than_a_line_of_what_was_sent() -> None:
    with pytest.raises(MalformedAgi) as met:
        AgiReader().receive(b"x" * 10_000 + b"\n")

    assert len(str(met.value)) < 150


@given(st.lists(st.integers(0, len(RECORDED) + 30), max_size=12))
def test_it_does_not_matter_in_which_pieces_bytes_arrive(cuts: list[int]) -> None:
    data = RECORDED + b"HANGUP\n200 result=1 (x)\n520-a\nb\n520 c\n"
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = AgiReader()

    events = [event for start, end in itertools.pairwise(edges) for event in reader.receive(data[start:end])]

    assert events == AgiReader().receive(data)
    assert len(events) == 4


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_become_events_or_one_named_error(pieces: list[bytes]) -> None:
    reader = AgiReader()
    try:
        for piece in (SHORTEST, *pieces):
            for event in reader.receive(piece):
                assert isinstance(event, Request | Reply | HangUp)
    except MalformedAgi:
        pass


def unquoted(command: bytes) -> list[str]:
    """The words of a command as parse_args() of Asterisk's res_agi.c takes them apart."""
    words, word, quoted, escaped, begun = [], "", False, False, False
    for char in command.decode().removesuffix("\n"):
        if escaped:
            word, escaped = word + char, False
        elif char == "\\":
            escaped, begun = True, True
        elif char == '"':
            quoted, begun = not quoted, True
        elif char in " \t" and not quoted:
            words, word, begun = [*words, word] if begun else words, "", False
        else:
            word, begun = word + char, True
    return [*words, word] if begun else words


@given(st.text(max_size=300))
def test_a_value_reaches_the_channel_exactly_or_is_refused(value: str) -> None:
    try:
        command = set_variable("CALLROUTER_SHOWN_1", value)
    except CommandRefused:
        assert any(not char.isprintable() for char in value)
        return
    assert command.count(b"\n") == 1
    assert unquoted(command) == ["SET", "VARIABLE", "CALLROUTER_SHOWN_1", value]


REFUSED = {
    "a line break": ("CALLROUTER_CALL", "a\nSET VARIABLE X 1"),
    "a carriage return": ("CALLROUTER_CALL", "a\rb"),
    "a NUL": ("CALLROUTER_CALL", "a\0b"),
    "half a character": ("CALLROUTER_CALL", "\ud800"),
    "a function for a name": ("CALLERID(num)", "1"),
    "a name with a space": ("A B", "1"),
    "more than Asterisk reads": ("CALLROUTER_DIAL_1", "x" * 2_000),
}


@pytest.mark.parametrize(("name", "value"), REFUSED.values(), ids=REFUSED)
def test_commands_that_would_not_be_one_command_are_refused(name: str, value: str) -> None:
    with pytest.raises(CommandRefused):
        set_variable(name, value)
