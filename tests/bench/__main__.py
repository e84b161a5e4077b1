"""`python -m tests.bench`: the load, some three minutes. `--kill`: the router killed under load, one minute.

Exit status: 0 when no call failed where none may, no talk was cut and nothing was left behind, else 1. How fast it
was is printed, not judged: that is the machine's as well.
"""

import argparse
import asyncio
import os
import sys

from tests.bench.agi import ask_door
from tests.bench.decisions import PREFIXES, REPLAYED, time_alone
from tests.bench.killing import kill_under_load
from tests.bench.page import Page
from tests.bench.pbx import loaded_pbx
from tests.bench.ways import BARE, DIAL, HTTP, STORELESS, WEBSOCKET, Result, Way, measure

RATES = (20, 50, 100)
WITHOUT_RECORDS = 50  # the rate at which the router is also tried without records


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--kill", action="store_true", help="kill the router at random moments instead")
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, metavar="N", help="calls a second")
    parser.add_argument("--seconds", type=int, default=10, help="how long calls are placed at each rate")
    arguments = parser.parse_args()
    page = Page()
    try:
        if arguments.kill:
            return asyncio.run(kill(page))
        return asyncio.run(load(page, arguments.rates, arguments.seconds))
    except KeyboardInterrupt:
        return 130


async def load(page: Page, rates: list[int], seconds: int) -> int:
    page.say(f"{os.cpu_count()} cores, load average before: {', '.join(f'{each:.1f}' for each in os.getloadavg())}")
    results: dict[tuple[Way, int], Result] = {}
    alone = time_alone()
    page.decisions(alone.load_s, alone.decisions)
    page.say(f"{REPLAYED:,} recorded calls decided by two plans (callrouter diff): {alone.diff_s:.1f} s")
    page.say(
        f"400 days of 200 departments proved, each with hours of its own (callrouter prove): {alone.prove_s:.1f} s"
    )
    page.say(
        f"A rate deck of {PREFIXES:,} prefixes read: {alone.deck_s:.1f} s; no two alike: {alone.unlike_s:.1f} s"
    )
    page.door(await ask_door())
    for rate in rates:
        for way in (DIAL, BARE, HTTP, WEBSOCKET, *((STORELESS,) if rate == WITHOUT_RECORDS else ())):
            page.say(f"{way.name}, {rate} calls a second for {seconds} s ...")
            results[way, rate] = await measure(way, rate, seconds)
    again = await measure(DIAL, rates[0], seconds)
    page.results(results)
    page.control(results[DIAL, rates[0]], again)
    return 0 if page.aims(results, alone.decisions) else 1


async def kill(page: Page) -> int:
    async with loaded_pbx() as pbx:
        return 0 if page.killed(await kill_under_load(pbx)) else 1


if __name__ == "__main__":
    sys.exit(main())
