"""What `GET /healthz` tells: whether this router can carry calls, part by part.

A load balancer or a watchdog reads the status, a person the words. Only what calls need makes the status 503: a
mail server that is down must not get a router killed that still carries calls.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """says: the state in words: "connected to Asterisk 22.10.1". needed: calls cannot be carried without it."""

    good: bool
    says: str
    needed: bool = True


Parts = Callable[[], Mapping[str, Part]]


def report(parts: Mapping[str, Part]) -> tuple[int, bytes]:
    """HTTP status and JSON."""
    is_healthy = all(part.good for part in parts.values() if part.needed)
    body = {"healthy": is_healthy, "parts": parts}
    return 200 if is_healthy else 503, msgspec.json.encode(body)
