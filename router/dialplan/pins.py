"""PINs as they are kept: hashed with a salt, or in a file or a variable outside the plan."""

import base64
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from router.model.pin import Pin

SHORTEST, LONGEST = 4, 12  # digits

_PIN = re.compile(rf"[0-9]{{{SHORTEST},{LONGEST}}}\Z", re.ASCII)
_KEPT = re.compile(r"scrypt:([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{43}=)\Z")
_COST = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 50 ms for each guess (RFC 7914)
_MOST_BYTES = 1_000


def is_pin(text: str) -> bool:
    return _PIN.match(text) is not None


def is_kept(text: str) -> bool:
    """Whether it is what `kept` makes."""
    return _KEPT.match(text) is not None


def kept(pin: str) -> str:
    """What stands for the PIN in a plan; another each time. pin: as `is_pin`. Takes some 50 ms."""
    salt = secrets.token_bytes(16)
    return f"scrypt:{base64.b64encode(salt).decode()}:{base64.b64encode(_hash(pin, salt)).decode()}"


def is_right(typed: str, pin: Pin) -> bool:
    """Raises ValueError, saying why but nothing of what is there, where no PIN can be read.

    Reads a file and takes some 50 ms: not for the event loop.
    """
    known = _read(pin)
    found = _KEPT.match(known)
    if found is not None:
        salt, expected = (base64.b64decode(part) for part in found.groups())
        return hmac.compare_digest(_hash(typed, salt), expected)
    return hmac.compare_digest(typed.encode(), known.encode())


def objection(pin: Pin) -> str | None:
    """Why nobody could type it rightly, None when it can be read. Reads a file."""
    try:
        _read(pin)
    except ValueError as wrong:
        return str(wrong)
    return None


def _read(pin: Pin) -> str:
    """The PIN, or what stands for it. Raises ValueError."""
    known = pin.kept or _written(pin)
    if not (is_kept(known) or is_pin(known)):
        raise ValueError(
            f"{_place(pin)} holds neither {SHORTEST} to {LONGEST} digits nor what `callrouter pin` makes"
        )
    return known


def _written(pin: Pin) -> str:
    if pin.env:
        if pin.env not in os.environ:
            raise ValueError(f"{_place(pin)} is not set")
        return os.environ[pin.env].strip()
    try:
        with Path(pin.file).open("rb") as file:
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except OSError as wrong:
        raise ValueError(f"{_place(pin)} cannot be read: {wrong.strerror}") from None


def _place(pin: Pin) -> str:
    return f"the variable {pin.env}" if pin.env else f"the file {pin.file}"


def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **_COST)
