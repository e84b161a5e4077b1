"""Calls by SIPp: a calling side, a called side, and what their traces say of each call.

Times are from SIPp's short message traces, in microseconds; its own response times come from a coarse clock with
steps of 4 ms. The called side waits before it answers, as people do, and how long it did is taken off again for
each call: a set-up time is what Asterisk and the router took.
"""

import asyncio
import csv
import signal
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.pbx import AT, LoadedPbx

HERE = Path(__file__).parent
LIMIT_S = 60.0  # for what is left once all calls are placed
UNANSWERED_MS = 30_000
EARLY_S = 0.1  # a phone's BYE before the caller's own by more than this was not caused by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to place: `count` calls, `rate` a second. numbers: the called and the caller's number, by index.

    from_port: of the calling side, which is how the PBX tells trunks apart.
    """

    from_port: int
    numbers: Callable[[int], tuple[str, str]]
    rate: int
    count: int
    rings_ms: int = 50
    talk_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTimes:
    """Seconds. rang: from the caller's INVITE to the phone's. answered: from the phone's 200 to the caller's."""

    rang: float
    answered: float

    @property
    def set_up(self) -> float:
        return self.rang + self.answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What became of a load. failed: as SIPp counts, whose first complaint is `error`.

    cut: talks ended by the PBX, on either side, before the caller hung up. in_vain: phones that answered a caller
    who then talked with another or with nobody.
    """

    placed: int
    failed: int
    retransmissions: int
    cut: int
    in_vain: int
    times: tuple[CallTimes, ...]
    error: str


@dataclass(slots=True)
class _Moments:
    """Of one SIP dialogue: its INVITE, the 200 to it, its BYE; 0.0 for what was not."""

    invite: float = 0.0
    ok: float = 0.0
    bye_sent: float = 0.0
    bye_received: float = 0.0


async def carry(pbx: LoadedPbx, folder: Path, load: Load) -> Calls:
    """Places the calls and returns when all have ended. folder: for SIPp's files; made here."""
    folder.mkdir(parents=True)
    rows = "".join(f"{called};{caller}\n" for called, caller in map(load.numbers, range(load.count)))
    (folder / "calls.csv").write_text(f"SEQUENTIAL\n{rows}")
    (folder / "called.xml").write_text((HERE / "called.xml").read_text().replace("@WAIT_MS@", str(load.rings_ms)))
    phones = await _sipp(
        folder, "called", *("-sf", "called.xml", "-p", pbx.phones_port, "-trace_logs", "-log_file", "legs")
    )
    try:
        callers = await _sipp(
            folder,
            "caller",
            f"{AT}:{pbx.sip_port}",
            *("-sf", HERE / "caller.xml", "-p", load.from_port, "-inf", "calls.csv"),
            *("-m", load.count, "-r", load.rate, "-l", load.count, "-d", int(load.talk_s * 1000)),
            *("-recv_timeout", UNANSWERED_MS),
        )
        try:
            async with asyncio.timeout(load.count / load.rate + LIMIT_S):
                await callers.wait()
        finally:
            await _end(callers, signal.SIGKILL)
    finally:
        await _end(phones, signal.SIGUSR1, signal.SIGKILL)  # the first lets it finish its calls
    return _read(folder, load)


async def _sipp(folder: Path, side: str, *arguments: object) -> asyncio.subprocess.Process:
    with (folder / f"{side}.out").open("wb") as out:
        return await asyncio.create_subprocess_exec(
            "sipp",
            *map(str, arguments),
            *("-i", AT, "-nostdin", "-trace_shortmsg", "-shortmessage_file", f"{side}.messages"),
            *("-trace_stat", "-stf", f"{side}.stat", "-trace_err", "-error_file", f"{side}.errors"),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )


async def _end(process: asyncio.subprocess.Process, *hows: signal.Signals) -> None:
    for how in hows:
        with suppress(ProcessLookupError):
            process.send_signal(how)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5.0)
            return


# ---- the traces


def _read(folder: Path, load: Load) -> Calls:
    with (folder / "caller.stat").open(newline="") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    legs_of: dict[str, list[_Moments]] = defaultdict(list)
    phones = _dialogues(folder / "called.messages")
    for line in (folder / "legs").read_text().splitlines():
        call_id, _, caller = line.partition(" ")
        if phones[call_id].ok:
            legs_of[caller].append(phones[call_id])
    times, cut, in_vain = [], 0, 0
    for call_id, call in _dialogues(folder / "caller.messages").items():
        index = int(call_id.partition("-")[0]) - 1  # SIPp numbers its calls from 1
        legs = legs_of[load.numbers(index)[1]]
        in_vain += len(legs) - bool(call.ok and legs)
        if not call.ok or not legs:
            continue
        leg = max(legs, key=lambda leg: leg.bye_received or float("inf"))  # who stayed longest was talked with
        times.append(CallTimes(rang=leg.invite - call.invite, answered=call.ok - leg.ok))
        left_early = 0.0 < leg.bye_received < call.bye_sent - EARLY_S
        cut += bool(call.bye_received) or left_early
    errors = folder / "caller.errors"
    return Calls(
        placed=load.count,
        failed=int(last["FailedCall(C)"]) + load.count - int(last["TotalCallCreated"]),
        retransmissions=int(last["Retransmissions(C)"]),
        cut=cut,
        in_vain=in_vain,
        times=tuple(times),
        error=errors.read_text(errors="replace")[:600] if errors.exists() else "",
    )


def _dialogues(messages: Path) -> dict[str, _Moments]:
    """A side's trace, by Call-ID. Of a message sent twice the first counts."""
    found: dict[str, _Moments] = defaultdict(_Moments)
    for line in messages.read_text(errors="replace").splitlines():
        _, _, epoch, direction, call_id, cseq, first, *_ = line.split("\t")
        dialogue, moment = found[call_id], float(epoch)
        if first.startswith("INVITE "):
            dialogue.invite = dialogue.invite or moment
        elif first.startswith("SIP/2.0 200") and cseq.endswith("INVITE"):
            dialogue.ok = dialogue.ok or moment
        elif first.startswith("BYE ") and direction == "S":
            dialogue.bye_sent = dialogue.bye_sent or moment
        elif first.startswith("BYE "):
            dialogue.bye_received = dialogue.bye_received or moment
    return found
