"""What the same calls cost a client that only connects them: no plan, no rules, no records, no leases, no log.

`python -m tests.bench.bare serve PLAN --settings FILE` stands in the router's place. A call is claimed, its phone
is created and dialled, and both are bridged: with aiohttp, in as few requests as can be. No originate, which would
save a request and the wait for it: it follows wherever a phone's 302 points.
"""

import asyncio
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.company import DEPARTMENTS, desk

APP = "callrouter"


class Bare:
    """A leg's channel is named after its caller's."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self._calls = 0
        self._talks: set[str] = set()  # by the caller's channel
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, method: str, path: str, **query: str) -> None:
        async with self._session.request(method, f"{self._base}/{path}", params=query) as answer:
            await answer.read()

    async def run(self) -> None:
        async with self._session.ws_connect(f"{self._base}/events", params={"app": APP}) as socket:
            sys.stderr.write(json.dumps({"event": "ready for calls"}) + "\n")
            async for message in socket:
                work = self._follow(json.loads(message.data))
                if work is not None:
                    task = asyncio.create_task(work)
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    def _follow(self, event: dict[str, Any]) -> Any:
        match event:
            case {"type": "CallBroadcast", "channel": {"id": id}}:
                return self.ask("POST", "events/claim", channelId=id, application=APP)
            case {"type": "StasisStart", "args": ["leg"], "channel": {"id": id}}:
                return self.ask("POST", f"channels/{id}/dial", caller=id.removeprefix("leg-"))
            case {"type": "Dial", "dialstatus": "ANSWER", "peer": {"id": id}}:
                return self._connect(id.removeprefix("leg-"), id)
            case {"type": "StasisStart", "channel": {"id": id, "dialplan": {"exten": number}}}:
                return self._ring(id, number)
            case {"type": "StasisEnd", "channel": {"id": id}}:
                return self._part(id)
        return None

    async def _ring(self, caller: str, number: str) -> None:
        index = 2 * (int(number[-3:]) % DEPARTMENTS) + self._calls // DEPARTMENTS % 2
        self._calls += 1
        leg = f"leg-{caller}"
        await self.ask(
            "POST",
            "channels/create",
            endpoint=f"PJSIP/{desk(index)}",
            app=APP,
            appArgs="leg",
            channelId=leg,
            originator=caller,
        )
        await self.ask("POST", f"channels/{caller}/ring")

    async def _connect(self, caller: str, leg: str) -> None:
        self._talks.add(caller)
        await self.ask("POST", f"channels/{caller}/answer")
        await self.ask("POST", "bridges", bridgeId=f"bridge-{caller}", type="mixing")
        await self.ask("POST", f"bridges/bridge-{caller}/addChannel", channel=f"{caller},{leg}")

    async def _part(self, left: str) -> None:
        caller = left.removeprefix("leg-")
        if caller in self._talks:
            self._talks.remove(caller)
            await self.ask("DELETE", f"channels/{caller if caller != left else f'leg-{caller}'}")
            await self.ask("DELETE", f"bridges/bridge-{caller}")


async def main() -> None:
    settings = tomllib.loads(Path(sys.argv[sys.argv.index("--settings") + 1]).read_text())["ari"]
    login = aiohttp.BasicAuth(settings["username"], os.environ["CALLROUTER_ARI_PASSWORD"])
    async with aiohttp.ClientSession(auth=login) as session:
        await Bare(session, f"{settings['url']}/ari").run()


if __name__ == "__main__":
    asyncio.run(main())
