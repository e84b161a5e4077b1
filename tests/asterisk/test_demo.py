"""`make demo`, as somebody who tries the product runs it."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.plan import PlanChanged, with_values
from tests.support.asterisk import ROOT

LIMIT_S = 55.0


class Demo:
    """One run of it, with a temporary folder of its own, by which its processes are known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""
        self._process: asyncio.subprocess.Process

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.demo",
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def until(self, words: str) -> None:
        while words not in self.printed:
            assert await self._read(), f"it ended without {words!r}:\n{self.printed}"

    async def ended(self) -> int:
        while await self._read():
            pass
        return await self._process.wait()

    async def _read(self) -> bool:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), LIMIT_S)
        self.printed += line.decode()
        return bool(line)

    def send(self, what: signal.Signals) -> None:
        self._process.send_signal(what)

    def left_over(self) -> list[str]:
        """Processes that know its folder, and files in it."""
        commands = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                commands.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it has ended meanwhile
        return [command for command in commands if str(self.folder) in command] + [
            str(path) for path in self.folder.iterdir()
        ]


@pytest.fixture
def demo() -> Iterator[Demo]:
    # Not pytest's own folder: an Asterisk's control socket needs a short path.
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Demo(Path(folder))


async def test_the_show_plays_all_its_calls_and_leaves_nothing(demo: Demo) -> None:
    await demo.start()

    assert await demo.ended() == 0, demo.printed
    seen = " ".join(demo.printed.split())  # wherever its lines were broken
    for line in (
        r"decided \+442079460100 is a number of Sales; open: .{10,40} is within 00:00–24:00 \(office",
        r'rings Alice and Bob together; their phones show "Pat Lane" \+447400123456',
        r"ended by the caller, after \d\.\d s of talk; recorded as answered",
        r"│ Subject: Voicemail for Support from Pat Lane, \+44 7400 123456 \(0:0\d\)",
        r"│ Caller: Pat Lane, \+44 7400 123456",
        r"│ \[voicemail-[\d-]+\.wav: \d+ kB, \d\.\d s of speech\]",
        r'carrier voipco sees From: "Acme Ltd" <sip:\+442079460100@',
        r'carrier voipco sees From: "Acme Ltd" <sip:\+442079460101@',
        r"fails voipco, with SIP 503",
        r'carrier backup sees From: "Acme Ltd" <sip:02079460100@',
        r"decided \+442079460102 is a number of Accounts; closed: ",
        r"stored answered, voicemail, answered, answered, answered, abandoned ",
        r"edit dialplans/acme/acme\.yaml ",
    ):
        assert re.search(line, seen), f"no {line!r} in:\n{demo.printed}"
    assert demo.left_over() == []


async def test_a_show_that_is_stopped_in_a_call_leaves_nothing(demo: Demo) -> None:
    await demo.start()
    await demo.until("hears ")
    demo.send(signal.SIGINT)

    assert await demo.ended() == 128 + signal.SIGINT
    assert "Stopped. Nothing is left running." in demo.printed
    assert demo.left_over() == []


@pytest.mark.parametrize("lost", ["schedules.lunch", "departments.sales.open.9.each", "company.name"])
async def test_a_plan_without_what_the_show_changes_stops_it(lost: str) -> None:
    text = (ROOT / "dialplans/acme/acme.yaml").read_text()

    with pytest.raises(PlanChanged, match=f'no "{re.escape(lost)}"'):
        with_values(text, {"timezone": "Europe/Paris", lost: "1s"})
