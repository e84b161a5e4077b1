"""One Asterisk of the bench: started from a folder of configuration on free ports, stopped without a trace.

It runs in a process group of its own, so that Ctrl-C reaches the bench first and the bench stops it; and it dies
with the bench (prctl PR_SET_PDEATHSIG, by setpriv) even when that is killed with -9.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 20.0
STOP_LIMIT_S = 5.0
SHARES = 4  # of the ports
SHARE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES


def find_asterisk() -> Path:
    """The description of this machine's Asterisk, fetched when there is none. Raises RuntimeError with why not."""
    done = subprocess.run([ROOT / "docker/fetch-asterisk"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Path(done.stdout.strip())


def free_ports(count: int) -> list[int]:
    """Ports that are free now for UDP and TCP on the loopback, each a different one.

    From below the range the kernel gives to connections going out: there one might be taken before it is bound.
    Of tests that run side by side each process has a share of its own.
    """
    ports: list[int] = []
    first = 30_400 + SHARE * 570
    for port in random.sample(range(first, first + 570), 400):
        if len(ports) == count:
            return ports
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
            ports.append(port)
    raise RuntimeError(f"of 400 ports tried from {first} to {first + 570} no {count} are free")


class Asterisk:
    """values: fill the @NAME@ in the configuration. state: all it writes; the log is state/log/messages."""

    def __init__(self, name: str, description: Path, conf: Path, state: Path, values: dict[str, str]) -> None:
        self.name = name
        self.state = state
        self.recordings = state / "spool/recording"
        self._command = [str(ROOT / "docker/run-asterisk"), str(description), str(conf), str(state)]
        self._values = values
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Returns when it is fully booted. Raises RuntimeError with the end of its log when it is not in time."""
        self.state.mkdir(parents=True, exist_ok=True)
        setpriv = shutil.which("setpriv")
        dies_with_us = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        with (self.state / "console").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                *dies_with_us,
                *self._command,
                "-f",
                "-n",
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={**os.environ, **self._values},
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while not await self._is_up():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.stop()
            raise RuntimeError(f"Asterisk {self.name!r} did not start:\n{self.last_words()}") from None

    async def _is_up(self) -> bool:
        process = self._process
        if process is None or process.returncode is not None:
            raise RuntimeError(f"Asterisk {self.name!r} ended while starting:\n{self.last_words()}")
        status, _ = await self._run("-rx", "core waitfullybooted")
        return status == 0

    async def cli(self, command: str) -> str:
        _, text = await self._run("-rx", command)
        return text

    async def _run(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self._values},
        )
        output, _ = await asyncio.wait_for(process.communicate(), START_LIMIT_S)
        return process.returncode or 0, output.decode(errors="replace")

    def last_words(self, size: int = 3000) -> str:
        texts = [path.read_text(errors="replace") for path in self._logs() if path.exists()]
        return "\n".join(text[-size:] for text in texts)

    def _logs(self) -> tuple[Path, Path]:
        return self.state / "console", self.state / "log/messages"

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As a crash would end it: nothing is said to anybody."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for last in (how, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, last)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
                return

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, which)
