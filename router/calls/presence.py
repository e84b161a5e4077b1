"""Who is registered, and which trunk is there: asked twice a second, by one request for all of a technology.

For ten phones that costs Asterisk 0.1 ms and us 0.2, for a thousand 2.3 and 0.7, so that of many it is asked less
often, down to every two seconds. Subscribing would cost more: to the devices of all it can lock up ARI (Asterisk
issue 2170), and to endpoints it has Asterisk describe each event of each call once more, filtered out or not, which
is 1.4 ms a call, a quarter of what it takes.

An answer may be that old when it is used. A phone that has gone meanwhile costs a millisecond, for its leg
is refused at once; one that has come back is passed over until the next answer. Without an answer nobody is.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from router.ari.client import Ari
from router.ari.errors import AriError
from router.calls.staff import Staff
from router.calls.trunks import Trunks
from router.model.department import Person

log = structlog.get_logger()

ASKED_EVERY_S = 0.5
LATEST_S = 2.0
_FOR_EACH_S = 0.002  # so that a thousand endpoints cost per second what a few hundred do
_STATES = {"online": True, "offline": False}  # "unknown" is neither


def pause_s(endpoints: int) -> float:
    """How long until Asterisk is asked again, which knows so many endpoints."""
    return min(max(endpoints * _FOR_EACH_S, ASKED_EVERY_S), LATEST_S)


class Presence:
    """people: of the plan in force. trunks: told of their endpoints too."""

    def __init__(self, ari: Ari, staff: Staff, people: Callable[[], Iterable[Person]], trunks: Trunks) -> None:
        self._ari = ari
        self._staff = staff
        self._people = people
        self._trunks = trunks
        self._is_answered = True
        self._pause_s = LATEST_S
        self._told_missing: frozenset[str] = frozenset()

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._pause_s)

    async def look(self) -> None:
        people = tuple(self._people())
        trunks = {trunk.key: f"{trunk.dial.partition('/')[0]}/{trunk.endpoint}" for trunk in self._trunks.known}
        endpoints = (*trunks.values(), *(person.endpoint for person in people))
        try:
            states = await self._states({endpoint.partition("/")[0] for endpoint in endpoints})
        except AriError as error:
            if self._is_answered:
                log.warning("who is registered is not known", because=str(error))
            states, self._is_answered, self._pause_s = {}, False, LATEST_S
        else:
            self._is_answered, self._pause_s = True, pause_s(len(states))
            self._tell_missing(frozenset(endpoints) - states.keys())
        for person in people:
            self._staff.registered(person.key, _STATES.get(states.get(person.endpoint, "")))
        for trunk, endpoint in trunks.items():
            self._trunks.seen(trunk, _STATES.get(states.get(endpoint, "")))

    def _tell_missing(self, missing: frozenset[str]) -> None:
        """Each once: mostly a name that was written wrongly, here or in pjsip.conf."""
        if new := sorted(missing - self._told_missing):
            log.warning("asterisk has no such endpoint", endpoints=", ".join(new))
        self._told_missing = missing

    async def _states(self, technologies: Iterable[str]) -> Mapping[str, str]:
        """State by endpoint, such as "PJSIP/alice". Raises AriError."""
        states = {}
        for technology in technologies:
            for endpoint in await self._ari.endpoints.list_by_tech(technology) or ():
                states[f"{endpoint.technology}/{endpoint.resource}"] = endpoint.state or ""
        return states
