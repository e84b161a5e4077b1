"""What phones have set is there again after a restart, on every database."""

import asyncio
import contextlib
from datetime import UTC, datetime

from router.calls.features import Phone
from router.calls.staff import Staff
from router.calls.state import State
from router.model.department import Feature
from router.store.contract import Store
from tests.rules.acme import acme
from tests.rules.conftest import OPEN

CODES = ((Feature.PAUSE, ""), (Feature.LOG_OUT, "600"), (Feature.FORWARD, "07400123456"), (Feature.CLOSE, "600"))


def now() -> datetime:
    return datetime.now(UTC)


async def test_what_was_set_by_code_outlives_a_restart(store: Store) -> None:
    plan = acme()
    before = State(store, Staff(now), now)
    phone = Phone(plan=plan, state=before, person="alice", at=OPEN)
    for feature, argument in CODES:
        assert phone.dials(feature, argument).is_done
    writing = asyncio.create_task(before.run())
    await asyncio.sleep(0)
    writing.cancel()  # as a stop does: it writes once more
    with contextlib.suppress(asyncio.CancelledError):
        await writing

    after = State(store, Staff(now), now)
    await after.load()

    alice = after.situation.standing("alice")
    assert alice.is_paused and alice.logged_out == {"sales"}
    assert alice == before.situation.standing("alice")
    assert after.situation.switches == before.situation.switches != {}
    assert [change.by for change in await store.changes()] == ["alice by phone"] * len(CODES)


async def test_what_was_undone_is_gone(store: Store) -> None:
    plan = acme()
    for feature in (Feature.PAUSE, Feature.RESUME):
        state = State(store, Staff(now), now)
        await state.load()
        assert Phone(plan=plan, state=state, person="alice", at=OPEN).dials(feature, "").is_done
        await state._write_all()

    after = State(store, Staff(now), now)
    await after.load()
    assert after.situation.standings == {}
