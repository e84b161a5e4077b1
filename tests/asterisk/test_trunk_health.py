"""A carrier that goes away, as Asterisk finds out by OPTIONS: passed over, and taken again when it is back."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from tests.asterisk.routed import Routed, routed
from tests.asterisk.test_failover import PARIS, calls, trunk
from tests.asterisk.test_inbound_calls import results
from tests.support.asterisk import ROOT

PLAN = Path(__file__).parent / "health_plan"
TRUNK = """
[first](trunk)
aors = first

[first](trunk-aor)
contact = sip:127.0.0.1:{port}
"""


@dataclass(kw_only=True)
class Carrier(asyncio.DatagramProtocol):
    """Answers OPTIONS while it is there, and every call with "busy". asked: the methods that came, in order."""

    is_there: bool = True
    asked: list[str] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        request = data.decode()
        method = request.partition(" ")[0]
        self.asked.append(method)
        if self.is_there and method in ("OPTIONS", "INVITE"):
            status = "200 OK" if method == "OPTIONS" else "486 Busy Here"
            same = re.findall(r"^(?:Via|From|Call-ID|CSeq): .*\r\n", request, re.M)
            to = re.findall(r"^To: .*(?=\r\n)", request, re.M)[0]
            told = f"SIP/2.0 {status}\r\n{''.join(same)}{to};tag=first\r\nContent-Length: 0\r\n\r\n"
            self._transport.sendto(told.encode(), address)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Routed, Carrier]]:
    """On our configuration with one trunk more, and OPTIONS every second."""
    transport, carrier = await asyncio.get_running_loop().create_datagram_endpoint(
        Carrier, local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    conf = Path(shutil.copytree(ROOT / "asterisk-conf", tmp_path_factory.mktemp("conf") / "conf"))
    pjsip = (conf / "pjsip.conf").read_text()
    asked_often = re.sub(r"(?<=qualify_frequency = )\d+", "1", pjsip)
    assert asked_often != pjsip
    (conf / "pjsip.conf").write_text(asked_often + TRUNK.format(port=port))
    try:
        async with routed(PLAN, conf=conf) as house:
            yield house, carrier
    finally:
        transport.close()


@pytest_asyncio.fixture(loop_scope="session")
async def house(bench: tuple[Routed, Carrier]) -> AsyncIterator[Routed]:
    yield bench[0]
    await bench[0].far.hang_up_all()
    await bench[0].nothing_left()


async def until_online(house: Routed, is_online: bool) -> None:
    async with asyncio.timeout(15.0):
        while (await trunk(house, "first"))["is_online"] is not is_online:
            await asyncio.sleep(0.1)


async def test_a_trunk_whose_carrier_goes_away_is_passed_over_and_taken_again_when_it_is_back(
    house: Routed, bench: tuple[Routed, Carrier]
) -> None:
    carrier = bench[1]
    await until_online(house, True)
    assert results(await calls(house)) == {"first": "busy"}

    since, carrier.is_there = len(house.router.log), False
    await house.router.logged("trunk is away", since=since, trunk="first")
    assert (await trunk(house, "first"))["not_taken"] == "first is away: Asterisk cannot reach it"
    carrier.asked.clear()
    record = await calls(house)
    assert (results(record), "INVITE" in carrier.asked) == ({"backup": "answered"}, False)
    _, told = await house.router.run("explain", "--running", "--by", "alice", "--to", PARIS)
    assert "first is away: Asterisk cannot reach it" in told

    since, carrier.is_there = len(house.router.log), True
    await house.router.logged("trunk is back", since=since, trunk="first")
    assert results(await calls(house)) == {"first": "busy"}


async def test_a_carrier_that_answers_only_that_it_does_not_know_us_is_there(house: Routed) -> None:
    """Any answer to OPTIONS will do: the bench's second carrier has no account for us to ask by."""
    assert (await trunk(house, "backup"))["is_online"] is True
