"""Any request may fail, with or without effect, at any moment: each call ends, is recorded, and leaves nothing."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from router.ari.errors import Unreachable
from router.ari.transport import Response
from router.calls.reconcile import reconcile
from router.calls.sweep import sweep
from router.model.ending import Outcome
from tests.calls.house import SALES_NUMBER, House, nothing_left
from tests.calls.test_hangup_anywhere import SCENES
from tests.rules.acme import acme
from tests.support.clock import run
from tests.support.fake.wire import error
from tests.support.fake_asterisk import INBOUND, OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, early_media

TRUNKS = (acme(), {"voipco": early_media(answers_after_s=1.0), "backup": answers(after_s=1.0)})
IN, OUT = replace(INBOUND, lease_s=10.0), replace(OUTBOUND, lease_s=10.0)
SCENE = {**SCENES, "outgoing": TRUNKS}


class Faulty:
    """Stands before a FakeAsterisk: of the requests, one in `one_in` goes wrong in one of the ways seen."""

    def __init__(self, asterisk: FakeAsterisk, chance: random.Random, one_in: float) -> None:
        self._real = asterisk.request
        self._asterisk = asterisk
        self._chance = chance
        self._one_in = one_in
        self.tasks: set[asyncio.Task[Response]] = set()
        asterisk.request = self.request  # type: ignore[method-assign]

    def mend(self) -> None:
        self._one_in = 0

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        if not self._one_in or self._chance.random() > 1 / self._one_in:
            return await self._real(method, path, query=query, body=body)
        match self._chance.choice(("lost", "answer lost", "late", "refused", "left")):
            case "lost":
                raise Unreachable("connection lost")
            case "answer lost":
                await self._real(method, path, query=query, body=body)
                raise Unreachable("no answer within 5 s")
            case "late":
                self._later(method, path, query, body)
                await asyncio.sleep(5.0)
                raise Unreachable("no answer within 5 s")
            case "refused":
                return error(500, "Internal Server Error")
        return error(409, "Channel not in Stasis application")

    def _later(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, object] | None
    ) -> None:
        async def act() -> Response:
            await asyncio.sleep(self._chance.uniform(0, 8))
            return await self._real(method, path, query=query, body=body)

        task = asyncio.create_task(act())
        self.tasks.add(task)


@pytest.mark.parametrize("one_in", [3, 12])
@pytest.mark.parametrize("scene", SCENE)
@pytest.mark.timeout(120)
def test_each_call_ends_with_a_record_and_the_next_scan_leaves_nothing(scene: str, one_in: int) -> None:
    for seed in range(25):
        try:
            run(one_call(scene, one_in, random.Random(f"{scene} {one_in} {seed}")))
        except BaseException as broken:
            broken.add_note(f"seed {seed}")
            raise


async def one_call(scene: str, one_in: int, chance: random.Random) -> None:
    plan, phones = SCENE[scene]
    events_after_s = chance.choice((0.0, 0.02, 0.3))
    async with FakeAsterisk(phones=phones, app="callrouter", events_after_s=events_after_s) as asterisk:
        house = House(asterisk=asterisk, plan=plan)
        faulty = Faulty(asterisk, chance, one_in)
        patience_s = chance.choice((chance.uniform(0, 60), 3600.0))
        caller = Caller(talks_for_s=chance.uniform(30, 60), hangs_up_after_s=patience_s)
        if scene == "outgoing":
            line = asterisk.call(caller, to="02079460999", door=OUT, endpoint="alice")
        else:
            line = asterisk.call(caller, to=SALES_NUMBER, door=IN)
        await asyncio.sleep(1.0)
        async with asyncio.timeout(400.0):
            await house.settled(line)
        faulty.mend()
        if faulty.tasks:
            await asyncio.wait(faulty.tasks)

        records = house.ledger.records
        outcome = next((record.ending.outcome for record in records.values() if record.ending), None)
        was_cut = outcome is Outcome.ANSWERED and line.location.endswith("T,1")
        assert not was_cut, "the lease of a waiting caller cut a talk"
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
        await sweep(house.live, plan, house.ledger)  # type: ignore[arg-type]
        # Who speaks or hears a prompt goes back to the dialplan after it.
        await asyncio.sleep(30.0 if asterisk.pbx.live or asterisk.pbx.playbacks else 1.0)
        await house.settled(line)
        nothing_left(house)
        assert all(record.ending for record in records.values())
