"""Every async test of whole calls runs on the clock that jumps."""

import asyncio
from collections.abc import Callable, Mapping

from tests.support.clock import JumpingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"jumping": JumpingLoop}
