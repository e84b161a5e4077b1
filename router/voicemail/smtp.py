"""Hands a mail to the company's mail server, and judges what an error means for the next try."""

import re
from collections.abc import Mapping, Sequence
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
    try:
        await client.connect()
        try:
            errors, _ = await client.sendmail(parseaddr(settings.sender)[1], carried, mail)
        except SMTPRecipientsRefused as error:
            errors = {one.recipient: SMTPResponse(one.code, one.message) for one in error.recipients}
        await _part(client)
    finally:
        client.close()
    for address, (code, words) in errors.items():
        refused[address] = Refusal(verdict=_by_code(code), reason=f"{code} {words}")
    return refused


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


async def _part(client: SMTP) -> None:
    """Says goodbye. The server has the mail already: whatever it answers must not send it again."""
    try:
        await client.quit(timeout=1.0)
    except (SMTPException, OSError, TimeoutError):
        return
