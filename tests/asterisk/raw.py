"""A routed bench whose carriers, and one phone, are bare sockets."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.routed import Routed, routed
from tests.support.asterisk import ROOT
from tests.support.raw_sip import RawSip, raw_sip

PLAN = Path(__file__).parent / "raw_plan"

# What each carrier is told, beside what the template has: of `plus` a REFER comes as far as the router.
CARRIERS = {
    "plus": "allow_transfer = yes",
    "digits": "trust_id_outbound = no",
    "zeros": "user_eq_phone = yes",
    "national": "",
}


@dataclass(kw_only=True)
class Raw:
    """carrier: of all four trunks. desk: the phone of that name."""

    house: Routed
    carrier: RawSip
    desk: RawSip


@asynccontextmanager
async def on_the_wire(*, desk_has: str = "") -> AsyncIterator[Raw]:
    """desk_has: a line more for the endpoint of the phone."""
    async with raw_sip() as carrier, raw_sip() as desk:
        conf = Path(tempfile.mkdtemp(prefix="callrouter-conf-"))
        try:
            shutil.copytree(ROOT / "asterisk-conf", conf, dirs_exist_ok=True)
            with (conf / "pjsip.conf").open("a") as pjsip:
                pjsip.write(_endpoints(carrier, desk, desk_has))
            async with routed(PLAN, conf=conf) as house:
                carrier.pbx = desk.pbx = house.far.pbx
                yield Raw(house=house, carrier=carrier, desk=desk)
        finally:
            shutil.rmtree(conf)


def _endpoints(carrier: RawSip, desk: RawSip, desk_has: str) -> str:
    lines = [
        line
        for name, more in CARRIERS.items()
        for line in (f"[{name}](trunk)", f"aors = {name}", more, *_aor(name, carrier))
    ]
    lines += ["[plus]", "type = identify", "endpoint = plus", f"match = {carrier.address}"]
    lines += ["[desk](phone)", "aors = desk", desk_has, *_aor("desk", desk)]
    return "\n".join(["", *lines, ""])


def _aor(name: str, at: RawSip) -> tuple[str, ...]:
    return f"[{name}]", "type = aor", f"contact = sip:{at.address}"
