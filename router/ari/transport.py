"""How a request reaches Asterisk: the seam between typed operations above and sockets below.

Tests put a scripted Asterisk in its place; nothing above it knows HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


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
        """One request, whatever its status. Raises Unreachable.

        method: upper case. path: without leading slash, its ids percent-encoded ("/" as %2F), such as
        "channels/a%2Fb/answer". query: plain text, not yet encoded. body: sent as JSON.
        """
