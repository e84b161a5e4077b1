"""A dial plan goes live whole and proved, or not at all; who put it there is noted."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from router.service.plan import LOOK_EVERY_S, START, PlanInForce, PlanRefused, read_plan, written
from router.settings import AsteriskSettings
from router.store.errors import StoreError
from tests.support.clock import run
from tests.test_cli import PLAN, RED, TESTS

OTHER = (PLAN + TESTS).replace("name: Sales", "name: Selling")


class Shelf:
    """The dial plans that a store keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, Mapping[str, str]] = {}
        self.refuses = False

    async def save_dialplan(self, digest: str, files: Mapping[str, str], loaded_at: datetime) -> None:
        if self.refuses:
            raise StoreError("the database is away")
        self.kept[digest] = files


class Ground:
    """A folder with a dial plan, and the plan in force."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "plan"
        self.folder.mkdir()
        self.write(PLAN + TESTS)
        plan, self.loaded = read_plan(self.folder)
        self.store = Shelf()
        self.noted: list[tuple[str, str]] = []
        settings = AsteriskSettings(sounds_dir=tmp_path / "sounds")
        self.plan = PlanInForce(
            self.folder,
            plan,
            settings,
            cast(Any, self.store),
            cast(Any, None),
            lambda *each: self.noted.append(each),
        )

    @property
    def digest(self) -> str:
        return self.plan.current.digest

    def write(self, text: str, name: str = "acme.yaml") -> None:
        (self.folder / name).write_text(text, "utf-8")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


async def test_a_good_plan_is_put_in_place_of_the_old_one_with_who_did_it(ground: Ground) -> None:
    old, since = ground.plan.current, ground.plan.since
    ground.write(OTHER)

    assert await ground.plan.reload("eve by command") is True

    assert ground.plan.current.departments["sales"].name == "Selling"
    assert old.departments["sales"].name == "Sales", "a live call keeps the plan it began with"
    assert ground.plan.since > since
    assert ground.noted == [(f"dial plan {ground.digest[:12]} in force", "eve by command")]
    assert ground.store.kept == {ground.digest: {"acme.yaml": OTHER}}


RED_PLANS = {
    "a fault": PLAN.replace("members: alice", "members: alise"),
    "a red test": PLAN + RED,
    "no YAML": "company: [",
    "nothing": "",
}


@pytest.mark.parametrize("text", RED_PLANS.values(), ids=RED_PLANS)
async def test_a_red_plan_changes_nothing_and_says_why_and_who_tried(ground: Ground, text: str) -> None:
    before = ground.plan.current
    ground.write(text)

    with capture_logs(), pytest.raises(PlanRefused) as refused:
        await ground.plan.reload("SIGHUP")

    assert ground.plan.current is before
    assert refused.value.faults == list(ground.plan.refused)
    ((what, by),) = ground.noted
    assert by == "SIGHUP"
    assert what.startswith(f"dial plan refused: {refused.value.faults[0]}")


async def test_a_plan_that_is_mended_is_no_longer_refused(ground: Ground) -> None:
    ground.write("company: [")
    with capture_logs(), pytest.raises(PlanRefused):
        await ground.plan.reload("SIGHUP")
    ground.write(OTHER)
    await ground.plan.reload("SIGHUP")

    assert ground.plan.refused == ()
    assert ground.plan.current.departments["sales"].name == "Selling"


async def test_the_same_plan_again_is_no_change(ground: Ground) -> None:
    since = ground.plan.since

    assert await ground.plan.reload("SIGHUP") is False

    assert (ground.noted, ground.plan.since) == ([], since)


async def test_a_pin_that_is_not_there_is_told_before_somebody_needs_it(ground: Ground) -> None:
    people = "people:\n  eve: {name: Eve Moss, phone: PJSIP/eve, pin: {env: PIN_OF_NOBODY}}\n"
    ground.write((PLAN + TESTS).replace("people:\n", people))

    with capture_logs() as logs:
        await ground.plan.reload("eve by command")

    [told] = [line for line in logs if line["event"] == "a PIN cannot be read"]
    assert (told["person"], told["because"]) == ("eve", "the variable PIN_OF_NOBODY is not set")


async def test_the_plan_of_the_start_is_noted_too(ground: Ground) -> None:
    await ground.plan.put(ground.plan.current, ground.loaded, by=START)

    assert ground.noted == [(f"dial plan {ground.digest[:12]} in force", "the start")]


async def test_two_who_reload_at_once_take_turns(ground: Ground) -> None:
    ground.write(OTHER)

    assert sorted(await asyncio.gather(*(ground.plan.reload(f"n{n}") for n in range(4)))) == [False] * 3 + [True]
    assert len(ground.noted) == 1


async def test_a_plan_the_store_did_not_take_is_kept_when_it_is_back(ground: Ground) -> None:
    ground.store.refuses = True
    ground.write(OTHER)
    with capture_logs():
        await ground.plan.reload("SIGHUP")
    ground.store.refuses = False
    await ground.plan.keep()

    assert list(ground.store.kept) == [ground.digest]


# ---- the watch


def watched(ground: Ground, scene: Any) -> None:
    async def main() -> None:
        task = asyncio.create_task(ground.plan.watch())
        await asyncio.sleep(0.5)
        try:
            await scene()
        finally:
            task.cancel()
            await asyncio.wait({task})

    run(main())


def test_a_file_that_was_changed_and_left_alone_goes_live(ground: Ground) -> None:
    async def scene() -> None:
        ground.write(OTHER)
        await asyncio.sleep(3 * LOOK_EVERY_S)
        assert ground.noted == [(f"dial plan {ground.digest[:12]} in force", "the files changed")]
        assert ground.plan.current.departments["sales"].name == "Selling"

    watched(ground, scene)


def test_while_somebody_still_writes_nothing_is_read(ground: Ground) -> None:
    async def scene() -> None:
        before = ground.plan.current
        for n in range(10):
            ground.write(PLAN + TESTS + "\n# half a thought" * n)
            await asyncio.sleep(LOOK_EVERY_S)
        assert ground.plan.current is before
        ground.write(OTHER)
        await asyncio.sleep(3 * LOOK_EVERY_S)
        assert ground.plan.current.departments["sales"].name == "Selling"
        assert len(ground.noted) == 1

    watched(ground, scene)


def test_a_red_plan_is_told_once_and_the_watch_goes_on(ground: Ground) -> None:
    async def scene() -> None:
        before = ground.plan.current
        ground.write(PLAN + RED)
        await asyncio.sleep(20 * LOOK_EVERY_S)
        assert ground.plan.current is before
        assert len(ground.noted) == 1
        ground.write(OTHER)
        await asyncio.sleep(3 * LOOK_EVERY_S)
        assert ground.plan.current.departments["sales"].name == "Selling"

    with capture_logs():
        watched(ground, scene)


def test_what_is_no_part_of_the_plan_is_not_looked_at(ground: Ground) -> None:
    before = written(ground.folder)
    (ground.folder / ".git").mkdir()
    ground.write("x", ".git/index")
    ground.write("x", ".acme.yaml.swp")
    assert written(ground.folder) == before
    ground.write("x", "contacts.csv")
    assert written(ground.folder) != before


def test_a_plan_that_is_one_file_is_watched_too(ground: Ground) -> None:
    assert list(written(ground.folder / "acme.yaml")) == [str(ground.folder / "acme.yaml")]
    assert written(ground.folder / "gone.yaml") == {}
