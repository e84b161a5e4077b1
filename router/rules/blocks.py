"""Whether a caller is blocked."""

from collections.abc import Sequence
from datetime import datetime

from router.model.block import Block
from router.model.call import InboundCall
from router.model.caller import Presentation


def first_block(call: InboundCall, blocks: Sequence[Block], at: datetime) -> Block | None:
    """The first block that fits the caller and has not expired at `at` (aware)."""
    caller = call.caller
    is_withheld, name = caller.presentation is Presentation.WITHHELD, caller.name.casefold()
    for block in blocks:
        if block.expires_at is not None and at >= block.expires_at:
            continue
        if block.pattern is not None and block.pattern.matches(caller.number, is_withheld):
            return block
        if block.name and block.name in name:
            return block
    return None
