"""The fallback of menus, queues and people's own mailboxes, as the PBX carries it with no router there."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from router.dialplan.fallback import write_fallback
from router.model.department import DialPlan, MenuChoice, MenuDef
from router.model.message import RecordingName
from router.model.plan import Order
from router.model.steps import Member, QueueStep
from tests.rules.acme import PEOPLE, SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, extension, hop, public
from tests.support.far_end.ari import BenchAri
from tests.support.far_end.far import FarEnd
from tests.support.pbx import Bench

MENU, SUPPORT_NUMBER = "+442079460000", "+442079460101"


def plan() -> DialPlan:
    queue = QueueStep(
        members=(Member(person="carol"), Member(person=None, number=public("+447400123456"), confirm=True)),
        order=Order.LONGEST_IDLE,
        each_s=15.0,
        longest_s=600.0,
        fullest=20,
    )
    main = MenuDef(
        key="main",
        prompt="menu",
        choices=(MenuChoice(key="1", steps=(hop("sales"),), words="Sales"),),
        otherwise=(hop("support"),),
        numbers=(public(MENU),),
        extension=extension("700"),
    )
    alice = replace(PEOPLE[0], email="alice@acme.example")
    made = acme(departments=[SALES, replace(SUPPORT, open=(queue, VOICEMAIL))], people=[alice, *PEOPLE[1:]])
    return replace(made, menus={"main": main})


@pytest_asyncio.fixture(loop_scope="session")
async def ari(bench: Bench) -> AsyncIterator[BenchAri]:
    """The PBX with a fallback of the plan above; afterwards it has the usual one again."""
    ari = BenchAri(bench.ari_port, bench.ari_user, bench.ari_secret, "language", lambda _: None)
    async with ari:
        write_fallback(plan(), bench.fallback_path)
        await ari.request("PUT", "asterisk/modules/pbx_config.so")
        try:
            yield ari
        finally:
            write_fallback(acme(), bench.fallback_path)
            await ari.request("PUT", "asterisk/modules/pbx_config.so")


@pytest.mark.parametrize("called", [MENU, "442079460000", SUPPORT_NUMBER])
async def test_a_menu_s_caller_reaches_who_takes_those_that_press_nothing(
    ari: BenchAri, far: FarEnd, called: str
) -> None:
    await far.phone("carol").will("answer", says="440")
    caller = await far.call(called, says="880")
    carol = await far.phone("carol").call()
    await caller.answered()

    assert (await caller.hears()).has_tone(440)
    await carol.hang_up()


async def test_a_menu_s_extension_is_dialled_by_a_phone(ari: BenchAri, far: FarEnd) -> None:
    await far.phone("carol").will("answer")
    caller = await far.phone_dials("bob", "700")
    await far.phone("carol").call()
    await caller.answered()


async def test_a_message_for_a_person_is_named_after_the_person(ari: BenchAri, far: FarEnd) -> None:
    await far.phone("alice").will("busy")
    caller = await far.phone_dials("bob", "201", says="440")
    await caller.answered()
    name = await recorded(ari)
    await caller.hears(1)
    await caller.hang_up()

    parsed = RecordingName.parse(name)
    assert parsed is not None
    assert parsed.department == "alice"
    await ari.request("DELETE", f"recordings/stored/{name}")


async def recorded(ari: BenchAri) -> str:
    """The name of the recording, once it is listed: a recording of the dialplan's is, from its start on."""
    async with asyncio.timeout(20.0):
        while not (stored := await ari.request("GET", "recordings/stored")):
            await asyncio.sleep(0.1)
    [one] = stored
    return str(one["name"])
