"""How a request reaches Asterisk: the seam between typed operations above and sockets below.

Tests put a scripted Asterisk in the Transport's place; nothing above it knows HTTP (`http`) or the lane beside the
events (`lane`).
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit

_is_plain = re.compile(r"[A-Za-z0-9._~-]*").fullmatch


def quoted(text: str) -> str:
    """Percent-encoded, for a path's segment or a query's value. Not even a "+" is left, which would be a space."""
    return text if _is_plain(text) else quote(text, safe="")


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
    def address(self) -> tuple[str, int, bool]:
        """Host, port, and whether TLS is spoken there."""
        parts = urlsplit(self.url)
        is_tls = parts.scheme == "https"
        return parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls

    @property
    def headers(self) -> dict[str, str]:
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {login}"}
