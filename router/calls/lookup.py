"""Asks another system, such as a CRM, for a caller's name. It never holds up a call: what is late is dropped."""

import asyncio
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
import msgspec
import structlog
from yarl import URL

from router.dialplan.numbers import clean_name

log = structlog.get_logger()

MOST_BYTES = 4_096
_AT_ONCE = 50
_UNKNOWN = (204, 404)  # it does not know the number, which is an answer


class Answer(msgspec.Struct):
    """What a service answers in JSON; more keys are its own matter."""

    name: str | None = None


class Lookup:
    """url: with {number}, which becomes the number in E.164. limit_s: for the whole answer. token: a bearer's."""

    def __init__(self, url: str, *, limit_s: float, token: str = "") -> None:
        self._url = url
        self._limit_s = limit_s
        self._headers = {"Accept": "application/json, text/plain"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=_AT_ONCE),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def name_of(self, number: str) -> str:
        """The name, as one harmless line; "" when there is none or none in time. number: E.164. Never raises."""
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._asked(number)
        except TimeoutError:
            because = f"no answer in {self._limit_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            because = str(error) or type(error).__name__
        log.info("caller not looked up", because=because)
        return ""

    async def _asked(self, number: str) -> str:
        """Raises ValueError for an answer that is none."""
        url = URL(self._url.replace("{number}", quote(number, safe="")), encoded=True)
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status in _UNKNOWN:
                return ""
            if response.status != 200:
                raise ValueError(f"it answered {response.status}")
            content = await response.content.read(MOST_BYTES + 1)
            while content and len(content) <= MOST_BYTES and (more := await response.content.read(MOST_BYTES)):
                content += more
        if len(content) > MOST_BYTES:
            raise ValueError(f"its answer is longer than {MOST_BYTES} bytes")
        return _name_in(content, response.content_type)


def _name_in(content: bytes, kind: str) -> str:
    """JSON with a name, or the first line of a plain text. Raises ValueError for anything else."""
    text = content.strip()
    if text.startswith(b"{") or kind == "application/json":
        return clean_name(msgspec.json.decode(text, type=Answer).name or "")
    if kind != "text/plain" or text.startswith(b"<"):
        raise ValueError(f"its answer is {kind}; JSON or plain text is expected")
    return clean_name((text.decode("utf-8").splitlines() or [""])[0])
