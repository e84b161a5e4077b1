"""The kinds of values a setting may have: each a function from what was given to the value.

What is given is text from the environment, or whatever a TOML or YAML file holds. ValueError says what is wrong and
expected, to be read after the value itself, and never repeats it: the value may be a secret.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from router.dialplan import scalars
from router.dialplan.faults import Suggest


@dataclass(frozen=True, slots=True)
class Key:
    """How one setting is read. needed: why the running service must have it, "" when it need not be given."""

    read: Callable[[Any], Any]
    secret: bool = False
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen at. port 0: any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("is not text in one line; numbers and words such as true need quotes")
    return value.strip()


def password(value: Any) -> str:
    """Kept as it is, with spaces at its ends if it has them."""
    text(value)
    return str(value)


def path(value: Any) -> Path:
    return Path(text(value)).expanduser()


def number(value: Any, least: float, most: float) -> float:
    try:
        read = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        read = float("nan")
    if not least <= read <= most:  # not a number is neither
        raise ValueError(f"is no number from {least:g} to {most:g}")
    return read


def port(value: Any) -> int:
    read = number(value, 1, 65_535)
    if not read.is_integer():
        raise ValueError("is no port; 1 to 65535")
    return int(read)


def choice(value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"is not known; {Suggest()(str(value), known)}")
    return str(value)


_URL = re.compile(r"[!-~]+")
_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):([0-9]{1,5})")


def listen(value: Any) -> Listen | None:
    if value == "off":
        return None
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[3]) > 65_535:
        raise ValueError('is no address to listen at; write host and port, such as "127.0.0.1:4573", or "off"')
    return Listen(found[1] or found[2], int(found[3]))


def address(value: Any) -> str:
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment:
        raise ValueError("is no address of Asterisk's HTTP server; write it such as http://127.0.0.1:8088")
    if parts.username or parts.password:
        raise ValueError("holds a user or password; they belong into ari.username and ari.password")
    return str(value).rstrip("/")


def lookup_url(value: Any) -> str:
    """Of a service that knows names by number, which stands behind the host: elsewhere a caller would choose it."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or "{" in parts.netloc or value.count("{number}") != 1 or not _URL.fullmatch(value):
        raise ValueError("is no address with {number} in it; write it such as https://crm.example/name?of={number}")
    return str(value)


def mailbox(value: Any) -> str:
    """An address, or "Name <address>", as it goes into From."""
    given = text(value)
    try:
        scalars.email(parseaddr(given)[1])
    except ValueError:
        raise ValueError("is no e-mail address; write it such as voicemail@example.com") from None
    return given


def store_url(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("is no store; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
    return value


seconds = partial(number, least=0.1, most=86_400.0)
