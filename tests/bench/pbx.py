"""The Asterisk under load: `asterisk-conf/` with a company of 400 phones, all of them one SIPp."""

import asyncio
import contextlib
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.company import write_configuration, write_plan
from tests.support.asterisk import Asterisk, find_asterisk, free_ports

AT = "127.0.0.1"
RTP_PORTS = 4_000  # four for each call, and calls of the last seconds may still hold theirs
EMPTY_LIMIT_S = 5.0


@dataclass(kw_only=True)
class LoadedPbx:
    """carrier_port, native_port: what calls come from decides their way. phones_port: of the called side."""

    folder: Path
    plan: Path
    asterisk: Asterisk
    sip_port: int
    carrier_port: int
    native_port: int
    phones_port: int
    ari_port: int
    ari_secret: str
    agi_port: int
    fallback_path: Path
    ari_user: str = "callrouter"

    async def left_behind(self) -> tuple[int, int]:
        """Channels and bridges, once there are none or after a while."""
        try:
            async with asyncio.timeout(EMPTY_LIMIT_S):
                while any(left := await self._counts()):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            pass
        return left

    async def _counts(self) -> tuple[int, int]:
        channels = (await self.asterisk.cli("core show channels concise")).splitlines()
        bridges = (await self.asterisk.cli("bridge show all")).strip().splitlines()[1:]
        return len([line for line in channels if "!" in line]), len(bridges)


@contextlib.asynccontextmanager
async def loaded_pbx() -> AsyncIterator[LoadedPbx]:
    """Runs it on free ports, below a temporary folder that goes with it."""
    description = await asyncio.to_thread(find_asterisk)
    folder = Path(tempfile.mkdtemp(prefix="callrouter-load-"))
    try:
        sip, carrier, native, phones, ari, agi, unused = free_ports(7)
        secret = secrets.token_urlsafe(16)
        music = folder / "music"
        music.mkdir()
        rtp = 20_000
        conf = write_configuration(
            folder / "conf", carrier=f"{AT}:{carrier}", native=f"{AT}:{native}", phones=f"{AT}:{phones}"
        )
        state = folder / "pbx"
        values = {
            "ARI_ADDRESS": AT,
            "ARI_PORT": str(ari),
            "ARI_SECRET": secret,
            "SIP_ADDRESS": AT,
            "SIP_PORT": str(sip),
            "VOIPCO": f"{AT}:{unused}",
            "BACKUP": f"{AT}:{unused}",
            "PHONES_CONTEXT": "callrouter-outbound",
            "PHONE_SECRET": secrets.token_urlsafe(16),
            "MUSIC": str(music),
            "RTP_START": str(rtp),
            "RTP_END": str(rtp + RTP_PORTS - 1),
            "AGI": f"{AT}:{agi}",
        }
        asterisk = Asterisk("under load", description, conf, state, values)
        try:
            await asterisk.start()
            yield LoadedPbx(
                folder=folder,
                plan=write_plan(folder / "plan"),
                asterisk=asterisk,
                sip_port=sip,
                carrier_port=carrier,
                native_port=native,
                phones_port=phones,
                ari_port=ari,
                ari_secret=secret,
                agi_port=agi,
                fallback_path=state / "etc/callrouter-fallback.conf",
            )
        finally:
            await asterisk.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
