"""`POST /calls`: click-to-call over HTTP, for whoever holds the token.

curl -H "Authorization: Bearer $(cat TOKENFILE)" -d '{"by": "alice", "to": "020 7946 0999"}' .../calls
"""

import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import web

from router.model.call import CallId

Place = Callable[[str, str, str | None], CallId]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """by: key of the person whose phone rings first. to: as dialled. department: for which, None for their own."""

    by: str
    to: str
    department: str | None = None


def dialling_route(token: str, place: Place) -> web.RouteDef:
    """place: begins the call; raises ValueError, saying what is wrong."""

    async def calls(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return _told(401, error="the token is missing or wrong")
        try:
            wanted = msgspec.json.decode(await request.read(), type=Wanted)
            call_id = place(wanted.by, wanted.to, wanted.department)
        except (msgspec.DecodeError, ValueError) as error:
            return _told(400, error=str(error))
        return _told(202, call=call_id)

    return web.post("/calls", calls)


def token_in(file: Path) -> str:
    """The token kept in `file`, made when there is none yet; only its owner may read it."""
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(token + "\n")
        return token


def _told(status: int, **body: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
