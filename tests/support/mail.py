"""A mail server on loopback that keeps what it is sent, and can be told to misbehave.

It runs in the loop of the test: nothing to poll, no thread. Import the fixture `mailbox` in a folder's conftest.py.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from router.voicemail.smtp import SmtpSettings

ARRIVAL_LIMIT_S = 20.0
CERTIFICATE = Path(__file__).parent / "localhost.pem"

Stage = Literal["connect", "mail", "rcpt", "data", "taken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as the server took it. sender, to: of the envelope."""

    sender: str
    to: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass(slots=True, kw_only=True)
class Mishap:
    """What goes wrong, and how often it still does.

    stage: "taken" is after the mail was kept, before the server says so. answer: "451 ..." refuses, "drop" cuts the
    connection, "hang" says nothing more. address: of one recipient only ("rcpt").
    """

    stage: Stage
    answer: str
    times: int
    address: str | None = None


@dataclass(slots=True, kw_only=True)
class Mailbox:
    """The mails that came, oldest first, and the server they came to."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    tries: int = 0  # connections
    hangs: int = 0  # of them that hang, or did
    logins: list[tuple[str, str]] = field(default_factory=list)
    host: str = "127.0.0.1"
    _login: tuple[str, str] | None = None
    _mishaps: list[Mishap] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def refuse(
        self, answer: str = "451 try again later", *, at: Stage = "data", times: int = 1, address: str | None = None
    ) -> None:
        """Answers so at that stage, the next `times` times."""
        self._mishaps.append(Mishap(stage=at, answer=answer, times=times, address=address))

    def drop(self, *, at: Stage = "data", times: int = 1) -> None:
        self.refuse("drop", at=at, times=times)

    def hang(self, *, at: Stage = "data", times: int = 1) -> None:
        self.refuse("hang", at=at, times=times)

    def recover(self) -> None:
        """All is well again."""
        self._mishaps.clear()

    def settings(self, **other: Any) -> SmtpSettings:
        """How to reach it."""
        usual: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "security": "none",
            "sender": "Acme Phones <phones@acme.example>",
            "timeout_s": 5.0,
        }
        return SmtpSettings(**usual | other)

    async def arrived(self, count: int = 1) -> list[Mail]:
        """Waits until that many mails have come in all. Raises TimeoutError."""
        await self._until(lambda: len(self.mails) >= count)
        return self.mails

    async def tried(self, count: int = 1) -> None:
        """Waits until that many connections have come in all. Raises TimeoutError."""
        await self._until(lambda: self.tries >= count)

    async def hung(self, count: int = 1) -> None:
        """Waits until it has left that many connections hanging. Raises TimeoutError."""
        await self._until(lambda: self.hangs >= count)

    async def _until(self, holds: Any) -> None:
        async with asyncio.timeout(ARRIVAL_LIMIT_S), self._changed:
            await self._changed.wait_for(holds)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _answer(self, server: SMTP, stage: Stage, address: str | None = None) -> str | None:
        """The answer of a mishap; None when all is well."""
        for mishap in self._mishaps:
            if mishap.stage == stage and mishap.address in (None, address) and mishap.times > 0:
                mishap.times -= 1
                if mishap.answer == "drop":
                    assert server.transport is not None
                    server.transport.abort()  # type: ignore[attr-defined]
                elif mishap.answer == "hang":
                    self.hangs += 1
                    await self._note()
                    await asyncio.Event().wait()  # until the connection is closed
                return mishap.answer
        return None

    # What aiosmtpd calls.

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.tries += 1
        await self._note()
        session.host_name = hostname
        answer = await self._answer(server, "connect")
        return [answer] if answer else responses

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:
        session.host_name = hostname
        return await self._answer(server, "connect") or "250 mail.test"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if answer := await self._answer(server, "mail"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self._answer(server, "rcpt", address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if answer := await self._answer(server, "data"):
            return answer
        content, sender = envelope.content, envelope.mail_from
        assert isinstance(content, bytes)
        assert sender is not None
        self.mails.append(Mail(sender=sender, to=tuple(envelope.rcpt_tos), content=content))
        await self._note()
        return await self._answer(server, "taken") or "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        return AuthResult(success=given == self._login, handled=False)


@asynccontextmanager
async def mail_server(
    *, security: Literal["none", "starttls", "tls"] = "none", login: tuple[str, str] | None = None
) -> AsyncIterator[Mailbox]:
    """A server on a free port of 127.0.0.1. login: name and password it wants."""
    box = Mailbox(_login=login)
    loop = asyncio.get_running_loop()
    context = None
    if security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    connections: list[SMTP] = []

    def connection() -> SMTP:
        made = SMTP(
            box,
            hostname="mail.test",
            loop=loop,
            tls_context=context if security == "starttls" else None,
            auth_require_tls=False,
            authenticator=box.authenticate if login else None,
        )
        connections.append(made)
        return made

    listening = await loop.create_server(
        connection, box.host, 0, ssl=context if security == "tls" else None, start_serving=True
    )
    box.port = listening.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        listening.close()
        for one in connections:
            if one.transport is not None:
                one.transport.abort()  # type: ignore[attr-defined]
            if one._handler_coroutine is not None:
                one._handler_coroutine.cancel()
                await asyncio.wait([one._handler_coroutine])


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server that takes all mails, until it is told otherwise."""
    async with mail_server() as box:
        yield box
