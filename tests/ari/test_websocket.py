"""The client's side of RFC 6455, byte for byte, against a transport that only takes note."""

import asyncio
import base64
import hashlib
import itertools
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ari.transport import Access
from router.ari.websocket import Close, HandshakeRefused, Opcode, WebSocket, connect
from tests.support.clock import run

FINAL = 0x80


def frame(opcode: int, data: bytes = b"", *, first: int = FINAL) -> bytes:
    """As a server sends it: not masked."""
    length = len(data)
    if length < 126:
        return bytes((first | opcode, length)) + data
    if length < 65_536:
        return bytes((first | opcode, 126)) + length.to_bytes(2, "big") + data
    return bytes((first | opcode, 127)) + length.to_bytes(8, "big") + data


class Wire(asyncio.Transport):
    """written: all that was sent. ended: "closed" or "aborted". hangs: what is sent is not taken."""

    def __init__(self, socket: WebSocket) -> None:
        super().__init__()
        self.socket = socket
        self.written = b""
        self.ended = ""
        self.hangs = False
        socket.connection_made(self)

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        if not self.hangs:
            self._end("closed")

    def abort(self) -> None:
        self._end("aborted")

    def _end(self, how: str) -> None:
        if not self.ended:
            self.ended = how
            asyncio.get_running_loop().call_soon(self.socket.connection_lost, None)

    def sent(self) -> list[tuple[int, bytes]]:
        """Opcode and text of each frame of ours, which must be masked and whole."""
        frames, rest = [], self.written.partition(b"\r\n\r\n")[2]
        while rest:
            assert rest[0] & FINAL and rest[1] & 0x80
            length, at = rest[1] & 0x7F, 2
            if length >= 126:
                size = 2 if length == 126 else 8
                length, at = int.from_bytes(rest[2 : 2 + size], "big"), 2 + size
            mask, data = rest[at : at + 4], rest[at + 4 : at + 4 + length]
            assert len(data) == length
            frames.append((rest[0] & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))))
            rest = rest[at + 4 + length :]
        return frames


class Peer:
    """An open connection. taken: the text messages that were handed on; ends_with: the one that ends it."""

    def __init__(self, *, heartbeat_s: float = 5.0, ends_with: bytes | None = None) -> None:
        self.taken: list[bytes] = []

        def take(message: bytes) -> bool:
            self.taken.append(message)
            return message == ends_with

        self.socket = WebSocket(take, heartbeat_s)
        self.wire = Wire(self.socket)

    async def shake_hands(self, answer: bytes | None = None) -> "Peer":
        shaking = asyncio.ensure_future(self.socket.shake_hands(b"GET /ari/events HTTP/1.1\r\n"))
        await asyncio.sleep(0)
        self.socket.data_received(self.agreed() if answer is None else answer)
        await shaking
        return self

    def agreed(self) -> bytes:
        asked = re.search(rb"Sec-WebSocket-Key: (\S+)\r\n", self.wire.written)
        assert asked is not None
        accept = base64.b64encode(hashlib.sha1(asked[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nsec-websocket-accept: "
            + accept
            + b"\r\n\r\n"
        )

    def get(self, *parts: bytes) -> None:
        for part in parts:
            self.socket.data_received(part)


def test_the_handshake_names_version_and_key_and_comes_after_the_request() -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        lines = peer.wire.written.split(b"\r\n")
        assert lines[0] == b"GET /ari/events HTTP/1.1"
        assert {b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"} < set(lines)

    run(main())


def test_two_connections_have_different_keys() -> None:
    async def main() -> None:
        assert (await Peer().shake_hands()).wire.written != (await Peer().shake_hands()).wire.written

    run(main())


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        pytest.param(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "refused: 401", id="refused"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "refused: 200", id="no WebSocket"),
        pytest.param(b"HTTP/1.1 101 Ok\r\nA: b\r\n\r\n", "is no WebSocket", id="no key"),
        pytest.param(
            b"HTTP/1.1 101 Ok\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", "is no WebSocket", id="another's key"
        ),
        pytest.param(b"SIP/2.0 200 OK\r\n\r\n", "none of HTTP", id="another protocol"),
        pytest.param(b"HTTP/1.1 101 Ok\r\n" + b"A: b\r\n" * 4_000, "has no end", id="a head without end"),
    ],
)
def test_an_answer_that_is_no_agreement_ends_the_connection_and_is_told(answer: bytes, what: str) -> None:
    async def main() -> None:
        peer = Peer()
        with pytest.raises(ConnectionError, match=what):
            await peer.shake_hands(answer)
        assert peer.wire.ended == "aborted"

    run(main())


def test_a_refusal_tells_its_status() -> None:
    async def main() -> None:
        with pytest.raises(HandshakeRefused) as caught:
            await Peer().shake_hands(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
        assert caught.value.status == 503

    run(main())


def test_a_connection_lost_during_the_handshake_is_told() -> None:
    async def main() -> None:
        peer = Peer()
        shaking = asyncio.ensure_future(peer.socket.shake_hands(b"GET / HTTP/1.1\r\n"))
        await asyncio.sleep(0)
        peer.wire.close()
        with pytest.raises(ConnectionResetError):
            await shaking

    run(main())


SIZES = st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]) | st.integers(0, 300)


