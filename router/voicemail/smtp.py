"""Hands a mail to the company's mail server, and judges what an error means for the next try."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import Enum
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
)

GOODBYE_S = 1.0

Security = Literal["none", "starttls", "tls"]

# What goes into RCPT TO as it is. Anything else would need SMTPUTF8, or is no address.
_ADDRESS = re.compile(r"[!-;=?-~]{1,64}@[A-Za-z0-9.\-\[\]:]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The company's mail server. timeout_s: for each answer of the server. sender: the From address.

    username "": no login. security: "tls" from the first byte on, "starttls" required, or "none".
    """

    host: str
    port: int
    security: Security
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 30.0


class Verdict(Enum):
    """When to try again. Nothing a server says ends the tries at once: a mis-set server must not lose mails."""

    SOON = "soon"  # the way to the server, or a passing refusal (RFC 5321 4.2.1: 4yz)
    LATER = "later"  # a refusal that the server means to last (5yz) of this mail or its address


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the server does not take a mail for one address."""

    verdict: Verdict
    reason: str


async def send(settings: SmtpSettings, mail: bytes, to: Sequence[str]) -> Mapping[str, Refusal]:
    """Sends a mail; returns when the server took it over, with the addresses it did not take it for.

    Raises aiosmtplib's SMTPException, OSError or TimeoutError when it was taken for nobody; see `verdict`.
    """
    refused = {
        address: Refusal(verdict=Verdict.LATER, reason="no address that SMTP can carry")
        for address in to
        if not _ADDRESS.fullmatch(address)
    }
    carried = [address for address in to if address not in refused]
    if not carried:
        return refused
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        username=settings.username or None,
        password=settings.password or None,
        timeout=settings.timeout_s,
    )
    talk = asyncio.ensure_future(_talk(client, parseaddr(settings.sender)[1], carried, mail))
    try:
        await asyncio.wait([talk])
    finally:
        # asyncio.wait_for, with which aiosmtplib waits, loses a cancellation that comes together with an answer
        # (Python 3.11). A connection that is closed under it ends the talk all the same.
        while not talk.done():
            client.close()
            talk.cancel()
            await asyncio.wait([talk], timeout=1.0)
        if not talk.cancelled():
            talk.exception()  # looked at; else asyncio reports it as forgotten when we were cancelled
    return refused | talk.result()


def verdict(error: Exception) -> Verdict:
    """What an error of `send`, or of anything before it, means for the next try."""
    match error:
        case SMTPConnectError() | SMTPHeloError() | SMTPAuthenticationError() | SMTPSenderRefused():
            return Verdict.SOON  # concerns the server, the settings or the network, not this mail
        case SMTPResponseException(code=code):
            return _by_code(code)
        case _:
            return Verdict.SOON


def _by_code(code: int) -> Verdict:
    return Verdict.LATER if 500 <= code <= 599 else Verdict.SOON


async def _talk(client: SMTP, sender: str, to: Sequence[str], mail: bytes) -> dict[str, Refusal]:
    """One mail over one connection. Returns for whom it was not taken."""
    try:
        await client.connect()
        try:
            refused, _ = await client.sendmail(sender, to, mail)
        except SMTPRecipientsRefused as error:
            refused = {one.recipient: SMTPResponse(one.code, one.message) for one in error.recipients}
        # The server has the mail: whatever becomes of the goodbye, it must not be sent again.
        with suppress(SMTPException, OSError):
            await client.quit(timeout=GOODBYE_S)
    finally:
        client.close()
    return {
        address: Refusal(verdict=_by_code(code), reason=f"{code} {words}")
        for address, (code, words) in refused.items()
    }
