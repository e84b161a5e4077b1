"""The router with a store that takes every call's record and keeps none, to see what records cost.

`python -m tests.bench.storeless serve …` is otherwise `python -m router serve …`.
"""

from collections.abc import Sequence
from pathlib import Path

import router.service
from router.cli import main
from router.model.record import CallRecord
from router.store.contract import Store
from router.store.database import open_store


async def _open(url: str, messages: Path) -> Store:
    store = await open_store(url, messages)
    vars(store)["save_calls"] = _forget
    return store


async def _forget(records: Sequence[CallRecord]) -> None:
    pass


if __name__ == "__main__":
    vars(router.service)["open_store"] = _open
    main()
