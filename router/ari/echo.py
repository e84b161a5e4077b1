"""Whether events reach us: we raise one and wait for it.

A socket can be open and deaf. Seen on 22.10.1: when the end of an old connection and our new registration fall
together (after Asterisk hung, for instance), Asterisk drops the application together with the old connection; the
new one stays open, its PINGs are answered, calls fall to the dialplan. An ARI that is deadlocked answers PINGs too.
"""

import asyncio
import secrets

from router.ari.client import Ari
from router.ari.models import ChannelUserevent, Event

LIMIT_S = 5.0


class Echo:
    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._name = f"echo-{secrets.token_hex(8)}"
        self._heard = asyncio.Event()

    def takes(self, event: Event) -> bool:
        """Whether the event is the one we raised: nobody else's business."""
        if isinstance(event, ChannelUserevent) and event.eventname == self._name:
            self._heard.set()
            return True
        return False

    async def comes_back(self) -> bool:
        """False when Asterisk does not know our application, or its event stays away. Raises AriError."""
        self._heard.clear()
        try:
            async with asyncio.timeout(LIMIT_S):
                if not await self._ari.events.user_event(self._name, application=self._ari.app):
                    return False
                await self._heard.wait()
        except TimeoutError:
            return False
        return True