@given(sizes=st.lists(SIZES, max_size=5), cuts=st.lists(st.integers(0, 200_000), max_size=12))
def test_messages_of_all_lengths_arrive_whole_and_in_order_however_they_are_cut(
    sizes: Sequence[int], cuts: Sequence[int]
) -> None:
    messages = [bytes([65 + index]) * size for index, size in enumerate(sizes)]

    async def main() -> None:
        peer = Peer()
        shaking = asyncio.ensure_future(peer.socket.shake_hands(b"GET / HTTP/1.1\r\n"))
        await asyncio.sleep(0)
        stream = peer.agreed() + b"".join(frame(Opcode.TEXT, message) for message in messages)
        ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
        peer.get(*(stream[start:end] for start, end in itertools.pairwise(ends)))
        await shaking
        assert peer.taken == messages

    run(main())


@given(texts=st.lists(st.binary(max_size=300), min_size=2, max_size=5), pings=st.booleans())
def test_a_message_in_fragments_is_put_together_also_with_a_ping_between(texts: list[bytes], pings: bool) -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        for index, text in enumerate(texts):
            opcode = Opcode.TEXT if index == 0 else Opcode.CONTINUATION
            peer.get(frame(opcode, text, first=FINAL if index == len(texts) - 1 else 0))
            if pings:
                peer.get(frame(Opcode.PING, b"there?"))
        assert peer.taken == [b"".join(texts)]
        assert peer.wire.sent() == [(Opcode.PONG, b"there?")] * (len(texts) if pings else 0)

    run(main())


@given(text=st.binary(max_size=400) | st.sampled_from([b"x" * 65_535, b"y" * 65_536]))
def test_what_we_send_is_masked_and_whole(text: bytes) -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        await peer.socket.send(text)
        assert peer.wire.sent() == [(Opcode.TEXT, text)]

    run(main())


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(Opcode.BINARY, b"x"), Close.UNSUPPORTED, id="binary"),
        pytest.param(frame(0x3), Close.PROTOCOL_ERROR, id="an opcode that is none"),
        pytest.param(frame(Opcode.TEXT, b"x", first=FINAL | 0x40), Close.PROTOCOL_ERROR, id="compressed"),
        pytest.param(bytes((FINAL | Opcode.TEXT, 0x80 | 1)) + b"mask" + b"x", Close.PROTOCOL_ERROR, id="masked"),
        pytest.param(frame(Opcode.CONTINUATION, b"x"), Close.PROTOCOL_ERROR, id="a fragment of nothing"),
        pytest.param(
            frame(Opcode.TEXT, b"x", first=0) + frame(Opcode.TEXT, b"y"), Close.PROTOCOL_ERROR, id="two begun"
        ),
        pytest.param(
            bytes((FINAL | Opcode.TEXT, 127)) + (1 << 40).to_bytes(8, "big"), Close.TOO_BIG, id="a terabyte"
        ),
        pytest.param(
            frame(Opcode.TEXT, b"x" * 9_000_000, first=0) + frame(Opcode.CONTINUATION, b"x" * 9_000_000, first=0),
            Close.TOO_BIG,
            id="too many fragments",
        ),
    ],
)
def test_what_no_server_may_send_ends_the_connection_and_says_why(sent: bytes, code: Close) -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        peer.get(sent, frame(Opcode.TEXT, b"too late"))
        await peer.socket.closed()
        assert (peer.taken, peer.socket.close_code, peer.wire.ended) == ([], code, "closed")
        assert peer.wire.sent() == [(Opcode.CLOSE, code.to_bytes(2, "big"))]

    run(main())


