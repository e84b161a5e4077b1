"""The dial plan in force: read, proved, put in place of the one before, its prompts and fallback with it."""

import asyncio
import gc
from datetime import UTC, datetime
from pathlib import Path

import structlog

from router.ari.client import Ari
from router.ari.errors import AriError
from router.dialplan.fallback import write_fallback
from router.dialplan.load import Loaded, load
from router.dialplan.routetests import run_tests
from router.dialplan.sounds import place, sounds_of
from router.model.department import DialPlan
from router.notify import notify
from router.settings import AsteriskSettings
from router.store.contract import Store
from router.store.errors import StoreError

log = structlog.get_logger()


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


class PlanInForce:
    """current: what new calls are decided by; a live call keeps the one it began with."""

    def __init__(self, directory: Path, plan: DialPlan, asterisk: AsteriskSettings, store: Store, ari: Ari) -> None:
        self.current = plan
        self._directory = directory
        self._asterisk = asterisk
        self._store = store
        self._ari = ari

    async def put(self, plan: DialPlan, loaded: Loaded) -> None:
        """Swaps one reference. Prompts and fallback follow the plan; where they cannot, that is told."""
        await self._place_prompts(plan)
        await self._write_fallback(plan)
        self.current = plan
        for warning in loaded.warnings:
            log.warning("dial plan", warning=str(warning))
        log.info("dial plan in force", company=plan.company, digest=plan.digest[:12], tests=len(plan.tests))
        try:
            await self._store.save_dialplan(plan.digest, loaded.files, datetime.now(UTC))
        except StoreError as error:
            log.warning("dial plan not kept in the store", error=str(error))
        # A full collection would walk all of the plan and the libraries, for 100 ms in which every caller waits.
        gc.collect()
        gc.freeze()

    async def reload(self) -> None:
        """Load, check, test, then swap. A plan with faults changes nothing and says why."""
        notify("RELOADING=1")
        try:
            plan, loaded = await asyncio.to_thread(read_plan, self._directory)
            await self.put(plan, loaded)
            await self.load_fallback()
        except PlanRefused as refused:
            for fault in refused.faults:
                log.error("dial plan refused; the old one stays", fault=fault)
        finally:
            notify("READY=1")

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
