"""How a request reaches Asterisk: the seam between typed operations above and sockets below.

Tests put a scripted Asterisk in the Transport's place; nothing above it knows HTTP. HttpTransport is the usual
lane: pooled, so that one request that waits for a busy channel holds up no other.
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from yarl import URL

from router.ari.errors import Unreachable

_IDLE_S = 10.0  # below http.conf's session_keep_alive of 15 s, or POSTs meet a connection being closed
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Response:
    """status: HTTP status. body: as sent, b"" when there was none."""

    status: int
    body: bytes = b""


class Transport(Protocol):
    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        """One request; the response whatever its status. Raises Unreachable.

        method: upper case. path: without leading slash, its ids percent-encoded ("/" as %2F), such as
        "channels/a%2Fb/answer". query: plain text, not yet encoded. body: sent as JSON.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where ARI is and who we are there. url: such as "http://127.0.0.1:8088/ari". user, password: as in ari.conf.

    Raises ValueError for a URL that is none, or that carries a login: URLs end up in logs.
    """

    url: str
    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.username or parts.password or parts.query:
            raise ValueError(
                "the ARI URL must not carry a user, a password or a query: these are settings of their own"
            )
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the ARI URL must be like http://127.0.0.1:8088/ari; got {self.url!r}")

    @property
    def base(self) -> str:
        """The URL, ending in "/"."""
        return self.url.rstrip("/") + "/"

    @property
    def headers(self) -> dict[str, str]:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {login}"}


def encoded(query: Mapping[str, str]) -> str:
    """A query string. quote leaves no "+", which Asterisk would read as a space."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())


class HttpTransport:
    """Pooled HTTP. Made inside a running loop; `async with` closes it.

    connections: at most so many at once, further requests wait; http.conf's sessionlimit (100) counts them all.
    request_limit_s: for one request, with the wait for a connection.
    A request that met a connection Asterisk had just closed is sent once more by aiohttp, unless it is a POST: that
    might act twice.
    """

    def __init__(self, access: Access, *, connections: int = 32, request_limit_s: float = 5.0) -> None:
        self._base = access.base
        self._limit_s = request_limit_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=_IDLE_S),
            headers=access.headers,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        url = URL(f"{self._base}{path}?{encoded(query)}" if query else self._base + path, encoded=True)
        data, headers = (None, None) if body is None else (msgspec.json.encode(body), _JSON)
        try:
            async with (
                asyncio.timeout(self._limit_s),
                self._session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer,
            ):
                return Response(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError) as error:
            # from None: some of aiohttp's errors hold the request's headers, the password among them.
            raise Unreachable(f"{method} {path} at {self._base}: {self._reason(error)}") from None

    def _reason(self, error: Exception) -> str:
        match error:
            case TimeoutError():
                return f"no answer within {self._limit_s:g} s"
            case aiohttp.ClientConnectorError():
                return f"cannot connect: {error.os_error.strerror}"
            case _:
                return f"connection lost ({type(error).__name__})"

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
