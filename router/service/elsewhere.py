"""Calls that a plain dialplan carries, as an emergency call may end them: through ARI, where that is there."""

import asyncio
from collections.abc import Callable, Collection

from router.ari.client import Ari
from router.ari.errors import AriError
from router.calls.errands import Errands, insist
from router.calls.make_room import Occupant
from router.fastagi.watching import Carried, Watch
from router.model.call import CallId

_ANSWERS_WITHIN_S = 1.0


class Elsewhere:
    """note: puts a line into the record of a call. Without ARI nothing is found."""

    def __init__(self, ari: Ari, watch: Watch, note: Callable[[CallId, str], None]) -> None:
        self._ari = ari
        self._watch = watch
        self._note = note
        self._errands = Errands()

    async def __call__(self, trunks: Collection[str]) -> list[Occupant]:
        carried = self._watch.carried(trunks)
        if not carried:
            return []
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                answered = {channel.id for channel in await self._ari.channels.list() if channel.state == "Up"}
        except (AriError, TimeoutError):
            return []
        return [self._occupant(each, has_answered=each.channel in answered) for each in carried]

    def _occupant(self, each: Carried, *, has_answered: bool) -> Occupant:
        def end() -> None:
            self._note(each.call, f"ended to make room on {each.trunk} for an emergency call")
            self._errands.run(insist(lambda: self._ari.channels.hangup(each.channel)))

        return Occupant(
            call=each.call,
            trunk=each.trunk,
            since=each.since,
            has_answered=has_answered,
            end=end,
            is_over=lambda: each.call not in self._watch,
        )
