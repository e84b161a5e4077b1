"""Click-to-call on a real Asterisk, ended while the customer rings: by us, by the agent, by the customer."""

import asyncio
import re

from tests.asterisk.routed import CUSTOMER, Routed
from tests.asterisk.test_inbound_calls import by, outcome
from tests.support.far_end.legs import Leg


async def clicked(house: Routed, customer: str = "ring") -> tuple[str, Leg, Leg]:
    """A call to the customer for Alice, who has answered: its id, her leg and the customer's, which rings."""
    await house.far.phone("alice").will("answer")
    await house.far.number(CUSTOMER).will(customer)
    code, printed = await house.router.run("call", "--by", "alice", "--to", CUSTOMER)
    assert code == 0, printed
    found = re.search(r"call (\w+)$", printed.strip())
    assert found is not None, printed
    return found[1], await house.far.phone("alice").call(), await house.far.number(CUSTOMER).call()


async def test_we_end_it_while_the_customer_rings(house: Routed) -> None:
    call_id, alice, customer = await clicked(house)
    code, printed = await house.router.run("hang-up", call_id)
    assert code == 0, printed

    await asyncio.gather(alice.ended(), customer.ended())
    record = await house.record(call_id)
    assert (outcome(record), by(record)) == ("abandoned", "us")
    await house.nothing_left()


async def test_the_agent_ends_it_while_the_customer_rings(house: Routed) -> None:
    call_id, alice, customer = await clicked(house)
    await alice.hang_up()

    await customer.ended()
    record = await house.record(call_id)
    assert (outcome(record), by(record)) == ("abandoned", "caller")
    await house.nothing_left()


async def test_the_customer_declines_and_the_agent_is_told(house: Routed) -> None:
    call_id, alice, _ = await clicked(house, "ringsip603")

    await alice.ended()
    record = await house.record(call_id)
    assert record.ending is not None
    assert (outcome(record), by(record), record.ending.cause) == ("rejected", "callee", 21)
    assert alice.cause == 21, "the phone was told why"
    await house.nothing_left()


async def test_the_command_tells_of_the_call_until_it_is_over(house: Routed) -> None:
    await house.far.phone("alice").will("answer")
    await house.far.number(CUSTOMER).will("answer")
    following = asyncio.ensure_future(house.router.run("call", "--by", "alice", "--to", CUSTOMER, "--follow"))
    customer = await house.far.number(CUSTOMER).call()
    await customer.answered()
    await house.router.logged("leg answered", leg=f"PJSIP/{CUSTOMER}@voipco")
    await customer.hang_up()
    code, printed = await following

    assert code == 0, printed
    told = [line.split(" ", 1)[1].partition(":")[0] for line in printed.splitlines()[1:]]
    assert told == ["placed", "agent ringing", "agent answered", "dialled", "ringing", "answered", "ended"]
