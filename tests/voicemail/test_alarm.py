"""Alerts on their way: mailed at once, tried again until the mail server takes them, each router its own."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from router.model.alert import Alert
from router.voicemail.alarm import Alarm, compose_alert
from router.voicemail.outbox import Tries
from router.voicemail.smtp import send
from tests.support.mail import Mail, Mailbox

SENDER = "Acme Phones <phones@acme.example>"
ALERT = Alert(
    key="c1-placed",
    router="pbx-1",
    company="Acme Ltd",
    to=("security@acme.example",),
    subject="EMERGENCY: Alice calls 999",
    rows=(("Who", "Alice\r\nBcc: eve@evil.example"), ("Where", "1 High Street")),
    at=datetime(2026, 11, 24, 10, 5, tzinfo=UTC),
    zone="Europe/London",
)


async def mailed(mailbox: Mailbox, *alerts: Alert, count: int = 1) -> tuple[list[Mail], dict[str, Alert]]:
    """The mails once `count` have come, and the alerts that are still to be sent."""
    waiting = {alert.key: alert for alert in alerts}
    alarm = Alarm(
        lambda: waiting,
        lambda key: waiting.pop(key, None) and None,
        partial(send, mailbox.settings()),
        sender=SENDER,
        router="pbx-1",
        tries=Tries(first_s=0.01),
    )
    running = asyncio.create_task(alarm.run())
    mails = list(await mailbox.arrived(count))
    async with asyncio.timeout(5.0):
        while any(alert.router == "pbx-1" for alert in waiting.values()):
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return mails, waiting


async def test_an_alert_is_mailed_at_once_and_then_done_with(mailbox: Mailbox) -> None:
    [mail], waiting = await mailed(mailbox, ALERT)

    assert mail.to == ("security@acme.example",)
    assert mail.message["Subject"] == "EMERGENCY: Alice calls 999"
    assert "Where:      1 High Street" in mail.message.get_content()
    assert "Tuesday 24 November 2026, 10:05 (GMT)" in mail.message.get_content()
    assert not waiting


async def test_a_mail_server_that_refuses_is_tried_again(mailbox: Mailbox) -> None:
    mailbox.refuse("451 4.3.0 try again later", at="data", times=2)

    [mail], waiting = await mailed(mailbox, ALERT)

    assert mail.message["Message-ID"] == "<alert-c1-placed@acme.example>"
    assert not waiting


async def test_another_routers_alert_is_left_to_it(mailbox: Mailbox) -> None:
    theirs = replace(ALERT, key="c2-placed", router="pbx-2")

    mails, waiting = await mailed(mailbox, theirs, ALERT)

    assert len(mails) == 1
    assert waiting == {"c2-placed": theirs}


def test_what_a_name_carries_reaches_no_header() -> None:
    mail = compose_alert(replace(ALERT, subject="Alice\r\nBcc: eve@evil.example"), SENDER)

    assert mail["Bcc"] is None
    assert "Bcc" not in {line.partition(":")[0] for line in mail.get_content().splitlines()}
