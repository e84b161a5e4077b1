"""`POST /calls`: click-to-call over HTTP, for whoever holds the token.

curl -H "Authorization: Bearer $(cat TOKENFILE)" -d '{"by": "alice", "to": "020 7946 0999"}' .../calls
"""

import hmac
import os
import secrets
import tempfile
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
    """place: begins the call; raises ValueError, saying what is wrong. Raises ValueError for an empty token."""
    if not token:
        raise ValueError("an empty token would let everybody place calls")

    async def calls(request: web.Request) -> web.Response:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        is_theirs = hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())
        if scheme.lower() != "bearer" or not is_theirs:
            return _told(401, error="the token is missing or wrong")
        try:
            wanted = msgspec.json.decode(await request.read(), type=Wanted)
            call_id = place(wanted.by, wanted.to, wanted.department)
        except (msgspec.DecodeError, ValueError) as error:
            return _told(400, error=str(error))
        return _told(202, call=call_id)

    return web.post("/calls", calls)


def token_in(file: Path) -> str:
    """The token kept in `file`, made when there is none yet; only its owner may read it. Raises OSError."""
    try:
        if token := file.read_text(encoding="ascii").strip():
            return token
        file.unlink()  # made by a disk that was full, or by hand
    except FileNotFoundError:
        pass
    token = secrets.token_urlsafe(32)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(token + "\n")
        os.link(name, file)  # whole or not at all
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()  # another router made it meanwhile
    finally:
        Path(name).unlink()
    return token


def _told(status: int, **body: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")
