"""Plays the show: `python -m tests.demo`.

Whatever happens, Ctrl-C included, it leaves nothing running and nothing behind. Exit status: 0 all was as shown,
1 something was not, 128 and the signal's number when it was stopped.
"""

import asyncio
import re
import signal
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import aiohttp

from tests.demo.page import Page, duration
from tests.demo.plan import PlanChanged, copy_for_show
from tests.demo.scenes import NotAsShown, Stage, expect, play_all, records
from tests.support.asterisk import ROOT
from tests.support.far_end.ari import AriError
from tests.support.mail import mail_server
from tests.support.pbx import Bench
from tests.support.router import RouterProcess

PLAN = ROOT / "dialplans/acme"
# What the show, the bench, the PBX and the router's process raise when something is not as it should be.
FAILURES = (NotAsShown, PlanChanged, AssertionError, AriError, RuntimeError, OSError, aiohttp.ClientError)
NEXT = {
    "edit": "dialplans/acme/acme.yaml (its keys: dialplans/README.md)",
    "check it": ".venv/bin/callrouter check dialplans/acme",
    "ask it": '.venv/bin/callrouter explain dialplans/acme --from "07400 123456" --to "020 7946 0100"',
    "connect": 'your own PBX, as README.md says in "Connecting it to your PBX"; then',
    "": ".venv/bin/callrouter serve dialplans/acme",
    "test": "make test",
}


def main() -> int:
    page = Page()
    stopped_by: list[signal.Signals] = []
    try:
        asyncio.run(show(page, stopped_by))
    except asyncio.CancelledError:
        page.title("Stopped. Nothing is left running.")
        return 128 + stopped_by[0]
    except FAILURES as error:
        page.failure(str(error) or type(error).__name__, "\n".join(getattr(error, "__notes__", ())))
        return 1
    page.title("What to do next")
    for word, text in NEXT.items():
        page.advice(word, text)
    return 0


async def show(page: Page, stopped_by: list[signal.Signals]) -> None:
    """Returns when everything has been taken down again."""
    began = time.monotonic()
    until_signalled(stopped_by)
    page.title("callrouter: real calls on a real Asterisk")
    async with AsyncExitStack() as stack:
        mailbox = await stack.enter_async_context(mail_server())
        bench = await stack.enter_async_context(Bench())
        version = re.search(r"\d+(\.\d+)+", await bench.pbx.cli("core show version"))
        asterisk = f"Asterisk {version[0] if version else ''}".rstrip()
        page.fact("PBX", f"{asterisk} on asterisk-conf/, and a second one as carriers and phones")
        plan = bench.folder / "plan"
        page.fact("dial plan", copy_for_show(PLAN, plan, datetime.now(UTC)))
        router = RouterProcess(bench, plan, mailbox.port, bench.folder / "router")
        stack.push_async_callback(router.stop)
        try:
            await router.start()
            ready_s = time.monotonic() - began
            page.fact(
                "router", f"callrouter serve, with SQLite and an SMTP server; all ready after {duration(ready_s)}"
            )
            page.fact("times", "measured, from the moment of dialling")
            stage = Stage(bench.far, router, mailbox, plan, page)
            await play_all(stage)
            code = await router.stop()
            expect(code == 0, f"the router ended with exit status {code}")
            await records(stage)
        except FAILURES as error:
            if router.last_words(1) not in str(error):
                error.add_note(router.last_words(15))
            raise
    took = duration(time.monotonic() - began)
    page.title(f"All as it should be, in {took}. Nothing is left running.", "bold green")


def until_signalled(stopped_by: list[signal.Signals]) -> None:
    """The first signal ends the show in order; a second does not disturb that."""
    task = asyncio.current_task()
    assert task is not None

    def stop(signalled: signal.Signals) -> None:
        if not stopped_by:
            task.cancel()
        stopped_by.append(signalled)

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(one, stop, one)


if __name__ == "__main__":
    sys.exit(main())
