"""The block list over HTTP: callers who are refused before any rule, without another dial plan.

    GET  /blocks
    POST /blocks               {"what": "+44 843*", "for": "30d", "cause": "busy", "reason": "robots"}
                               {"name": "ACME Survey"}
    POST /blocks/KEY/remove    by its key, or by what it blocks

What is blocked is written as in a rule's `from:`. Blocked again, it keeps its key and its count.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from aiohttp import web

from router.console.body import body
from router.console.door import Door, who
from router.dialplan.faults import brief
from router.dialplan.numbers import clean_name
from router.dialplan.patterns import pattern
from router.dialplan.scalars import kept_days, seconds
from router.model.block import Block
from router.model.department import DialPlan
from router.model.number import NumberPattern
from router.model.plan import RejectCause
from router.model.situation import Situation

MOST_BLOCKS = 1_000  # every call from outside walks through them
LEAST_OF_A_NAME = 3  # characters; less would fit nearly everybody
LONGEST_DAYS = 3_650
LEAST_S = 60.0


class Keeper(Protocol):
    @property
    def situation(self) -> Situation: ...

    def block(self, block: Block, *, by: str) -> None: ...

    def unblock(self, key: str, *, by: str) -> bool: ...


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """what: a number, prefix, range, country, mobile and the like, withheld or unknown; or name: part of a name.

    for_: how long, such as 30d or 12h; None for ever.
    """

    what: str | None = None
    name: str | None = None
    for_: str | None = msgspec.field(name="for", default=None)
    cause: RejectCause = RejectCause.REJECTED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    plan: Callable[[], DialPlan]
    keeper: Keeper
    now: Callable[[], datetime]

    def routes(self, door: Door) -> list[web.RouteDef]:
        return [
            door.get("/blocks", self.listed),
            door.post("/blocks", self.add),
            door.post("/blocks/{key}/remove", self.remove),
        ]

    async def listed(self, _: web.Request) -> dict[str, Any]:
        return {block.key: _told(block) for block in self._blocks() if not _is_over(block, self.now())}

    async def add(self, request: web.Request) -> dict[str, Any]:
        wanted = await body(request, Wanted)
        now, by = self.now(), who(request)
        block = Block(
            key=secrets.token_hex(4),
            cause=wanted.cause,
            pattern=_pattern(wanted.what, self.plan()) if wanted.what is not None else None,
            name=_name(wanted.name) if wanted.name is not None else "",
            expires_at=now + _length(wanted.for_) if wanted.for_ is not None else None,
            added_at=now,
            added_by=by,
            reason=clean_name(wanted.reason),
        )
        if (block.pattern is None) is (block.name == ""):
            raise ValueError("needs either what is blocked, such as a number, or a name")
        before = next((each for each in self._blocks() if _of(each) == _of(block)), None)
        if before is not None:
            block = replace(block, key=before.key, hits=before.hits, last_hit_at=before.last_hit_at)
        elif len(self._blocks()) >= MOST_BLOCKS:
            raise ValueError(f"{MOST_BLOCKS} are blocked already; more belong into a list of the plan's contacts")
        self.keeper.block(block, by=by)
        return {block.key: _told(block)}

    async def remove(self, request: web.Request) -> dict[str, Any]:
        given = request.match_info["key"]
        found = [block for block in self._blocks() if given in _called(block)]
        if not found:
            raise ValueError(f'nothing is blocked as "{brief(given)}"')
        for block in found:
            self.keeper.unblock(block.key, by=who(request))
        return {block.key: _told(block) for block in found}

    def _blocks(self) -> Sequence[Block]:
        return self.keeper.situation.blocks


def _pattern(text: str, plan: DialPlan) -> NumberPattern:
    """Lists are left to the plan: here they would be blocked as they are now, whatever becomes of them."""
    return pattern(text.strip(), plan.country, ())


def _name(text: str) -> str:
    name = clean_name(text).casefold()
    if len(name) < LEAST_OF_A_NAME:
        raise ValueError(f'"{brief(text)}" is too short a name; {LEAST_OF_A_NAME} characters at least')
    return name


def _length(text: str) -> timedelta:
    if text.endswith("d"):
        return timedelta(days=kept_days(text, LONGEST_DAYS))
    return timedelta(seconds=seconds(text, LEAST_S, LONGEST_DAYS * 86_400.0))


def _is_over(block: Block, at: datetime) -> bool:
    return block.expires_at is not None and at >= block.expires_at


def _of(block: Block) -> tuple[str, ...]:
    """Whom it blocks."""
    fits = block.pattern
    return (fits.kind.value, fits.value, fits.last) if fits is not None else ("name", block.name)


def _called(block: Block) -> set[str]:
    """By what it may be removed."""
    fits = block.pattern
    return {block.key, block.name or "", *((fits.text, fits.value) if fits is not None else ())} - {""}


def _told(block: Block) -> dict[str, Any]:
    return {
        "what": str(block.pattern) if block.pattern is not None else None,
        "name": block.name or None,
        "cause": block.cause,
        "reason": block.reason,
        "expires_at": block.expires_at,
        "added_at": block.added_at,
        "added_by": block.added_by,
        "hits": block.hits,
        "last_hit_at": block.last_hit_at,
    }
