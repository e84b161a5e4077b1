"""Any request may fail, with or without effect, at any moment: each call ends, is recorded, and leaves nothing."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from router.ari.errors import AriError, Unreachable
from router.ari.transport import Response
from router.calls.filing import file_talks
from router.calls.reconcile import reconcile
from router.calls.sweep import sweep
from router.model.ending import Outcome
from router.model.people import ForwardWhen
from router.model.plan import Announcements, CallBackOffer, Order
from router.model.steps import Member
from tests.calls import test_menu, test_pick_up, test_recording
from tests.calls.house import SALES_NUMBER, House, nothing_left, only
from tests.calls.queueing import nobody_waits, queue
from tests.calls.test_hangup_anywhere import SCENES
from tests.calls.test_park import LOT, dials
from tests.rules.acme import acme
from tests.rules.conftest import VOICEMAIL, extension, public, ring
from tests.support.clock import run
from tests.support.fake.far_end import Line
from tests.support.fake.wire import error
from tests.support.fake_asterisk import INBOUND, OUTBOUND, FakeAsterisk
from tests.support.phones import Caller, answers, busy, decides, declines, early_media, never_answers, transfers

TRUNKS = (
    acme(),
    {
        "alice": answers(after_s=1.0, talks_for_s=40.0),
        "voipco": early_media(answers_after_s=1.0),
        "backup": answers(after_s=1.0),
    },
)
QUEUE = (
    only(
        queue(
            "alice",
            "bob",
            each_s=3.0,
            longest_s=40.0,
            announce=Announcements(every_s=5.0, position=True),
            call_back=CallBackOffer(key="1", prompt="acme/press-1"),
        ),
        VOICEMAIL,
    ),
    {
        "alice": [declines(after_s=1.0), answers(after_s=2.0, talks_for_s=20.0)],
        "bob": [never_answers(), answers(after_s=1.0)],
        "voipco": answers(after_s=1.0, talks_for_s=10.0),
    },
)
TRANSFER = (
    only(ring("alice", for_s=20.0)),
    {
        "alice": [transfers("203"), answers(after_s=1.0, talks_for_s=20.0)],
        "carol": [answers(after_s=2.0, talks_for_s=20.0), declines(after_s=1.0)],
    },
)
PARKED = (
    replace(TRANSFER[0], parking=replace(LOT, for_s=10.0)),
    TRANSFER[1] | {"alice": [transfers("700"), answers(after_s=1.0, talks_for_s=20.0)]},
)
PASSED_ON = (
    acme(),
    {
        "alice": answers(after_s=1.0, talks_for_s=20.0),
        "carol": TRANSFER[1]["carol"],
        "voipco": answers(after_s=1.0),
    },
)
_MOBILE, _ALICES = "+447400999888", "+447400777666"
_BESIDE = queue(
    members=(
        Member(person="alice"),
        Member(person="bob"),
        Member(person="carol", number=public(_MOBILE), confirm=True),
    ),
    order=Order.TOGETHER,
    each_s=8.0,
    longest_s=40.0,
    announce=Announcements(every_s=5.0, position=True, wait=True),
)
_FORWARDS = {ForwardWhen.NO_ANSWER: public(_ALICES), ForwardWhen.BUSY: extension("203")}
_COMPANY = only(_BESIDE, VOICEMAIL)
TOGETHER = (
    replace(_COMPANY, people=_COMPANY.people | {"alice": replace(_COMPANY.people["alice"], forward=_FORWARDS)}),
    {
        "alice": [never_answers(), busy(), answers(after_s=5.0, talks_for_s=20.0)],
        "bob": declines(after_s=1.0),
        "carol": never_answers(),
        f"{_MOBILE}@voipco": [decides("1", after_s=2.0, asked_for_s=10.0, talks_for_s=10.0), decides("")],
        f"{_ALICES}@voipco": [decides("2", after_s=1.0), decides("1", after_s=1.0)],
    },
)
SCENE = {
    **SCENES,
    "outgoing": TRUNKS,
    "queue": QUEUE,
    "queue, all together": TOGETHER,
    "picked up": (test_pick_up.PLAN, test_pick_up.NOBODY_ANSWERS),
    "transfer": TRANSFER,
    "parked": PARKED,
    "passed on": PASSED_ON,
    "menu": test_menu.SCENE,
    "recorded": test_recording.SCENE,
}


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


@pytest.mark.parametrize("scene", [*SCENE, "voicemail", "click-to-call"])
@pytest.mark.timeout(120)
def test_so_it_is_when_routers_are_killed_stopped_and_cut_off_at_any_moment(scene: str) -> None:
    for seed in range(40):
        try:
            run(one_call(scene, 20, random.Random(f"{scene} {seed}"), mishaps=1 + seed % 3))
        except BaseException as broken:
            broken.add_note(f"seed {seed}")
            raise


async def one_call(scene: str, one_in: int, chance: random.Random, mishaps: int = 0) -> None:
    plan, phones = SCENE.get(scene, TRUNKS)
    events_after_s, latency_s = chance.choice((0.0, 0.02, 0.3)), chance.choice((0.0, 0.02))
    async with FakeAsterisk(
        phones=phones, app="callrouter", events_after_s=events_after_s, latency_s=latency_s
    ) as asterisk:
        house = House(asterisk=asterisk, plan=only(VOICEMAIL) if scene == "voicemail" else plan)
        faulty = Faulty(asterisk, chance, one_in)
        line = begin(scene, house, chance)
        await asyncio.sleep(1.0)
        for _ in range(mishaps):
            await asyncio.sleep(chance.uniform(0, chance.choice((2.0, 30.0))))
            await mishap(house, chance)
        async with asyncio.timeout(400.0):
            while house.live.calls:
                await asyncio.sleep(60.0)
                with contextlib.suppress(AriError):
                    await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
            await idle(house)
        faulty.mend()
        if faulty.tasks:
            await asyncio.wait(faulty.tasks)

        records = house.ledger.records
        outcome = next((record.ending.outcome for record in records.values() if record.ending), None)
        was_cut = line is not None and outcome is Outcome.ANSWERED and line.location.endswith("T,1")
        assert mishaps or not was_cut, "the lease of a waiting caller cut a talk"
        await round_of(house)
        # Who speaks or hears a prompt goes back to the dialplan after it.
        await asyncio.sleep(60.0 if asterisk.pbx.live or asterisk.pbx.playbacks else 1.0)
        await idle(house)
        if line is not None:
            line.hang_up()
        await asyncio.sleep(1.0)
        await round_of(house)
        nothing_left(house)
        nobody_waits(house)
        assert all(record.ending for record in records.values())
        assert not asterisk.stored_recordings


def begin(scene: str, house: House, chance: random.Random) -> Line | None:
    patience_s = chance.choice((chance.uniform(0, 60), 3600.0))
    message_s = chance.uniform(0.5, 30.0)
    presses = {chance.uniform(0, 30): "1"} if scene == "queue" and chance.random() < 0.5 else {}
    if scene == "menu":
        presses = {chance.uniform(0, 15): chance.choice(("1", "2", "9", "21", "202", "20#")) for _ in range(3)}
    caller = Caller(
        talks_for_s=chance.uniform(30, 60), hangs_up_after_s=patience_s, message_s=message_s, presses=presses
    )
    match scene:
        case "click-to-call":
            house.live.place("alice", "02079460999")
            return None
        case "outgoing":
            return house.asterisk.call(caller, to="02079460999", door=OUTBOUND, endpoint="alice")
        case "passed on":
            line = house.asterisk.call(caller, to="02079460999", door=OUTBOUND, endpoint="alice")
            asyncio.get_running_loop().call_later(chance.uniform(2, 6), line.ask_transfer, "203")
            return line
        case "parked":
            line = house.asterisk.call(caller, to=SALES_NUMBER, door=INBOUND)
            asyncio.get_running_loop().call_later(chance.uniform(2, 16), _dials, house, line, "dave", "701")
            return line
        case "picked up":
            line = house.asterisk.call(caller, to=SALES_NUMBER, door=INBOUND)
            for who, code in (("carol", "*8201"), ("alice", "*8600")):
                asyncio.get_running_loop().call_later(chance.uniform(1, 20), _dials, house, line, who, code)
            return line
    return house.asterisk.call(caller, to=SALES_NUMBER, door=INBOUND)


def _dials(house: House, line: Line, who: str, number: str) -> None:
    if not line.cause:
        dials(house, who, number, hangs_up_after_s=20.0)


async def mishap(house: House, chance: random.Random) -> None:
    if chance.random() < 0.7:
        await house.write_records()
    match chance.choice(("kill", "stop", "cut", "round")):
        case "kill":
            house.kill()
            await asyncio.sleep(chance.uniform(0, 5))
            house.asterisk.events_up()
            house.start()
        case "stop":
            await house.live.stop()
            await house.write_records()
            house.asterisk.events_down()
            await asyncio.sleep(chance.uniform(0, 3))
            house.asterisk.events_up()
            house.start()
        case "cut":
            house.asterisk.events_down()
            await asyncio.sleep(chance.uniform(0, 5))
            house.asterisk.events_up()
    with contextlib.suppress(AriError):
        await reconcile(house.live, house.ledger)  # type: ignore[arg-type]


async def idle(house: House) -> None:
    while house.live.calls:
        await asyncio.sleep(0.1)
    await house.live._errands.settled()
    await house.write_records()


async def round_of(house: House) -> None:
    """What the service does every minute."""
    await reconcile(house.live, house.ledger)  # type: ignore[arg-type]
    await sweep(house.live, house.plan, house.ledger)  # type: ignore[arg-type]
    await file_talks(house.live, house.ledger)  # type: ignore[arg-type]
    await idle(house)
