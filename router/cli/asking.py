"""Asks the running router over HTTP, with the token it made at its first start."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from router.cli.shared import fail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from router.settings import Settings

ANSWER_S = 10.0  # for the running router to answer
SILENT_S = 40.0  # between two events; it is heard of every 15 s
MOST_BYTES = 8_000_000


def ask(
    settings: "Settings", method: str, path: str, body: str | None = None, *, limit_s: float = ANSWER_S
) -> dict[str, Any]:
    """What the router answers. Tells why and ends the command when it refuses, or does not answer."""
    import json

    with _answer(settings, method, path, body, limit_s) as answer:
        told = dict(json.loads(answer.read(MOST_BYTES)))
    if answer.status >= 300:
        fail(*told.get("faults", ()), str(told.get("error", f"the router answered {answer.status}")))
    return told


def listen(settings: "Settings", path: str) -> "Iterator[dict[str, Any]]":
    """The events that the router sends, each as it comes. Tells why and ends the command where it refuses."""
    import json

    with _answer(settings, "GET", path, None, SILENT_S) as answer:
        if answer.status >= 300:
            fail(str(json.loads(answer.read(MOST_BYTES)).get("error", f"the router answered {answer.status}")))
        while line := answer.readline(MOST_BYTES):
            field, _, value = line.decode().partition(": ")
            if field == "data":
                yield json.loads(value)


@contextmanager
def _answer(
    settings: "Settings", method: str, path: str, body: str | None, limit_s: float
) -> "Iterator[HTTPResponse]":
    import http.client

    listen = settings.http.listen
    if listen is None:
        fail("http.listen is off; the running router cannot be asked")
    headers = {
        "Authorization": f"Bearer {_token(settings)}",
        "Content-Type": "application/json",
        "Callrouter-By": f"{_user()} by command",
    }
    connection = http.client.HTTPConnection(_reachable(listen.host), listen.port, timeout=limit_s)
    try:
        connection.request(method, path, body.encode() if body is not None else None, headers)
        yield connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError, TypeError) as error:
        fail(
            f"no answer from the router at {listen}: {_reason(error)}; start it, or give its settings (http.listen)"
        )
    finally:
        connection.close()


def _token(settings: "Settings") -> str:
    try:
        return settings.token_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(
            f"{settings.token_file}, which the router makes at its first start, cannot be read: {_reason(error)}; "
            "start the router, or run this as its user and with its settings (state_dir)"
        )


def _reason(error: Exception) -> str:
    """Without the error's number, and the file that the message names anyway."""
    return getattr(error, "strerror", None) or str(error)


def _user() -> str:
    """Who runs the command, for the list of changes; an HTTP header holds ASCII only."""
    import getpass

    try:
        return getpass.getuser().encode("ascii", "replace").decode()
    except (KeyError, OSError):  # a user that has no name, as in a container
        return "somebody"


def _reachable(host: str) -> str:
    """Where to reach a listener that listens everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
