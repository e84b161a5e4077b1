"""What the benchmark prints: tables with ratios to Asterisk's own Dial(), and each aim with whether it was met."""

from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.agi import RATE, Asked
from tests.bench.decisions import Timed, percentile
from tests.bench.killing import Killed
from tests.bench.ways import BARE, DIAL, STORELESS, Result, Way

SLOWER, DEARER = 2.5, 0.5  # set-up over Dial()'s; router's CPU over Asterisk's with Dial()
AIMED = (20, 50)  # calls a second at which the aims hold; what more does is shown

Results = Mapping[tuple[Way, int], Result]


class Page:
    def __init__(self) -> None:
        self._out = Console(highlight=False, width=116)

    def say(self, text: str) -> None:
        self._out.print(text)

    def results(self, results: Results) -> None:
        table = Table(title="The same calls by Dial() and through the router", caption=_CAPTION)
        for column in (
            "calls/s",
            "way",
            "failed",
            "p50",
            "",
            "p99",
            "rings",
            "Asterisk",
            "",
            "router",
            "",
            "others",
        ):
            table.add_column(column, justify="left" if column == "way" else "right", no_wrap=True)
        last = None
        for (way, rate), result in results.items():
            if last not in (None, rate):
                table.add_section()
            last = rate
            table.add_row(str(rate), way.name, *_cells(result, results[DIAL, rate]))
        self._out.print(table)
        memory = [result.router_mb for result in results.values() if result.router_mb is not None]
        self.say(f"The router's memory after a run: at most {max(memory):.0f} MB.")

    def control(self, before: Result, after: Result) -> None:
        """The same native load at the beginning and at the end: how far this machine is from itself."""
        self.say(
            f"Control, Dial() at {before.rate}/s again at the end: set-up p50 {_ms(set_up(before, 0.5))} then "
            f"{_ms(set_up(after, 0.5))}, Asterisk's CPU {before.asterisk_ms:.1f} then {after.asterisk_ms:.1f} ms."
        )

    def door(self, asked: Mapping[str, Asked]) -> None:
        """The FastAGI door beside a server that reads the request and closes."""
        empty, door = asked["empty"], asked["door"]
        self.say(
            f"FastAGI door at {RATE} requests a second: p50 {_ms(door.p50)}, p99 {_ms(door.p99)} ms, "
            f"×{door.p50 / empty.p50:.1f} and ×{door.p99 / empty.p99:.1f} of an empty server's "
            f"{_ms(empty.p50)} and {_ms(empty.p99)}; {door.failed} failed."
        )

    def decisions(self, loaded_s: float, timed: Sequence[Timed]) -> None:
        table = Table("1,000 numbers, 200 departments, 400 people", title="Decisions alone")
        table.add_column("p50 µs", justify="right")
        table.add_column("p99 µs", justify="right")
        for each in timed:
            table.add_row(each.what, f"{each.p50 * 1e6:.1f}", f"{each.p99 * 1e6:.1f}")
        table.add_row("load and check the plan", f"{loaded_s * 1e6:,.0f}", "")
        self._out.print(table)

    def aims(self, results: Results, timed: Sequence[Timed]) -> bool:
        """Prints each aim. Whether no call was hurt and nothing was left behind; speed is the machine's as well."""
        failed = _told(results, lambda each: each.rate in AIMED and each.calls.failed)
        cut = _told(results, lambda each: each.calls.cut)
        left = _told(results, lambda each: any(each.left) and each.left)
        self._aim(not failed, f"no call fails at {' and '.join(map(str, AIMED))} a second", failed)
        self._aim(not cut, "no talk is cut", cut)
        self._aim(not left, "no channel and no bridge is left behind", left)
        for (way, rate), result in results.items():
            if way in (DIAL, BARE, STORELESS) or result.router_ms is None or rate not in AIMED:
                continue
            native, bare = results[DIAL, rate], results[BARE, rate]
            slower = set_up(result, 0.5) / set_up(native, 0.5)
            dearer = result.router_ms / native.asterisk_ms
            at = f"{way.name} at {rate}/s"
            self._aim(slower <= SLOWER, f"{at}: set-up at most {SLOWER} times Dial()'s", f"{slower:.1f}")
            self._aim(dearer <= DEARER, f"{at}: CPU at most {DEARER} of Asterisk's for Dial()", f"{dearer:.2f}")
            self._aim(
                set_up(result, 0.5) <= set_up(bare, 0.5) and result.router_ms <= (bare.router_ms or 0.0),
                f"{at}: set-up and CPU at most a bare client's",
                f"{_ms(set_up(result, 0.5))} and {result.router_ms:.2f} ms, "
                f"its {_ms(set_up(bare, 0.5))} and {bare.router_ms:.2f}",
            )
        for each in timed:
            if each.aim_us is not None:
                found = each.p50 * 1e6
                self._aim(found < each.aim_us, f"{each.what}: less than {each.aim_us:.0f} µs", f"{found:.1f}")
        return not (failed or cut or left)

    def _aim(self, is_met: bool, what: str, found: str) -> None:
        self.say(f"  {'met' if is_met else '[bold]not met[/bold]'}  {what}{f': {found}' if found else ''}")

    def killed(self, killed: Killed) -> bool:
        """Prints what the kills did. Whether callers lost nothing by them."""
        calls = killed.calls
        table = Table("kill -9 at random moments, 20 calls/s", title="The router killed under load")
        table.add_column("", justify="right")
        lives = ", ".join(f"{lived:.1f}" for lived in killed.lived_s)
        for what, count in (
            (f"routers killed, having been ready for {lives} s", len(killed.lived_s)),
            ("calls", calls.placed),
            ("of them failed", calls.failed),
            ("talks cut", calls.cut),
            ("phones that answered in vain: another did too, or no router was there", calls.in_vain),
            ("times a later router adopted a talk", killed.adopted),
            ("records (the other calls were the dialplan's alone)", killed.records),
            ("of them without an end", killed.unended),
            ("channels left", killed.left[0]),
            ("bridges left", killed.left[1]),
        ):
            table.add_row(what, str(count))
        self._out.print(table)
        if calls.error:
            self.say(calls.error)
        return not (calls.cut or killed.unended or any(killed.left))


_CAPTION = (
    "Milliseconds. p50, p99: INVITE to 200 without the person's own time; rings: INVITE to the phone's INVITE. "
    "Asterisk, router: CPU for each call. ×: of Dial()'s p50, and of Asterisk's CPU for Dial(). "
    "others: share of the machine that others used."
)


def set_up(result: Result, share: float) -> float:
    """Seconds, a percentile of the set-up times."""
    return percentile((each.set_up for each in result.calls.times), share)


def _cells(result: Result, native: Result) -> list[str]:
    p50 = set_up(result, 0.5)
    router_ms = result.router_ms
    return [
        str(result.calls.failed),
        _ms(p50),
        f"×{p50 / set_up(native, 0.5):.1f}",
        _ms(set_up(result, 0.99)),
        _ms(percentile((each.rang for each in result.calls.times), 0.5)),
        f"{result.asterisk_ms:.1f}",
        f"×{result.asterisk_ms / native.asterisk_ms:.1f}",
        "" if router_ms is None else f"{router_ms:.2f}",
        "" if router_ms is None else f"×{router_ms / native.asterisk_ms:.2f}",
        f"{result.others:.0%}",
    ]


def _told(results: Results, found: Callable[[Result], object]) -> str:
    told = [(f"{way.name} at {rate}/s", found(result), result) for (way, rate), result in results.items()]
    return "; ".join(f"{where}: {what} {result.calls.error}".rstrip() for where, what, result in told if what)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"
