"""A SIP endpoint on a bare UDP socket: what the PBX sends it is read byte for byte, and answered with any status.

It registers nowhere, has no sound, and retransmits nothing. Enough of RFC 3261 for one PBX on the loopback.
"""

import asyncio
import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

LIMIT_S = 10.0
_SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
_TYPE = "Content-Type: application/sdp"


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer, as it came. raw: every byte of the datagram."""

    raw: bytes

    @property
    def lines(self) -> list[str]:
        """Of the head, split as a strict reader does: a bare CR or LF in it ends no line."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape").split("\r\n")

    @property
    def start(self) -> str:
        return self.lines[0]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Of a request; of an answer what it answers."""
        return self.one("CSeq").split()[1] if self.status else self.start.split()[0]

    @property
    def target(self) -> str:
        """The request's URI."""
        return self.start.split()[1]

    def all(self, name: str) -> list[str]:
        pattern = re.compile(rf"{re.escape(name)}[ \t]*:[ \t]*(.*)", re.I | re.S)
        return [found[1] for line in self.lines[1:] if (found := pattern.fullmatch(line))]

    def one(self, name: str) -> str:
        """The only header of that name; "" for none."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands {len(values)} times in:\n{self.raw!r}"
        return values[0] if values else ""

    @property
    def names(self) -> list[str]:
        return [line.partition(":")[0].strip().lower() for line in self.lines[1:]]


@dataclass(eq=False)
class Dialog:
    """One call at the socket, in either direction. local, remote: From and To as this side writes them."""

    sip: "RawSip"
    first: Message
    call_id: str
    local: str
    remote: str
    target: str
    seq: int = 1
    got: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    # ---- as who is called

    def answers(self, status: int, reason: str = "", *more: str, sdp: bool = False) -> None:
        """more: whole header lines."""
        self.sip.reply(self.first, status, reason or "Because", *more, tag=self.local, sdp=sdp)

    def takes(self) -> None:
        self.answers(180, "Ringing")
        self.answers(200, "OK", sdp=True)

    # ---- within the call

    def asks(self, method: str, *more: str) -> None:
        """A request of this side's."""
        self.seq += 1
        self.sip.send(
            f"{method} {self.target} SIP/2.0",
            f"From: {self.local}",
            f"To: {self.remote}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.seq} {method}",
            *more,
        )

    def refers(self, to: str, *more: str) -> None:
        self.asks("REFER", f"Refer-To: {to}", *more)

    async def until(self, holds: Callable[[Message], bool], limit_s: float = LIMIT_S) -> Message:
        """The next message of the call of which it holds; what comes before is passed over."""
        seen: list[str] = []
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    message = await self.got.get()
                    if holds(message):
                        return message
                    seen.append(message.start)
        except TimeoutError:
            raise AssertionError(f"not in {limit_s} s; the call got: {seen}") from None

    async def answered(self, method: str) -> int:
        """The final answer to the last request of that method."""
        return (await self.until(lambda each: each.status >= 200 and each.method == method)).status

    async def over(self) -> None:
        await self.until(lambda each: not each.status and each.method in ("BYE", "CANCEL"))

    def hang_up(self) -> None:
        self.asks("BYE")

    def cancel(self) -> None:
        """Gives up a call it placed, before anyone answers: the INVITE's own transaction (RFC 3261 9.1)."""
        same = [f"{name}: {value}" for name in ("Via", "From", "To", "Call-ID") for value in self.first.all(name)]
        self.sip.put((f"CANCEL {self.first.target} SIP/2.0", *same, "Max-Forwards: 70", "CSeq: 1 CANCEL"))


