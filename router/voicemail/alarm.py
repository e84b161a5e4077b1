"""Mails alerts: each at once, else again and again for days, until the mail server has taken it."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.message import EmailMessage

import structlog
from aiosmtplib import SMTPException

from router.model.alert import Alert
from router.voicemail.compose import POLICY, in_words, local, recipients, sender_of, shown
from router.voicemail.outbox import Send, Tries
from router.voicemail.smtp import Refusal, Verdict, verdict

log = structlog.get_logger()

REST_S = 30.0
ATTEMPT_S = 60.0
TRIES = Tries()


class Alarm:
    """alerts: those that are not mailed yet, by key. mailed: called with the key of one that is, or is given up.

    send: `smtp.send` with its settings. sender: the From address. router: whose alerts are ours to send.
    """

    def __init__(
        self,
        alerts: Callable[[], Mapping[str, Alert]],
        mailed: Callable[[str], None],
        send: Send,
        *,
        sender: str,
        router: str,
        tries: Tries = TRIES,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._alerts = alerts
        self._mailed = mailed
        self._send = send
        self._sender = sender
        self._router = router
        self._tries = tries
        self._chance = chance
        self._news = asyncio.Event()
        self._on_their_way: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There is an alert: it is due now."""
        self._news.set()

    async def run(self) -> None:
        """Mails until cancelled; one that hangs holds up no other."""
        try:
            while True:
                self._news.clear()
                for alert in tuple(self._alerts().values()):
                    if alert.router == self._router and alert.key not in self._on_their_way:
                        self._on_their_way[alert.key] = asyncio.create_task(self._mail(alert))
                with suppress(TimeoutError):
                    async with asyncio.timeout(REST_S):
                        await self._news.wait()
        finally:
            for task in tuple(self._on_their_way.values()):
                task.cancel()

    async def _mail(self, alert: Alert) -> None:
        to, attempt = alert.to, 0
        try:
            while True:
                attempt += 1
                refused = await self._attempt(alert, to)
                if not refused:
                    log.info("alert mailed", alert=alert.key, subject=alert.subject)
                    break
                to = tuple(refused)
                because = "; ".join(f"{address}: {one.reason}" for address, one in refused.items())
                soon = any(one.verdict is Verdict.SOON for one in refused.values())
                wait_s = self._tries.wait_s(attempt, Verdict.SOON if soon else Verdict.LATER, self._chance())
                if wait_s is None:
                    log.error("alert not mailed, given up", alert=alert.key, because=because)
                    break
                log.warning("alert not mailed yet", alert=alert.key, again_in_s=round(wait_s), because=because)
                await asyncio.sleep(wait_s)
            self._mailed(alert.key)
        finally:
            self._on_their_way.pop(alert.key, None)

    async def _attempt(self, alert: Alert, to: tuple[str, ...]) -> Mapping[str, Refusal]:
        try:
            async with asyncio.timeout(ATTEMPT_S):
                return await self._send(compose_alert(alert, self._sender).as_bytes(), to)
        except TimeoutError:
            reason = Refusal(verdict=Verdict.SOON, reason=f"not done within {ATTEMPT_S:g} s")
        except (SMTPException, OSError) as error:
            reason = Refusal(verdict=verdict(error), reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # one alert's bug delays one alert
            log.exception("alert cannot be made", alert=alert.key)
            reason = Refusal(verdict=Verdict.LATER, reason=repr(error))
        return dict.fromkeys(to, reason)


def compose_alert(alert: Alert, sender: str) -> EmailMessage:
    """The same alert gives the same mail, whenever and how often it is sent."""
    address = sender_of(sender)
    at = local(alert.at, alert.zone)
    mail = EmailMessage(policy=POLICY)
    mail["From"] = address
    mail["To"] = recipients(alert.to)
    mail["Subject"] = shown(alert.subject)
    mail["Date"] = at
    mail["Message-ID"] = f"<alert-{alert.key}@{address.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail["Importance"] = "high"
    rows = (*alert.rows, ("When", in_words(at)))
    lines = [f"{name + ':':<12}{shown(text)}" for name, text in rows]
    mail.set_content(
        "\n".join([shown(alert.subject), "", *lines, "", shown(alert.company), ""]), cte="quoted-printable"
    )
    return mail
