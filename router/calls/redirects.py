"""Looks for endpoints whose 302 Asterisk follows by itself: such a call leaves past every rule, unseen by us.

A leg that we create and dial is not followed, whatever its phone answers, unless the endpoint has
`redirect_method = uri_pjsip`: then the SIP stack sends the INVITE on to any address the 302 names.
"""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from router.ari.client import Ari
from router.ari.errors import AriError
from router.model.department import DialPlan

log = structlog.get_logger()

_LOOKS_AGAIN_S = 600.0
_BETWEEN_S = 0.25  # one costs what a tenth of a call does; a thousand phones are asked about in four minutes
_FOLLOWS = ("redirect_method", "uri_pjsip")


class Redirects:
    """plan: the one in force. followed: endpoints, such as "PJSIP/alice", that Asterisk follows."""

    def __init__(self, ari: Ari, plan: Callable[[], DialPlan]) -> None:
        self.followed: frozenset[str] = frozenset()
        self._ari = ari
        self._plan = plan

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_LOOKS_AGAIN_S)

    async def look(self) -> None:
        """Each is told of once, and again when it had been put right meanwhile."""
        followed = set()
        for name in dict.fromkeys(_endpoints(self._plan())):
            try:
                found = await self._ari.asterisk.get_object("res_pjsip", "endpoint", name)
            except AriError as error:
                log.info("whether redirections are followed is not known", endpoint=name, because=str(error))
                return
            if any((each.attribute, each.value) == _FOLLOWS for each in found or ()):
                followed.add(f"PJSIP/{name}")
            await asyncio.sleep(_BETWEEN_S)
        for endpoint in sorted(followed - self.followed):
            log.warning(
                "a 302 of this endpoint leaves past every rule",
                endpoint=endpoint,
                do="set redirect_method = user in pjsip.conf",
            )
        self.followed = frozenset(followed)


def _endpoints(plan: DialPlan) -> Iterator[str]:
    """Names in pjsip.conf, of phones and trunks."""
    for endpoint in (*(person.endpoint for person in plan.people.values()), *_of_trunks(plan)):
        technology, _, name = endpoint.partition("/")
        if technology == "PJSIP" and name:
            yield name


def _of_trunks(plan: DialPlan) -> Iterator[str]:
    for trunk in plan.trunks.values():
        yield f"{trunk.dial.partition('/')[0]}/{trunk.endpoint}"
