"""The e-mail of a voicemail message."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from router.model.message import VoicemailMessage
from router.voicemail.compose import compose, in_words, local, minutes, shown, written
from tests.support.messages import facts, message, speech

SENDER = "Acme Phones <phones@acme.example>"


def received(of: VoicemailMessage | None = None, *, sender: str = SENDER, audio: bytes = b"RIFF") -> EmailMessage:
    """The mail as a mail program reads it after its way over the wire."""
    parsed = message_from_bytes(compose(of or message(), audio, sender).as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def text(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content.replace("\r\n", "\n")


def test_the_headers() -> None:
    mail = received(message(facts(to=("a@acme.example", "b@acme.example"))))

    assert mail["From"] == "Acme Phones <phones@acme.example>"
    assert mail["To"] == "a@acme.example, b@acme.example"
    assert mail["Subject"] == "Voicemail for Sales from Jane Doe, +44 20 7946 0999 (0:12)"
    assert mail["Date"] == "Mon, 23 Nov 2026 10:05:12 +0000"
    assert mail["Message-ID"] == "<vm-vm-1@acme.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_the_text() -> None:
    assert text(received()) == (
        "A voicemail message for Acme.\n"
        "\n"
        "Caller:        Jane Doe, +44 20 7946 0999\n"
        "Department:    Sales\n"
        "Called number: +44 20 7946 0100\n"
        "Date:          Monday 23 November 2026, 10:05 (GMT)\n"
        "Duration:      0:12\n"
        "\n"
        "The recording is attached.\n"
    )


def test_the_page_says_the_same_and_the_number_can_be_called() -> None:
    page = text(received(), "html")

    for value in ("Jane Doe", "Sales", "+44 20 7946 0100", "Monday 23 November 2026, 10:05 (GMT)", "0:12"):
        assert value in page
    assert '<a href="tel:+442079460999">Jane Doe, +44 20 7946 0999</a>' in page


def test_the_recording_is_attached_as_it_is() -> None:
    [attached] = received(audio=speech(2)).iter_attachments()

    assert attached.get_content() == speech(2)
    assert attached.get_content_type() == "audio/wav"
    assert attached.get_filename() == "voicemail-2026-11-23-1005-442079460999.wav"


def test_the_same_message_has_the_same_id_and_date_each_time() -> None:
    first, second = received(), received()

    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert received(message(facts("vm-2")))["Message-ID"] != first["Message-ID"]


def test_no_line_is_too_long_or_not_ascii_for_any_server() -> None:
    raw = compose(
        message(facts(caller_name="Jörg Müller " * 6, company="Ä" * 90)), speech(1), "Äcme <a@acme.example>"
    ).as_bytes()

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5321 4.5.3.1.6
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        pytest.param("+442079460999", "", "+44 20 7946 0999", id="number-only"),
        pytest.param("+442079460999", "+442079460999", "+44 20 7946 0999", id="the-number-as-its-own-name"),
        pytest.param("withheld", "", "a withheld number", id="withheld"),
        pytest.param("unknown", "", "an unknown number", id="unknown"),
        pytest.param("", "", "an unknown number", id="nothing"),
        pytest.param("101", "Alice", "Alice, 101", id="colleague"),
    ],
)
def test_the_caller_in_words(number: str, name: str, said: str) -> None:
    mail = received(message(facts(caller_number=number, caller_name=name)))

    assert mail["Subject"] == f"Voicemail for Sales from {said} (0:12)"
    assert f"Caller:        {said}\n" in text(mail)


def test_a_withheld_number_is_no_link_and_no_file_name() -> None:
    mail = received(message(facts(caller_number="withheld", caller_name="")))

    assert "tel:" not in text(mail, "html")
    assert [one.get_filename() for one in mail.iter_attachments()] == ["voicemail-2026-11-23-1005-unknown.wav"]


NASTY = [
    pytest.param("Eve\r\nBcc: victim@example.com", id="crlf"),
    pytest.param("Eve\nBcc: victim@example.com", id="lf"),
    pytest.param("Eve\rBcc: victim@example.com", id="cr"),
    pytest.param("Eve\r\n\r\n<html>a second body", id="end-of-headers"),
    pytest.param("Eve\x0bBcc: a@b.example\x0c\x1c\x1d\x1e", id="other-line-ends"),
    pytest.param("Eve\x85Bcc: a\u2028Bcc: b\u2029Bcc: c", id="unicode-line-ends"),
    pytest.param("Eve\0\x07\x1b[31m", id="control"),
    pytest.param("\u202egnitekram\u202c \u2066x\u2069 \u200f", id="direction"),
    pytest.param("E\u200bv\u200de\ufeff\u00ad", id="invisible"),
    pytest.param("=?utf-8?q?Eve=0D=0ABcc:_victim@example.com?=", id="encoded-word"),
    pytest.param("=?utf-8?b?DQpCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=", id="encoded-word-base64"),
    pytest.param('<script>alert("1")</script>', id="html"),
    pytest.param('"><img src=x onerror=alert(1)>', id="html-attribute"),
    pytest.param("'&lt; &amp; &#10;", id="entities"),
    pytest.param("half \ud800 a letter \udcff", id="lone-surrogates"),
    pytest.param("a" * 100_000, id="long"),
    pytest.param("😀" * 500, id="wide"),
    pytest.param("e\u0301" + "\u0301" * 500, id="many-accents"),
    pytest.param("; charset=x\"; name='..\\..\\a.exe'", id="parameters"),
    pytest.param(',@<>()[]:;\\"', id="address-characters"),
]
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"),
}


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("where", ["caller_name", "caller_number", "called_number", "department_name", "company"])
def test_nothing_a_caller_says_becomes_a_header_a_page_or_a_file_name(where: str, nasty: str) -> None:
    mail = received(message(facts(**{where: nasty})))

    assert set(mail.keys()) == HEADERS
    assert len(mail.keys()) == len(HEADERS)
    assert mail["To"] == "sales@acme.example"
    subject = str(mail["Subject"])
    assert len(subject) < 400
    assert subject.isprintable()
    assert all(line.isprintable() for line in text(mail).split("\n"))
    page = text(mail, "html")
    assert page.count("<") == page.count(">") == received_tags(where)
    assert [part.get_content_type() for part in mail.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "audio/wav")
    ]
    [attached] = mail.iter_attachments()
    name = attached.get_filename()
    assert name is not None
    assert name.replace("-", "").replace(".wav", "").isalnum()
    assert len(name) < 60


def received_tags(where: str) -> int:
    """How many tags the page has of itself. A number that is none is no link."""
    return text(received(), "html").count("<") - (2 if where == "caller_number" else 0)


def test_recipients_that_are_no_addresses_stay_out_of_the_header() -> None:
    mail = received(message(facts(to=("a@acme.example", "nobody", "x@y.example\r\nBcc: z@y.example"))))
    assert mail["To"] == "a@acme.example"

    mail = received(message(facts(to=("nobody",))))
    assert mail["To"] == "undisclosed-recipients:;"


def test_a_bare_sender_is_enough() -> None:
    mail = received(sender="phones@acme.example")

    assert mail["From"] == "phones@acme.example"
    assert mail["Message-ID"] == "<vm-vm-1@acme.example>"


@pytest.mark.parametrize("sender", ["", "phones", "Acme <>", "phones@", "a@b.example\r\nBcc: c@d.example", "@acme"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match="is no e-mail address"):
        compose(message(), b"", sender)


@pytest.mark.parametrize(
    ("duration_s", "said"),
    [
        (0.0, "0:00"),
        (0.4, "0:00"),
        (0.5, "0:01"),
        (12.3, "0:12"),
        (59.6, "1:00"),
        (61.0, "1:01"),
        (3600.0, "60:00"),
    ],
)
def test_a_length_in_minutes(duration_s: float, said: str) -> None:
    assert minutes(duration_s) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        pytest.param("Europe/London", "Thursday 2 July 2026, 00:30 (BST)", id="summer-time"),
        pytest.param("America/New_York", "Wednesday 1 July 2026, 19:30 (EDT)", id="the-day-before"),
        pytest.param("Asia/Kolkata", "Thursday 2 July 2026, 05:00 (IST)", id="half-an-hour"),
        pytest.param("Moon/Tycho", "Wednesday 1 July 2026, 23:30 (UTC)", id="unknown-zone"),
        pytest.param("../etc/passwd", "Wednesday 1 July 2026, 23:30 (UTC)", id="no-zone"),
        pytest.param("", "Wednesday 1 July 2026, 23:30 (UTC)", id="empty"),
    ],
)
def test_a_moment_in_the_company_s_zone(zone: str, said: str) -> None:
    assert in_words(local(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), zone)) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+442079460999", "+44 20 7946 0999"),
        ("+4930123456", "+49 30 123456"),
        ("+12025550123", "+1 202-555-0123"),
        ("101", "101"),
        ("112", "112"),
        ("withheld", "withheld"),
        ("+999999999999", "+999999999999"),
        ("+44\n20", "+44 20"),
    ],
)
def test_a_number_in_writing(number: str, said: str) -> None:
    assert written(number) == said


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("  two   words \t", "two words"),
        ("Jo\u0308rg", "Jörg"),
        ("ab" * 60, ("ab" * 60)[:79] + "…"),
        ("\0\u202e", ""),
    ],
)
def test_a_text_to_be_shown_is_one_short_visible_line(given: str, line: str) -> None:
    assert shown(given) == line
