"""The router as it is run: a process of its own, its settings in a file, its log read line by line."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

from tests.support.asterisk import ROOT, free_ports

LIMIT_S = 15.0
Line = dict[str, Any]


class Pbx(Protocol):
    """What a router needs to know of a PBX."""

    ari_port: int
    ari_user: str
    ari_secret: str
    agi_port: int
    fallback_path: Path


class RouterProcess:
    """`callrouter serve` for a bench. plan: its dial plan. mail_port: of the SMTP server on loopback.

    folder: its settings, state and log. store_url: None for SQLite in the folder. ari_port: of
    a proxy before the PBX's own. lookup_url: of a service that knows names. module: what `python -m` runs.
    """

    def __init__(
        self,
        bench: Pbx,
        plan: Path,
        mail_port: int,
        folder: Path,
        *,
        store_url: str | None = None,
        ari_port: int | None = None,
        lane: str = "http",
        drain_s: float = 0.0,
        lookup_url: str | None = None,
        module: str = "router",
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.settings_file = folder / "callrouter.toml"
        self.http_port = free_ports(1)[0]
        self.log: list[Line] = []
        self.store_url = store_url or f"sqlite:///{folder / 'callrouter.db'}"
        self._secret = bench.ari_secret
        self._module = module
        self._changed = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        lookup = f'[lookup]\nurl = "{lookup_url}"' if lookup_url else ""
        folder.mkdir(parents=True, exist_ok=True)
        self.settings_file.write_text(
            f"""
name = "pbx-1"
state_dir = "{folder}"
[ari]
url = "http://127.0.0.1:{ari_port or bench.ari_port}"
username = "{bench.ari_user}"
lane = "{lane}"
[smtp]
host = "127.0.0.1"
port = {mail_port}
security = "none"
sender = "pbx@acme.example"
[store]
url = "{self.store_url}"
[fastagi]
listen = "127.0.0.1:{bench.agi_port}"
[http]
listen = "127.0.0.1:{self.http_port}"
[asterisk]
fallback_file = "{bench.fallback_path}"
[calls]
drain_s = {drain_s}
[log]
format = "json"
{lookup}
"""
        )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CALLROUTER_ARI_PASSWORD": self._secret}

    async def start(self) -> Self:
        """Returns once it is connected and has reconciled with Asterisk."""
        seen = len(self.log)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            "serve",
            str(self.plan),
            "--settings",
            str(self.settings_file),
            cwd=ROOT,
            env=self.environment,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="the router's log")
        await self.logged("ready for calls", since=seen)
        return self

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.log.append({"event": line.decode(errors="replace").rstrip()})
            self._changed.set()
        await process.wait()
        self.log.append({"event": "process ended", "code": process.returncode})
        self._changed.set()

    async def logged(self, event: str, *, since: int = 0, limit_s: float = LIMIT_S, **fields: Any) -> Line:
        """The first line of that event, from line number `since` on, whose fields are as given."""

        def found() -> Line | None:
            return next(
                (
                    line
                    for line in self.log[since:]
                    if line.get("event") == event and all(line.get(name) == value for name, value in fields.items())
                ),
                None,
            )

        await self._until(lambda: found() is not None, f"{event} {fields or ''}", limit_s)
        line = found()
        assert line is not None
        return line

    async def _until(self, holds: Callable[[], bool], what: str, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                while not holds():
                    if self._reader is None or self._reader.done():
                        raise AssertionError(f"the router ended before {what}:\n{self.last_words()}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} in {limit_s:g} s; the router said:\n{self.last_words()}") from None

    def last_words(self, count: int = 40) -> str:
        return "\n".join("  " + " ".join(f"{k}={v}" for k, v in line.items()) for line in self.log[-count:])

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it. SIGKILL is `kill -9`. The exit code."""
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(LIMIT_S):
                code = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            code = await self._process.wait()
        if self._reader is not None:
            await self._reader
        self._process = None
        return code

    def send(self, how: signal.Signals) -> None:
        os.kill(self.pid, how)

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Another command of `callrouter` with the same settings: exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "router",
            *arguments,
            "--settings",
            str(self.settings_file),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(LIMIT_S):
            printed, _ = await process.communicate()
        return process.returncode or 0, printed.decode()

    async def calls(self) -> list[Line]:
        """The records of calls, newest first, as `callrouter calls --json` tells them."""
        code, printed = await self.run("calls", "--json")
        assert code == 0, printed
        return [json.loads(line) for line in printed.splitlines()]
