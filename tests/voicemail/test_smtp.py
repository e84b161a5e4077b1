"""Handing a mail to a mail server, over loopback."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import aiosmtplib
import pytest

from router.voicemail.compose import compose
from router.voicemail.smtp import Refusal, SmtpSettings, Verdict, send, verdict
from tests.support.mail import CERTIFICATE, Mailbox, mail_server
from tests.support.messages import facts, message, speech

TO = ("a@acme.example", "b@acme.example")
MAIL = compose(message(facts(to=TO)), speech(1), "Acme Phones <phones@acme.example>").as_bytes()


async def judged(settings: SmtpSettings, *to: str) -> Verdict | Mapping[str, Refusal]:
    """What comes of sending: the verdict on its error, or for whom it was refused."""
    try:
        return await send(settings, MAIL, to or TO)
    except Exception as error:
        return verdict(error)


async def test_a_mail_goes_to_all_its_addresses(mailbox: Mailbox) -> None:
    assert await judged(mailbox.settings()) == {}

    [mail] = mailbox.mails
    assert mail.to == TO
    assert mail.sender == "phones@acme.example"
    assert mail.message["Subject"] == "Voicemail for Sales from Jane Doe, +44 20 7946 0999 (0:12)"


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data"])
async def test_a_passing_refusal_is_tried_again_soon(mailbox: Mailbox, stage: Any) -> None:
    mailbox.refuse("451 4.3.0 try again later", at=stage, times=9)

    result = await judged(mailbox.settings())

    refused = Refusal(verdict=Verdict.SOON, reason="451 4.3.0 try again later")
    assert result == (dict.fromkeys(TO, refused) if stage == "rcpt" else Verdict.SOON)
    assert mailbox.mails == []


async def test_a_refused_content_is_tried_again_later(mailbox: Mailbox) -> None:
    mailbox.refuse("552 5.3.4 message too big")

    assert await judged(mailbox.settings()) is Verdict.LATER


async def test_a_refused_sender_is_a_wrong_setting_and_tried_again_soon(mailbox: Mailbox) -> None:
    mailbox.refuse("550 5.7.1 not your address", at="mail")

    assert await judged(mailbox.settings()) is Verdict.SOON


async def test_an_unknown_recipient_does_not_keep_the_mail_from_the_others(mailbox: Mailbox) -> None:
    mailbox.refuse("550 5.1.1 no such user", at="rcpt", address="a@acme.example")

    refused = Refusal(verdict=Verdict.LATER, reason="550 5.1.1 no such user")
    assert await judged(mailbox.settings()) == {"a@acme.example": refused}
    assert [mail.to for mail in mailbox.mails] == [("b@acme.example",)]


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("nobody", id="no-domain"),
        pytest.param("a@b.example>\r\nDATA\r\n", id="commands"),
        pytest.param("a b@b.example", id="space"),
        pytest.param("jörg@acme.example", id="umlaut"),
        pytest.param("<a@b.example> SIZE=1", id="options"),
        pytest.param("", id="empty"),
    ],
)
async def test_what_is_no_address_never_reaches_the_server(mailbox: Mailbox, address: str) -> None:
    refused = Refusal(verdict=Verdict.LATER, reason="no address that SMTP can carry")

    assert await judged(mailbox.settings(), address, "b@acme.example") == {address: refused}
    assert await judged(mailbox.settings(), address) == {address: refused}
    assert [mail.to for mail in mailbox.mails] == [("b@acme.example",)]
    assert mailbox.tries == 1


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data"])
async def test_a_server_that_hangs_is_left_after_the_limit(mailbox: Mailbox, stage: Any) -> None:
    mailbox.hang(at=stage, times=9)

    assert await judged(mailbox.settings(timeout_s=0.05)) is Verdict.SOON


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data", "taken"])
async def test_a_cut_connection_is_tried_again_soon(mailbox: Mailbox, stage: Any) -> None:
    mailbox.drop(at=stage, times=9)

    assert await judged(mailbox.settings()) is Verdict.SOON


async def test_nobody_listening_is_tried_again_soon(mailbox: Mailbox) -> None:
    async with mail_server() as gone:
        pass

    assert await judged(gone.settings()) is Verdict.SOON


async def test_a_server_without_a_name_is_tried_again_soon(mailbox: Mailbox) -> None:
    assert await judged(mailbox.settings(host="mail.invalid")) is Verdict.SOON


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data", "taken"])
async def test_cancelling_ends_at_once_even_together_with_an_answer(mailbox: Mailbox, stage: Any) -> None:
    mailbox.hang(at=stage)
    sending = asyncio.ensure_future(send(mailbox.settings(timeout_s=50), MAIL, TO))
    await mailbox.tried()

    sending.cancel()

    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await sending


class TestSecurity:
    @pytest.fixture(autouse=True)
    def _trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_the_login_goes_over_tls(self, security: Any) -> None:
        async with mail_server(security=security, login=("acme", "s3cret")) as box:
            secured = box.settings(security=security, username="acme", password="s3cret")

            assert await judged(secured) == {}
            assert box.logins == [("acme", "s3cret")]
            assert len(box.mails) == 1

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    async def test_a_certificate_nobody_vouches_for_gets_no_password(
        self, security: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
        monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
        async with mail_server(security=security, login=("acme", "s3cret")) as box:
            secured = box.settings(security=security, username="acme", password="s3cret")

            assert await judged(secured) is Verdict.SOON
            assert box.logins == []
            assert box.mails == []

    async def test_starttls_is_not_given_up_when_the_server_offers_none(self, mailbox: Mailbox) -> None:
        secured = mailbox.settings(security="starttls", username="acme", password="s3cret")

        assert await judged(secured) is Verdict.SOON
        assert mailbox.mails == []

    async def test_a_wrong_password_is_a_wrong_setting_and_tried_again_soon(self) -> None:
        async with mail_server(security="tls", login=("acme", "s3cret")) as box:
            assert await judged(box.settings(security="tls", username="acme", password="old")) is Verdict.SOON

    def test_the_password_is_not_shown(self) -> None:
        secured = SmtpSettings(host="h", port=25, security="tls", sender="a@b.example", password="s3cret")

        assert "s3cret" not in repr(secured)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(aiosmtplib.SMTPDataError(451, ""), Verdict.SOON, id="451"),
        pytest.param(aiosmtplib.SMTPDataError(421, ""), Verdict.SOON, id="421-closing"),
        pytest.param(aiosmtplib.SMTPDataError(554, ""), Verdict.LATER, id="554"),
        pytest.param(aiosmtplib.SMTPResponseException(500, ""), Verdict.LATER, id="500"),
        pytest.param(aiosmtplib.SMTPResponseException(-1, ""), Verdict.SOON, id="no-code-at-all"),
        pytest.param(aiosmtplib.SMTPResponseException(999, ""), Verdict.SOON, id="no-smtp-code"),
        pytest.param(aiosmtplib.SMTPHeloError(550, ""), Verdict.SOON, id="helo-refused"),
        pytest.param(aiosmtplib.SMTPAuthenticationError(535, ""), Verdict.SOON, id="login-refused"),
        pytest.param(aiosmtplib.SMTPConnectResponseError(554, ""), Verdict.SOON, id="greeting-refused"),
        pytest.param(aiosmtplib.SMTPServerDisconnected(""), Verdict.SOON, id="disconnected"),
        pytest.param(aiosmtplib.SMTPNotSupported(""), Verdict.SOON, id="not-supported"),
        pytest.param(TimeoutError(), Verdict.SOON, id="too-slow"),
        pytest.param(ssl.SSLCertVerificationError(), Verdict.SOON, id="certificate"),
        pytest.param(OSError(), Verdict.SOON, id="network"),
    ],
)
def test_verdicts(error: Exception, expected: Verdict) -> None:
    assert verdict(error) is expected
