"""The door of the running service: who may ask it to do something, and how it says no.

Whoever holds the token may ask. A request that cannot be carried out is answered with {"error": …} and, where a
dial plan is at fault, every one of its {"faults": […]}: 400 for what is wrong in itself, 503 for what may be well
in a minute, 422 for a plan that may not go live, 404 for what is not there, 409 for what may not be done to it.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from router.dialplan.numbers import clean_name
from router.store.errors import StoreError

BY = "Callrouter-By"  # header: who asks, for the list of changes

Do = Callable[[web.Request], Awaitable[Any]]


class Unavailable(Exception):
    """Not now: the service is stopping, or what it needs is away. The message says which."""


class Unknown(Exception):
    """There is no such thing. The message says what was looked for."""


class Forbidden(Exception):
    """It is there and stays as it is. The message says why."""


class Refused(Exception):
    """faults: one line each, all that is wrong."""

    def __init__(self, message: str, faults: Sequence[str]) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class Door:
    """away: why nothing can be asked for now, None while it can. Raises ValueError for an empty token."""

    def __init__(self, token: str, away: Callable[[], str | None] = lambda: None) -> None:
        if not token:
            raise ValueError("an empty token would let everybody in")
        self._token = token.encode()
        self._away = away

    def get(self, path: str, do: Do) -> web.RouteDef:
        """Tells; also while the service is stopping. do: gives what becomes the JSON of the answer, or an
        answer of its own."""
        return web.get(path, self._guarded(do, 200, is_always_open=True))

    def delete(self, path: str, do: Do) -> web.RouteDef:
        """Ends something; also while the service is stopping. do: raises Unknown and Forbidden."""
        return web.delete(path, self._guarded(do, 200, is_always_open=True))

    def post(self, path: str, do: Do, *, status: int = 200) -> web.RouteDef:
        """Does. do: raises ValueError, saying what is wrong and what is known."""
        return web.post(path, self._guarded(do, status))

    def _guarded(self, do: Do, status: int, *, is_always_open: bool = False) -> Callable[..., Any]:
        async def answered(request: web.Request) -> web.StreamResponse:
            if not self._knows(request.headers.get("Authorization", "")):
                return _told(401, error="the token is missing or wrong")
            try:
                if (away := self._away()) is not None and not is_always_open:
                    raise Unavailable(away)
                told = await do(request)
                return told if isinstance(told, web.StreamResponse) else _told(status, told)
            except Unknown as unknown:
                return _told(404, error=str(unknown))
            except Forbidden as forbidden:
                return _told(409, error=str(forbidden))
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
                return _told(400, error=str(error))
            except Refused as refused:
                return _told(422, error=str(refused), faults=refused.faults)
            except (Unavailable, StoreError) as error:
                return _told(503, error=str(error))

        return answered

    def _knows(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        is_theirs = hmac.compare_digest(given.encode(errors="surrogateescape"), self._token)
        return scheme.lower() == "bearer" and is_theirs


def who(request: web.Request) -> str:
    """Who asks, as far as they say so."""
    return clean_name(request.headers.get(BY, "")) or "by HTTP"


def _told(status: int, told: Any = None, **more: Any) -> web.Response:
    body = more if told is None else told
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
