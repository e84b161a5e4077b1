"""PASSporTs (RFC 8225, 8588) and their certificates, made and read with OpenSSL alone.

Not by the library that Asterisk signs with, which they help to prove.
"""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

_SIZE = 32  # bytes of each of the two numbers of an ES256 signature (RFC 7518 3.4)
_EXTENSIONS = """\
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
1.3.6.1.5.5.7.1.26 = DER:30:08:A0:06:16:04:31:32:33:34
"""  # TNAuthList (RFC 8226 9): the service provider 1234


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    header: dict[str, Any]
    claims: dict[str, Any]


class Authority:
    """Who vouches for a company: its root, and the company's key and certificate, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root, self.key, self.certificate = (folder / name for name in ("root.pem", "our.key", "our.pem"))
        for key in ("root.key", "our.key"):
            self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        of_root = ("-addext", "keyUsage=critical,keyCertSign", "-subj", "/O=Test authority")
        self._openssl("req", "-x509", "-key", "root.key", "-days", "2", *of_root, "-out", "root.pem")
        self._openssl("req", "-new", "-key", "our.key", "-subj", "/O=Acme Ltd/CN=SHAKEN 1234", "-out", "our.csr")
        (folder / "extensions").write_text(_EXTENSIONS)
        by_root = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "extensions")
        self._openssl("x509", "-req", "-in", "our.csr", "-days", "1", *by_root, "-out", "our.pem")
        self._openssl("x509", "-in", "our.pem", "-noout", "-pubkey", "-out", "our.pub")

    def sign(self, x5u: str, *, attest: str, orig: str, dest: str, iat: float) -> str:
        """An Identity header (RFC 8224 4). orig, dest: digits only."""
        header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": x5u}
        claims = {"attest": attest, "dest": {"tn": [dest]}, "iat": int(iat), "orig": {"tn": orig}}
        signed = f"{_text(header)}.{_text({**claims, 'origid': str(uuid4())})}"
        der = self._openssl("dgst", "-sha256", "-sign", "our.key", given=signed.encode())
        return f"{signed}.{_encoded(_raw(der))};info=<{x5u}>;alg=ES256;ppt=shaken"

    def read(self, identity: str) -> Passport:
        """What an Identity header says. Raises CalledProcessError unless our key has signed it."""
        signed, _, signature = identity.partition(";")[0].rpartition(".")
        (self._folder / "signature").write_bytes(_der(_decoded(signature)))
        self._openssl("dgst", "-sha256", "-verify", "our.pub", "-signature", "signature", given=signed.encode())
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        return Passport(header=header, claims=claims)

    def _openssl(self, *arguments: str, given: bytes = b"") -> bytes:
        done = subprocess.run(
            ("openssl", *arguments), cwd=self._folder, input=given, capture_output=True, check=True
        )
        return done.stdout


def _text(part: dict[str, Any]) -> str:
    """Keys in order and no spaces (RFC 8225 9)."""
    return _encoded(json.dumps(part, sort_keys=True, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _raw(der: bytes) -> bytes:
    """The two numbers of a signature one after the other, from OpenSSL's SEQUENCE of two INTEGERs."""
    first = der[4 : 4 + der[3]]
    second = der[6 + der[3] :]
    return b"".join(number.lstrip(b"\0").rjust(_SIZE, b"\0") for number in (first, second))


def _der(raw: bytes) -> bytes:
    numbers = b"".join(_integer(raw[start : start + _SIZE]) for start in (0, _SIZE))
    return b"\x30" + bytes([len(numbers)]) + numbers


def _integer(number: bytes) -> bytes:
    plain = number.lstrip(b"\0")
    plain = b"\0" + plain if not plain or plain[0] & 0x80 else plain
    return b"\x02" + bytes([len(plain)]) + plain
