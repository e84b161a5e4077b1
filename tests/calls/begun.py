"""Calls that are begun while the claim is on its way: played to their end, with what was asked for, and when."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

from router.ari.models import Event, StasisStart
from router.ari.transport import Response
from router.model.department import DialPlan
from router.model.record import CallRecord
from router.model.trunk import NOTHING_KNOWN
from tests.calls.house import PROMPTS, SALES_NUMBER, House, nothing_left, only
from tests.rules.conftest import VOICEMAIL, ring
from tests.support.clock import elapsed_s, run
from tests.support.fake.far_end import Line
from tests.support.fake_asterisk import INBOUND, Door, FakeAsterisk, Latency
from tests.support.phones import Caller, answers

RING = only(ring("alice", for_s=20.0), VOICEMAIL)


def claim_takes(seconds: float, others_s: float = 0.0) -> Latency:
    return lambda method, path: seconds if path == "events/claim" else others_s


@dataclass(frozen=True, slots=True)
class Asked:
    at_s: float
    what: str  # "POST events/claim"
    query: Mapping[str, str]


@dataclass(kw_only=True)
class Seen:
    """came: when StasisStart came to us, by channel. logs: of the whole scene."""

    house: House
    asked: list[Asked] = field(default_factory=list)
    came: dict[str, float] = field(default_factory=dict)
    logs: list[Mapping[str, Any]] = field(default_factory=list)

    def came_at_s(self, line: Line) -> float | None:
        return self.came.get(line.channel.id)

    def when(self, what: str) -> list[float]:
        """The moments at which a request was asked for."""
        return [asked.at_s for asked in self.asked if asked.what == what]

    @property
    def leases(self) -> list[tuple[float, float]]:
        """When, and for how many seconds."""
        return [
            (round(asked.at_s, 2), round(float(asked.query["value"]), 2))
            for asked in self.asked
            if asked.query.get("variable") == "TIMEOUT(absolute)" and "value" in asked.query
        ]

    @property
    def said(self) -> list[str]:
        return [str(line["event"]) for line in self.logs]

    @property
    def records(self) -> list[CallRecord]:
        return [*(self.house.ledger.records | dict(self.house.journal.unwritten)).values()]

    def is_as_if_never_called(self) -> None:
        house = self.house
        nothing_left(house)
        assert not house.live.calls and not self.records and not house.live.ended
        assert not {"call in", "decided", "ringing", "call ended"} & set(self.said)
        assert not house.asterisk.legs, "a phone rang"
        assert not house.state.turns
        assert all(state == NOTHING_KNOWN for state in house.state.trunks.values())
        self.everybody_is_free()

    def everybody_is_free(self) -> None:
        house = self.house
        assert not house.staff.notable
        assert not any(state.channels for state in house.state.trunks.values())
        assert not house.accounts._channels

    def nobody_rang_unclaimed(self) -> None:
        first = min(self.came.values(), default=float("inf"))
        assert all(leg.began_at_s >= first for leg in self.house.asterisk.legs)


Story = Callable[[Seen, Line], Awaitable[None]]


def scene(
    story: Story | None = None,
    *,
    plan: DialPlan = RING,
    phones: Any = None,
    caller: Caller = Caller(talks_for_s=5.0, hangs_up_after_s=120.0),
    to: str = SALES_NUMBER,
    door: Door = INBOUND,
    latency_s: Latency = 0.0,
    prepare: Callable[[House], object] = lambda house: None,
    **asterisk: Any,
) -> Seen:
    """A call, and what happens meanwhile. Whoever still waits at the end of the story hangs up."""

    async def main() -> Seen:
        async with FakeAsterisk(
            phones={"alice": answers(after_s=1.0)} if phones is None else phones,
            prompts=PROMPTS,
            latency_s=latency_s,
            app="callrouter",
            **asterisk,
        ) as fake:
            house = House(asterisk=fake, plan=plan)
            seen = Seen(house=house)
            watch(seen)
            prepare(house)
            with capture_logs() as logs:
                line = fake.call(caller, to=to, door=door)
                await (until_over if story is None else story)(seen, line)
                for each in fake.lines:
                    if each.ended_at_s is None:
                        each.hang_up()
                    await house.over(each)
            seen.logs += logs
            nothing_left(house)
            return seen

    return run(main())


def watch(seen: Seen) -> None:
    """Notes what is asked of Asterisk, and when a caller comes."""
    house, real = seen.house, seen.house.cable.request

    async def request(method: str, path: str, **more: Any) -> Response:
        seen.asked.append(Asked(elapsed_s(), f"{method} {path}", more.get("query") or {}))
        return await real(method, path, **more)

    def take(event: Event) -> None:
        if isinstance(event, StasisStart):
            callers = {line.channel.id for line in house.asterisk.lines}
            if event.channel.id in callers:
                seen.came.setdefault(event.channel.id, elapsed_s())
        house.live.take(event)

    house.cable.request = request  # type: ignore[method-assign]
    house.ari.on_event = take


async def until_over(seen: Seen, line: Line) -> None:
    await line.ended.wait()


async def claimed_elsewhere(seen: Seen, line: Line) -> None:
    """Another router is faster, while our claim is on its way; then its caller goes."""
    await asyncio.sleep(0.05)
    seen.house.asterisk.claim_elsewhere(line)
    await asyncio.sleep(5.0)
    line.hang_up()
    await asyncio.sleep(1.0)
