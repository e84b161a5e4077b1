"""`POST /calls`: click-to-call over HTTP, for whoever holds the token.

curl -H "Authorization: Bearer $(cat TOKENFILE)" -d '{"by": "alice", "to": "020 7946 0999"}' .../calls
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import web

from router.console.body import body
from router.console.door import Door
from router.model.call import CallId

Place = Callable[[str, str, str | None], CallId]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """by: key of the person whose phone rings first. to: as dialled. department: for which, None for their own."""

    by: str
    to: str
    department: str | None = None


def dialling_route(door: Door, place: Place) -> web.RouteDef:
    """place: begins the call; raises ValueError, saying what is wrong, or `door.Unavailable`."""

    async def calls(request: web.Request) -> dict[str, CallId]:
        wanted = await body(request, Wanted)
        return {"call": place(wanted.by, wanted.to, wanted.department)}

    return door.post("/calls", calls, status=202)


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
