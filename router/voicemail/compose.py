"""A voicemail message as an e-mail: who called whom, when, for how long, and the recording.

Pure: the same message gives the same headers and words, whenever and how often it is sent. What a caller chose (the
name, the number) is cleaned before it gets anywhere: no control or direction character reaches a header or a page.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from router.model.message import MessageFacts, VoicemailMessage

POLICY = SMTP.clone(cte_type="7bit")  # no server on the way needs to know 8BITMIME
LONGEST_NAME = 80
_PUBLIC_NUMBER = re.compile(r"\+[0-9]{3,15}")


def compose(message: VoicemailMessage, audio: bytes, sender: str) -> EmailMessage:
    """The e-mail for a message. sender: an address, bare or as `Acme Phones <phones@acme.example>`.

    Raises ValueError when `sender` is no address.
    """
    facts = message.facts
    sender_address = sender_of(sender)
    length = minutes(message.sound.duration_s)
    department = shown(facts.department_name) or shown(facts.department)
    left_at = local(facts.recorded_at, facts.zone)
    rows = (
        ("Caller", _caller(facts)),
        ("Department", department),
        ("Called number", written(facts.called_number)),
        ("Date", in_words(left_at)),
        ("Duration", length),
    )
    mail = EmailMessage(policy=POLICY)
    mail["From"] = sender_address
    mail["To"] = recipients(facts.to)
    mail["Subject"] = f"Voicemail for {department} from {_caller(facts)} ({length})"
    mail["Date"] = left_at + timedelta(seconds=round(message.sound.duration_s))
    mail["Message-ID"] = f"<vm-{facts.id}@{sender_address.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail.set_content(_text(rows, shown(facts.company)), cte="quoted-printable")
    mail.add_alternative(_html(rows, facts, shown(facts.company)), subtype="html", cte="quoted-printable")
    mail.add_attachment(audio, maintype="audio", subtype="wav", filename=_file_name(facts, left_at))
    return mail


def shown(text: str) -> str:
    """The text as it may be shown: one line, without control, direction and other invisible characters.

    Without "=?" either: the email package would decode an encoded word (RFC 2047) in it, line ends and all.
    """
    spaced = "".join(" " if c.isspace() else c for c in text)
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    line = " ".join(unicodedata.normalize("NFC", visible).split()).replace("=?", "= ?")
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"


def written(number: str) -> str:
    """A number as people write it: +44 20 7946 0999. Anything but a public number stays as it is, cleaned."""
    if not _PUBLIC_NUMBER.fullmatch(number):
        return shown(number)
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def minutes(duration_s: float) -> str:
    """A length as m:ss, to the nearest second."""
    whole = int(duration_s + 0.5)
    return f"{whole // 60}:{whole % 60:02}"


def local(at: datetime, zone: str) -> datetime:
    """The moment in a zone; in UTC when this machine does not know the zone, lest its mails never leave."""
    try:
        return at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return at.astimezone(UTC)


def in_words(at: datetime) -> str:
    """Monday 23 November 2026, 10:05 (GMT)."""
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M} ({at.tzname()})"


def _caller(facts: MessageFacts) -> str:
    match shown(facts.caller_number):
        case "withheld":
            number = "a withheld number"
        case "unknown" | "":
            number = "an unknown number"
        case _:
            number = written(facts.caller_number)
    name = shown(facts.caller_name)
    return f"{name}, {number}" if name and name not in (number, facts.caller_number) else number


def sender_of(sender: str) -> Address:
    name, address = parseaddr(sender)
    try:
        if not sender.isprintable():
            raise ValueError
        return Address(display_name=shown(name), addr_spec=address)
    except (ValueError, HeaderParseError, IndexError):
        raise ValueError(f"the sender {sender!r} is no e-mail address") from None


def recipients(to: Sequence[str]) -> list[Address] | str:
    """Those the header can name; the envelope, which decides, is not made from it."""
    named = []
    for address in to:
        try:
            named.append(Address(addr_spec=address))
        except (ValueError, HeaderParseError, IndexError):
            continue
    return named or "undisclosed-recipients:;"


def _file_name(facts: MessageFacts, left_at: datetime) -> str:
    digits = re.sub(r"[^0-9]", "", facts.caller_number)[:20]
    return f"voicemail-{left_at:%Y-%m-%d-%H%M}-{digits or 'unknown'}.wav"


def _text(rows: Sequence[tuple[str, str]], company: str) -> str:
    lines = [f"{name + ':':<15}{value}" for name, value in rows]
    return "\n".join([f"A voicemail message for {company}.", "", *lines, "", "The recording is attached.", ""])


def _html(rows: Sequence[tuple[str, str]], facts: MessageFacts, company: str) -> str:
    cells = []
    for name, value in rows:
        said = escape(value)
        if name == "Caller" and _PUBLIC_NUMBER.fullmatch(facts.caller_number):
            said = f'<a href="tel:{facts.caller_number}">{said}</a>'
        cells.append(f"<tr><th align=left>{escape(name)}</th><td>{said}</td></tr>\n")
    return (
        "<!doctype html>\n<html><body>\n"
        f"<p>A voicemail message for {escape(company)}.</p>\n"
        f"<table cellpadding=4>\n{''.join(cells)}</table>\n"
        "<p>The recording is attached.</p>\n</body></html>\n"
    )
