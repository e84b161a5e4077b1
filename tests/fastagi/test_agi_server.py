"""The FastAGI server over loopback, against Asterisk as it is and against what else finds the port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from router.fastagi.server import FastAgiServer, Limits, Session

REQUEST = b"agi_network: yes\nagi_network_script: decide\nagi_uniqueid: 17.5\nagi_arg_1: 600\n\n"
PATIENT = Limits(header_s=30, command_s=30, session_s=30)


@dataclass
class Decide:
    """A script that sets two variables, and what became of its sessions."""

    arguments: list[str] = field(default_factory=list)
    reached_end: int = 0

    async def __call__(self, session: Session) -> None:
        self.arguments.append(session.request.argument(1))
        await session.set_variable("CALLROUTER_CALL", 'a "b" \\c')
        await session.set_variable("CALLROUTER_ROUTES", "1")
        self.reached_end += 1


class Channel:
    """Asterisk's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def command(self) -> bytes:
        return await self.reader.readline()

    async def is_left_alone(self) -> bool:
        """Whether the router closes without another command, in whatever way."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Channel]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Channel(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def serving(decide: Decide, limits: Limits = PATIENT) -> AsyncIterator[tuple[FastAgiServer, int]]:
    server = FastAgiServer({"decide": decide}, limits)
    async with server.listening("127.0.0.1", 0) as port:
        yield server, port


async def ask(port: int) -> list[bytes]:
    """A whole session as Asterisk has it."""
    commands = []
    async with connected(port) as channel:
        channel.send(REQUEST)
        while command := await channel.command():
            commands.append(command)
            channel.send(b"200 result=1\n")
    return commands


async def test_a_session_sets_variables_and_closes() -> None:
    async with serving(Decide()) as (_, port):
        commands = await ask(port)

    assert commands == [
        b'SET VARIABLE CALLROUTER_CALL "a \\"b\\" \\\\c"\n',
        b'SET VARIABLE CALLROUTER_ROUTES "1"\n',
    ]


async def test_arguments_reach_the_script() -> None:
    decide = Decide()
    async with serving(decide) as (_, port):
        await ask(port)

    assert decide.arguments == ["600"]


async def test_a_port_probe_ends_quietly() -> None:
    with capture_logs() as logs:
        async with serving(Decide()) as (server, port):
            async with connected(port) as probe:
                probe.writer.write_eof()
                assert await probe.is_left_alone()
            commands = await ask(port)

    assert len(commands) == 2
    assert server.live == 0
    assert [entry["log_level"] for entry in logs if entry["event"].startswith("agi")] == ["debug"]


async def test_half_a_request_ends_without_a_decision() -> None:
    decide = Decide()
    async with serving(decide) as (_, port), connected(port) as half:
        half.send(REQUEST[:40])
        half.writer.write_eof()
        assert await half.is_left_alone()

    assert decide.arguments == []


async def test_a_request_that_never_ends_is_cut_off() -> None:
    limits = Limits(header_s=0.05, command_s=30, session_s=30)
    async with serving(Decide(), limits) as (_, port), connected(port) as slow:
        slow.send(REQUEST[:-1])
        assert await slow.is_left_alone()


async def test_a_megabyte_without_an_end_is_cut_off() -> None:
    async with serving(Decide()) as (_, port), connected(port) as flood:
        flood.send(b"agi_network_script: " + b"x" * 1_000_000)
        assert await flood.is_left_alone()


async def test_a_silent_channel_is_cut_off_at_its_first_command() -> None:
    decide = Decide()
    limits = Limits(header_s=30, command_s=0.05, session_s=30)
    async with serving(decide, limits) as (_, port), connected(port) as silent:
        silent.send(REQUEST)
        await silent.command()
        assert await silent.is_left_alone()

    assert decide.reached_end == 0


async def test_a_session_has_a_limit_as_a_whole() -> None:
    limits = Limits(header_s=30, command_s=30, session_s=0.05)
    async with serving(Decide(), limits) as (_, port), connected(port) as silent:
        silent.send(REQUEST)
        await silent.command()
        assert await silent.is_left_alone()


async def test_a_caller_who_hangs_up_during_a_command_gets_no_further_ones() -> None:
    decide = Decide()
    async with serving(decide) as (_, port), connected(port) as channel:
        channel.send(REQUEST)
        await channel.command()
        channel.send(b"HANGUP\n200 result=1\n")
        assert await channel.is_left_alone()

    assert decide.reached_end == 0


async def test_a_hang_up_after_the_last_command_is_not_its_reply() -> None:
    decide = Decide()
    async with serving(decide) as (_, port), connected(port) as channel:
        channel.send(REQUEST)
        await channel.command()
        channel.send(b"200 result=1\n")
        await channel.command()
        channel.send(b"HANGUP\n")
        assert decide.reached_end == 0
        channel.send(b"HANGUP\n200 result=1\n")
        assert await channel.is_left_alone()

    assert decide.reached_end == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"511 Command Not Permitted on a dead channel or intercept routine\n",
        b"510 Invalid or unknown command\n",
        b"520-Invalid command syntax.\n520 End of proper usage.\n",
        b"not AGI\n",
    ],
)
async def test_a_reply_other_than_200_ends_the_session(reply: bytes) -> None:
    decide = Decide()
    async with serving(decide) as (_, port), connected(port) as channel:
        channel.send(REQUEST)
        await channel.command()
        channel.send(reply)
        assert await channel.is_left_alone()

    assert decide.reached_end == 0


async def test_an_unknown_script_is_left_alone_and_named_with_the_known_ones() -> None:
    with capture_logs() as logs:
        async with serving(Decide()) as (_, port), connected(port) as channel:
            channel.send(b"agi_network_script: decied\n\n")
            assert await channel.is_left_alone()

    [entry] = [entry for entry in logs if entry["event"] == "agi script unknown"]
    assert entry["known"] == "/decide"


async def test_a_bug_in_a_script_ends_its_session_only() -> None:
    async def broken(_: Session) -> None:
        raise LookupError("a bug")

    server = FastAgiServer({"broken": broken, "decide": Decide()}, PATIENT)
    with capture_logs() as logs:
        async with server.listening("127.0.0.1", 0) as port:
            async with connected(port) as channel:
                channel.send(b"agi_network_script: broken\n\n")
                assert await channel.is_left_alone()
            commands = await ask(port)

    assert len(commands) == 2
    assert [entry["log_level"] for entry in logs if entry["event"] == "agi session failed"] == ["error"]


async def test_a_port_that_is_taken_is_an_oserror_that_names_it() -> None:
    async with serving(Decide()) as (_, port):
        with pytest.raises(OSError, match=str(port)):
            async with FastAgiServer({}).listening("127.0.0.1", port):
                pass


async def test_more_sessions_than_allowed_are_refused_and_then_served_again() -> None:
    async with serving(Decide(), Limits(sessions=1)) as (server, port):
        async with connected(port) as first:
            first.send(REQUEST)
            await first.command()
            async with connected(port) as second:
                second.send(REQUEST)
                assert await second.is_left_alone()
            for _ in range(2):
                first.send(b"200 result=1\n")
            await first.command()
            assert await first.is_left_alone()
        commands = await ask(port)

    assert server.refused == 1
    assert len(commands) == 2


async def test_two_thousand_sessions_a_hundred_at_once() -> None:
    decide = Decide()
    room = asyncio.Semaphore(100)

    async def one(port: int) -> int:
        async with room:
            return len(await ask(port))

    async with serving(decide) as (server, port):
        counts = await asyncio.gather(*(one(port) for _ in range(2_000)))

    assert set(counts) == {2}
    assert (server.served, server.refused, decide.reached_end) == (2_000, 0, 2_000)


async def test_stopping_lets_a_session_finish() -> None:
    decide = Decide()
    async with serving(decide) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        channel = Channel(reader, writer)
        channel.send(REQUEST)
        await channel.command()
        channel.send(b"200 result=1\n200 result=1\n")

    assert decide.reached_end == 1
    writer.transport.abort()


async def test_stopping_does_not_wait_for_a_silent_channel() -> None:
    decide = Decide()
    async with serving(decide, Limits(command_s=30, session_s=30, leave_s=0.05)) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        channel = Channel(reader, writer)
        channel.send(REQUEST)
        await channel.command()

    assert await channel.is_left_alone()
    assert (server.live, decide.reached_end) == (0, 0)
    writer.transport.abort()