def test_a_close_is_answered_with_its_own_code_and_nothing_is_taken_after_it() -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        peer.get(frame(Opcode.TEXT, b"last") + frame(Opcode.CLOSE, b"\x03\xf3bye") + frame(Opcode.TEXT, b"late"))
        await peer.socket.closed()
        assert (peer.taken, peer.socket.close_code) == ([b"last"], 1011)
        assert peer.wire.sent() == [(Opcode.CLOSE, b"\x03\xf3")]
        with pytest.raises(ConnectionResetError):
            await peer.socket.send(b"x")

    run(main())


def test_the_message_that_ends_it_is_the_last() -> None:
    async def main() -> None:
        peer = await Peer(ends_with=b"enough").shake_hands()
        peer.get(frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"enough") + frame(Opcode.TEXT, b"more"))
        await peer.socket.closed()
        assert (peer.taken, peer.socket.close_code) == ([b"one", b"enough"], Close.NORMAL)

    run(main())


def test_a_peer_that_hangs_does_not_keep_us_from_ending_it() -> None:
    async def main() -> None:
        peer = await Peer(ends_with=b"enough").shake_hands()
        peer.wire.hangs = True
        peer.get(frame(Opcode.TEXT, b"enough"))
        async with asyncio.timeout(1.5):
            await peer.socket.closed()
        assert peer.wire.ended == "aborted"

    run(main())


def test_who_was_held_up_himself_asks_once_more_before_he_gives_the_connection_up() -> None:
    async def main() -> None:
        peer, loop = await Peer(heartbeat_s=4.0).shake_hands(), asyncio.get_running_loop()
        peer.socket._ping()
        peer.socket._expect(loop.time() - 3.0)  # it was to look three seconds ago
        assert peer.wire.ended == ""
        await asyncio.sleep(2.0)
        assert peer.wire.ended == "aborted"

    run(main())


def test_fragments_without_end_are_not_kept() -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        peer.get(frame(Opcode.TEXT, b"", first=0), *[frame(Opcode.CONTINUATION, b"", first=0)] * 300_000)
        assert peer.socket.close_code == Close.TOO_BIG

    run(main())


def test_our_own_close_waits_a_second_for_the_other_side() -> None:
    async def main() -> None:
        peer = await Peer().shake_hands()
        began = asyncio.get_running_loop().time()
        await peer.socket.close()
        assert asyncio.get_running_loop().time() - began == pytest.approx(1.0)
        assert (peer.wire.sent(), peer.wire.ended) == ([(Opcode.CLOSE, b"\x03\xe8")], "aborted")
        await peer.socket.close()

    run(main())


def test_a_connection_without_a_pong_is_lost_and_one_with_events_is_not() -> None:
    async def main() -> None:
        silent, busy = await Peer(heartbeat_s=4.0).shake_hands(), await Peer(heartbeat_s=4.0).shake_hands()
        for _ in range(20):
            await asyncio.sleep(1.0)
            busy.get(frame(Opcode.TEXT, b"event"))
        assert (silent.socket.close_code, silent.wire.ended) == (Close.ABNORMAL, "aborted")
        assert (busy.socket.close_code, busy.wire.ended) == (None, "")
        assert silent.wire.sent() == [(Opcode.PING, b"")]
        assert len(busy.wire.sent()) == 5
        busy.wire.close()
        await busy.socket.closed()

    run(main())


async def test_a_server_that_never_answers_leaves_no_connection_behind() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            pass
        gone.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        access = Access(url=f"http://127.0.0.1:{port}/ari", user="router", password="secret")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connect(access, "events", lambda message: False, heartbeat_s=5.0)
        async with asyncio.timeout(5.0):
            await gone.wait()
