"""The dial plan in force: read, proved, put in place of the one before, its prompts and fallback with it."""

import asyncio
import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog

from router.ari.client import Ari
from router.ari.errors import AriError
from router.dialplan.fallback import write_fallback
from router.dialplan.load import Loaded, load
from router.dialplan.pins import objection as pin_objection
from router.dialplan.routetests import run_tests
from router.dialplan.sounds import place, sounds_of
from router.model.department import DialPlan
from router.notify import notify
from router.settings import AsteriskSettings
from router.store.contract import Store
from router.store.errors import StoreError

log = structlog.get_logger()

START = "the start"
LOOK_EVERY_S = 2.0
_COLLECTED_AT = 5_000  # objects

Written = Mapping[str, tuple[int, int]]


class PlanRefused(Exception):
    """The dial plan may not go live. faults: one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_plan(directory: Path) -> tuple[DialPlan, Loaded]:
    """Loads and proves a dial plan. Raises PlanRefused with every fault, or with every test that is red."""
    loaded = load(directory)
    if loaded.plan is None:
        raise PlanRefused([str(fault) for fault in loaded.faults])
    failed = [result for result in run_tests(loaded.plan).results if result.differences]
    if failed:
        raise PlanRefused(
            [f"{result.test.path}: {result.test.name}: {'; '.join(result.differences)}" for result in failed]
        )
    return loaded.plan, loaded


def _unreadable_pins(plan: DialPlan) -> Mapping[str, str]:
    """Whoever has one is refused what needs a PIN, whatever they type. By person, with why."""
    pins = {person.key: person.pin for person in plan.people.values() if person.pin is not None}
    found = {key: pin_objection(pin) for key, pin in pins.items()}
    return {key: objection for key, objection in found.items() if objection is not None}


def written(directory: Path) -> Written:
    """When each file of the plan was written, and its size. Hidden ones, such as Git's, are none of it."""
    found = {}
    for file in _files(directory):
        with suppress(OSError):
            status = file.stat()
            found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found


def _files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        yield directory
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(folder, name) for name in files if not name.startswith("."))


class PlanInForce:
    """current: what new calls are decided by, since when; a live call keeps the one it began with.

    refused: why the last one that was read may not go live, () when it did. note: has a change recorded (what, by).
    """

    def __init__(
        self,
        directory: Path,
        plan: DialPlan,
        asterisk: AsteriskSettings,
        store: Store,
        ari: Ari,
        note: Callable[[str, str], None] = lambda what, by: None,
    ) -> None:
        self.current = plan
        self.since = datetime.now(UTC)
        self.refused: tuple[str, ...] = ()
        self._directory = directory
        self._asterisk = asterisk
        self._store = store
        self._ari = ari
        self._note = note
        self._unkept: Loaded | None = None
        self._reloading = asyncio.Lock()

    async def put(self, plan: DialPlan, loaded: Loaded, *, by: str) -> None:
        """Swaps one reference. Prompts and fallback follow the plan; where they cannot, that is told."""
        await self._place_prompts(plan)
        await self._write_fallback(plan)
        is_new = plan.digest != self.current.digest or by == START
        if is_new:
            self.since = datetime.now(UTC)
        self.current, self.refused = plan, ()
        for warning in loaded.warnings:
            log.warning("dial plan", warning=str(warning))
        for person, objection in (await asyncio.to_thread(_unreadable_pins, plan)).items():
            log.warning("a PIN cannot be read", person=person, because=objection)
        log.info("dial plan in force", company=plan.company, digest=plan.digest[:12], tests=len(plan.tests))
        if is_new:
            self._note(f"dial plan {plan.digest[:12]} in force", by)
        self._unkept = loaded
        await self.keep()
        # A full collection would walk all of the plan and the libraries, for 100 ms in which every caller waits.
        gc.collect()
        gc.freeze()
        # Of the 700 that are usual, a call or two is made: it would look for rubbish that often.
        gc.set_threshold(_COLLECTED_AT)

    async def keep(self) -> None:
        """Has the store keep the files of the plan in force, for whoever asks later why a call went its way."""
        loaded = self._unkept
        if loaded is None or loaded.plan is None:
            return
        try:
            await self._store.save_dialplan(loaded.plan.digest, loaded.files, self.since)
        except StoreError as error:
            log.warning("dial plan not kept in the store yet", error=str(error))
        else:
            self._unkept = None

    async def reload(self, by: str) -> bool:
        """Load, check, test, then swap: one at a time. Whether it is another plan than before.

        Raises PlanRefused with every fault; then nothing has changed.
        """
        async with self._reloading:
            notify("RELOADING=1")
            before = self.current.digest
            try:
                plan, loaded = await asyncio.to_thread(read_plan, self._directory)
                await self.put(plan, loaded, by=by)
                await self.load_fallback()
            except PlanRefused as refused:
                self._refuse(refused, by)
                raise
            finally:
                notify("READY=1")
            return plan.digest != before

    def _refuse(self, refused: PlanRefused, by: str) -> None:
        for fault in refused.faults:
            log.error("dial plan refused; the old one stays", fault=fault)
        self.refused = tuple(refused.faults)
        more = f" and {len(refused.faults) - 1} more" if len(refused.faults) > 1 else ""
        self._note(f"dial plan refused: {refused.faults[0]}{more}", by)

    async def watch(self) -> None:
        """Reloads when files of the plan change, once they have been left alone for a moment. Until cancelled."""
        seen = await asyncio.to_thread(written, self._directory)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now = await asyncio.to_thread(written, self._directory)
            if now == seen:
                continue
            while (seen := await self._a_look_later()) != now:
                now = seen  # somebody is still writing
            with suppress(PlanRefused):  # recorded and told
                await self.reload("the files changed")

    async def _a_look_later(self) -> Written:
        await asyncio.sleep(LOOK_EVERY_S)
        return await asyncio.to_thread(written, self._directory)

    async def load_fallback(self) -> None:
        """Has Asterisk read the fallback dialplan anew."""
        if self._asterisk.fallback_file is None:
            return
        try:
            await self._ari.asterisk.reload_module("pbx_config.so")
        except AriError as error:
            log.error("Asterisk did not load the fallback; without us it acts by an older one", error=str(error))

    async def _place_prompts(self, plan: DialPlan) -> None:
        placed = asyncio.to_thread(place, self._directory, sounds_of(plan), self._asterisk.sounds_dir)
        for fault in await placed:
            log.error("prompt not placed; its step is passed over", fault=str(fault))

    async def _write_fallback(self, plan: DialPlan) -> None:
        file = self._asterisk.fallback_file
        if file is None:
            return
        try:
            await asyncio.to_thread(write_fallback, plan, file)
        except OSError as error:
            log.error(
                "fallback not written; without us Asterisk acts by an older one",
                file=str(file),
                error=error.strerror or str(error),
                do="let the router write into that folder",
            )