class RawSip(asyncio.DatagramProtocol):
    """pbx: its address, "127.0.0.1:5060"; known once it has sent something, or set by the test."""

    def __init__(self) -> None:
        self.pbx = ""
        self.invites: asyncio.Queue[Dialog] = asyncio.Queue()
        self.requests: list[Message] = []  # all that ever came, without retransmissions
        self._dialogs: dict[str, Dialog] = {}
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @property
    def address(self) -> str:
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    async def invite(self, limit_s: float = LIMIT_S) -> Dialog:
        """The next call it gets."""
        try:
            return await asyncio.wait_for(self.invites.get(), limit_s)
        except TimeoutError:
            raise AssertionError(f"no INVITE came in {limit_s} s") from None

    def calls(self, number: str, caller: str, *more: str) -> Dialog:
        """Places a call. caller: the value of From, sent as it is; more: whole header lines."""
        call_id = secrets.token_hex(8)
        target, local = f"sip:{number}@{self.pbx}", f"{caller};tag={secrets.token_hex(4)}"
        invite = self.send(
            f"INVITE {target} SIP/2.0",
            f"From: {local}",
            f"To: <{target}>",
            f"Call-ID: {call_id}",
            "CSeq: 1 INVITE",
            *more,
            sdp=True,
        )
        dialog = Dialog(self, invite, call_id, local=local, remote=f"<{target}>", target=target)
        self._dialogs[call_id] = dialog
        return dialog

    def asks_outside(self, method: str, target: str, caller: str, *more: str) -> Dialog:
        """A request that belongs to no call."""
        call_id, local = secrets.token_hex(8), f"{caller};tag={secrets.token_hex(4)}"
        head = (f"From: {local}", f"To: <{target}>", f"Call-ID: {call_id}", f"CSeq: 1 {method}", *more)
        sent = self.send(f"{method} {target} SIP/2.0", *head)
        dialog = Dialog(self, sent, call_id, local=local, remote=f"<{target}>", target=target)
        self._dialogs[call_id] = dialog
        return dialog

    # ---- the wire

    def send(self, start: str, *headers: str, sdp: bool = False) -> Message:
        """A request, with what each must have."""
        via = f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{secrets.token_hex(8)};rport"
        head = (start, via, "Max-Forwards: 70", f"Contact: <sip:raw@{self.address}>", *headers)
        return self.put(head, sdp)

    def reply(self, to: Message, status: int, reason: str, *more: str, tag: str = "", sdp: bool = False) -> None:
        same = [f"{name}: {value}" for name in ("Via", "From", "Call-ID", "CSeq") for value in to.all(name)]
        contact = (
            () if any(each.startswith("Contact:") for each in more) else (f"Contact: <sip:raw@{self.address}>",)
        )
        head = (f"SIP/2.0 {status} {reason}", *same, f"To: {tag or to.one('To')}", *contact, *more)
        self.put(head, sdp)

    def put(self, head: Iterable[str], sdp: bool = False) -> Message:
        body = _SDP.format(port=40_000) if sdp else ""
        lines = [*head, *([_TYPE] if sdp else []), f"Content-Length: {len(body)}", "", body]
        raw = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        host, _, port = self.pbx.partition(":")
        self._transport.sendto(raw, (host, int(port)))
        return Message(raw)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = Message(data)
        self.pbx = f"{addr[0]}:{addr[1]}"
        dialog = self._dialogs.get(message.one("Call-ID"))
        if message.status:
            self._answer(message, dialog)
            return
        if any(message.raw == each.raw for each in self.requests):
            return
        self.requests.append(message)
        if message.method == "INVITE" and dialog is None:
            self._called(message)
        elif message.method != "ACK":
            self.reply(message, 200, "OK", sdp=message.method == "INVITE")
            if message.method == "CANCEL" and dialog is not None:
                dialog.answers(487, "Request Terminated")
        if dialog is not None:
            dialog.got.put_nowait(message)

    def _called(self, invite: Message) -> None:
        call_id, local = invite.one("Call-ID"), f"{invite.one('To')};tag={secrets.token_hex(4)}"
        target = invite.one("Contact").strip("<>")
        dialog = Dialog(self, invite, call_id, local=local, remote=invite.one("From"), target=target)
        self._dialogs[call_id] = dialog
        self.reply(invite, 100, "Trying")
        self.invites.put_nowait(dialog)

    def _answer(self, answer: Message, dialog: Dialog | None) -> None:
        if dialog is None:
            return
        if answer.method == "INVITE" and answer.status >= 200:
            dialog.remote = answer.one("To")
            if answer.status < 300:
                dialog.target = answer.one("Contact").strip("<>")
            self._acknowledge(answer, dialog)
        dialog.got.put_nowait(answer)

    def _acknowledge(self, answer: Message, dialog: Dialog) -> None:
        same = [f"{name}: {value}" for name in ("From", "To", "Call-ID") for value in answer.all(name)]
        number = answer.one("CSeq").split()[0]
        if answer.status < 300:
            self.send(f"ACK {dialog.target} SIP/2.0", *same, f"CSeq: {number} ACK")
            return
        # Of a refusal it belongs to the INVITE's transaction: the same branch.
        head = (f"ACK {dialog.first.target} SIP/2.0", *[f"Via: {via}" for via in dialog.first.all("Via")])
        self.put((*head, "Max-Forwards: 70", *same, f"CSeq: {number} ACK"))


@asynccontextmanager
async def raw_sip() -> AsyncIterator[RawSip]:
    transport, sip = await asyncio.get_running_loop().create_datagram_endpoint(RawSip, local_addr=("127.0.0.1", 0))
    with contextlib.closing(transport):
        yield sip
