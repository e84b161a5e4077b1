"""What every generated operation shares: sending, and reading the answer by the one rule about 404.

An object that left is a value (False, None); a resource this Asterisk lacks is NotSupported, although both are 404.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from router.ari.errors import UNREADABLE, Malformed, NotSupported, RequestRefused, refusal
from router.ari.transport import Response, Transport, quoted

T = TypeVar("T")
Query = Mapping[str, str]
Body = Mapping[str, object]


def part(text: str) -> str:
    """One segment of a path, percent-encoded, "/" as %2F. Raises ValueError for "", which would be another path."""
    if not text:
        raise ValueError("an ARI path needs an id; got an empty one")
    return quoted(text)


def joined(values: str | Sequence[str]) -> str:
    """A parameter with several values, as ARI reads it: separated by commas."""
    return values if isinstance(values, str) else ",".join(values)


class Resource:
    """One of ARI's resources, over a transport."""

    __slots__ = ("_transport",)

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _done(
        self, operation: str, method: str, path: str, query: Query | None = None, body: Body | None = None
    ) -> None:
        answer = await self._transport.request(method, path, query=query, body=body)
        if not 200 <= answer.status < 300:
            raise refusal(answer.status, answer.body, operation)

    async def _done_or_gone(
        self, operation: str, method: str, path: str, query: Query | None = None, body: Body | None = None
    ) -> bool:
        answer = await self._transport.request(method, path, query=query, body=body)
        return 200 <= answer.status < 300 or _gone(answer, operation)

    async def _read(
        self,
        shape: type[T],
        operation: str,
        method: str,
        path: str,
        query: Query | None = None,
        body: Body | None = None,
    ) -> T:
        answer = await self._transport.request(method, path, query=query, body=body)
        if not 200 <= answer.status < 300:
            raise refusal(answer.status, answer.body, operation)
        return _decoded(shape, answer, operation)

    async def _read_or_gone(
        self,
        shape: type[T],
        operation: str,
        method: str,
        path: str,
        query: Query | None = None,
        body: Body | None = None,
    ) -> T | None:
        answer = await self._transport.request(method, path, query=query, body=body)
        if 200 <= answer.status < 300:
            return _decoded(shape, answer, operation)
        _gone(answer, operation)
        return None

    async def _bytes_or_gone(self, operation: str, method: str, path: str) -> bytes | None:
        answer = await self._transport.request(method, path)
        if 200 <= answer.status < 300:
            return answer.body
        _gone(answer, operation)
        return None


def _gone(answer: Response, operation: str) -> bool:
    """False for an object that left; raises the refusal for everything else."""
    why: RequestRefused = refusal(answer.status, answer.body, operation)
    if answer.status != 404 or isinstance(why, NotSupported):
        raise why
    return False


@cache
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def _decoded(shape: type[T], answer: Response, operation: str) -> T:
    try:
        value: T = _decoder(cast(Hashable, shape)).decode(answer.body)
    except UNREADABLE as error:
        raise Malformed(f"the answer to {operation} is not as Asterisk declares it: {error}") from error
    return value
