"""A bench with its router and a mail server: what the tests of whole calls are given.

The router reaches the PBX through a proxy, the cable that tests may cut.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from router.model.call import CallId
from router.model.record import CallRecord
from router.store.contract import Store
from router.store.database import open_store
from tests.support.asterisk import ROOT
from tests.support.far_end.far import FarEnd
from tests.support.mail import Mailbox, mail_server
from tests.support.pbx import Bench
from tests.support.proxy import Proxy, proxy_to
from tests.support.router import RouterProcess

PLAN = Path(__file__).parent / "plan"
SALES, SUPPORT, BOX = "+442079460100", "+442079460101", "+442079460102"
HOTLINE, NOBODY = "+442079460103", "+442079460104"
OUTSIDE = "+447400123456"
CUSTOMER = "+442079460999"


@dataclass(kw_only=True)
class Routed:
    bench: Bench
    router: RouterProcess
    mailbox: Mailbox
    store: Store
    cable: Proxy

    @property
    def far(self) -> FarEnd:
        return self.bench.far

    async def record(self, call_id: str) -> CallRecord:
        """A call's record, once the store has it with its end."""
        async with asyncio.timeout(10.0):
            while True:
                record = await self.store.call(CallId(call_id))
                if record is not None and record.ending is not None:
                    return record
                await asyncio.sleep(0.05)

    async def ended(self, since: int = 0, **fields: Any) -> CallRecord:
        """The record of the first call that ended from log line number `since` on."""
        line = await self.router.logged("call ended", since=since, **fields)
        return await self.record(line["call"])

    async def phones_known(self) -> None:
        """The router knows of every registered phone: who came back just now is passed over for half a second."""
        async with asyncio.timeout(10.0):
            while not await asyncio.to_thread(self._are_known):
                await asyncio.sleep(0.1)

    def _are_known(self) -> bool:
        token = (self.router.folder / "token").read_text("ascii").strip()
        asked = Request(
            f"http://127.0.0.1:{self.router.http_port}/people", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urlopen(asked, timeout=5.0) as answer:
                people = json.load(answer)
        except OSError:
            return False
        return all(people[name]["is_registered"] for name in self.bench.phones if name in people)

    async def nothing_left(self) -> None:
        """No channel of a call and no bridge is left in the PBX."""
        async with asyncio.timeout(10.0):
            while True:
                channels = (await self.bench.pbx.cli("core show channels concise")).strip()
                bridges = (await self.bench.pbx.cli("bridge show all")).strip().splitlines()[1:]
                if not channels and not bridges:
                    return


@asynccontextmanager
async def routed(plan: Path = PLAN, conf: Path = ROOT / "asterisk-conf", **settings: Any) -> AsyncIterator[Routed]:
    """plan: the folder of the dial plan. conf: as `Bench` has it. settings: as `RouterProcess` has them."""
    async with Bench(conf=conf) as bench, mail_server() as mailbox, proxy_to(bench.ari_port) as cable:
        plan = shutil.copytree(plan, bench.folder / "plan")
        router = RouterProcess(bench, plan, mailbox.port, bench.folder / "router", ari_port=cable.port, **settings)
        try:
            await router.start()
            store = await open_store(router.store_url, bench.folder / "read")
            try:
                yield Routed(bench=bench, router=router, mailbox=mailbox, store=store, cable=cable)
            finally:
                await store.close()
        finally:
            await router.stop()
