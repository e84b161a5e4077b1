"""The bench: the PBX on `asterisk-conf/`, and a second Asterisk as its carriers and phones.

    async with Bench() as bench:
        await bench.far.phone("alice").will("answer", says="440")
        caller = await bench.far.call("+442079460100")
        await caller.answered()
        assert (await caller.hears()).has_tone(440)

Everything is on the loopback, on ports that were free, below one temporary folder. Leaving it stops both and
removes the folder. The demo and the benchmark use it too.
"""

import asyncio
import contextlib
import random
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from tests.support.asterisk import ROOT, SHARE, SHARES, Asterisk, find_asterisk, free_ports
from tests.support.far_end.ari import BenchAri, Json
from tests.support.far_end.far import FarEnd
from tests.support.sound import tone_wav

CARRIERS = ("voipco", "backup")
PHONES = ("alice", "bob", "carol", "dave")
MUSIC_HZ = 660  # what the PBX's music on hold is recognised by
REGISTER_LIMIT_S = 10.0


class Bench:
    """fallback: text of callrouter-fallback.conf to start with. phones: the ones that register at start.

    phones_context: callrouter-outbound, or callrouter-outbound-agi for the FastAGI door. conf: the PBX's
    configuration, where a test has changed ours.

    What a router needs to know: ari_url, ari_user, ari_secret, agi_port (free for it, the dialplan calls it),
    fallback_path, recordings.
    """

    ari_user = "callrouter"

    def __init__(
        self,
        *,
        fallback: str = "",
        phones: Sequence[str] = PHONES,
        phones_context: str = "callrouter-outbound",
        conf: Path = ROOT / "asterisk-conf",
    ) -> None:
        self._conf = conf
        self._fallback = fallback
        self.phones = tuple(phones)
        self._phones_context = phones_context
        self._exit = contextlib.AsyncExitStack()
        self._changed = asyncio.Event()
        self._online: set[str] = set()

    async def __aenter__(self) -> Self:
        description = await asyncio.to_thread(find_asterisk)
        async with contextlib.AsyncExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="callrouter-bench-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._lay_out(description)
            stack.push_async_callback(self.far.asterisk.stop)
            stack.push_async_callback(self.pbx.stop)
            await asyncio.gather(self.pbx.start(), self.far.asterisk.start())
            await stack.enter_async_context(self._watch)
            await stack.enter_async_context(self.far)
            await self._watch_phones()
            await self._ask_carriers()
            for name in set(PHONES) - set(self.phones):
                await self.unregister(name)
            await self.until_online(*self.phones)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exit.aclose()

    def _lay_out(self, description: Path) -> None:
        sip, voipco, backup, phones, ari, far_ari, agi = free_ports(7)
        first = 10_000 + SHARE * (20_000 // SHARES)
        rtp = random.randrange(first, first + 20_000 // SHARES, 400)
        at = "127.0.0.1"
        self.sip_port, self.ari_port, self.agi_port = sip, ari, agi
        self.ari_url, self.ari_secret = f"http://{at}:{ari}", secrets.token_urlsafe(16)
        state = self.folder / "pbx"
        self.fallback_path = state / "etc/callrouter-fallback.conf"
        self.recordings = state / "spool/recording"
        music = self.folder / "music"
        self.fallback_path.parent.mkdir(parents=True)
        self.fallback_path.write_text(self._fallback)
        music.mkdir()
        (music / "tone.wav").write_bytes(tone_wav(MUSIC_HZ))
        phone_secret = secrets.token_urlsafe(16)
        shared = {"ARI_ADDRESS": at, "PHONE_SECRET": phone_secret, "MUSIC": str(music)}
        self.pbx = Asterisk(
            "pbx",
            description,
            self._conf,
            state,
            shared
            | {
                "ARI_PORT": str(ari),
                "ARI_SECRET": self.ari_secret,
                "SIP_ADDRESS": at,
                "SIP_PORT": str(sip),
                "VOIPCO": f"{at}:{voipco}",
                "BACKUP": f"{at}:{backup}",
                "PHONES_CONTEXT": self._phones_context,
                "RTP_START": str(rtp),
                "RTP_END": str(rtp + 199),
                "AGI": f"{at}:{agi}",
            },
        )
        far_secret = secrets.token_urlsafe(16)
        far = Asterisk(
            "far end",
            description,
            ROOT / "tests/support/far_end",
            self.folder / "far",
            shared
            | {
                "ARI_PORT": str(far_ari),
                "ARI_SECRET": far_secret,
                "PBX": f"{at}:{sip}",
                "VOIPCO": f"{at}:{voipco}",
                "BACKUP": f"{at}:{backup}",
                "PHONES": f"{at}:{phones}",
                "RTP_START": str(rtp + 200),
                "RTP_END": str(rtp + 399),
                # Channel ids are unique per Asterisk only; these keep the two apart.
                "SYSTEMNAME": "far",
                "ENTITYID": "02:00:00:00:00:02",
            },
        )
        carriers = {"voipco": f"{at}:{voipco}", "backup": f"{at}:{backup}"}
        self.far = FarEnd(far, far_ari, far_secret, carriers, pbx=f"{at}:{sip}")
        # An application of its own, for the phones' presence alone: the router's one is never touched.
        self._watch = BenchAri(ari, self.ari_user, self.ari_secret, "bench", self._note)

    # --- the phones, as the PBX knows them

    async def _watch_phones(self) -> None:
        allowed = {"allowed": [{"type": "ContactStatusChange"}, {"type": "EndpointStateChange"}]}
        await self._watch.request("POST", "applications/bench/subscription", eventSource="endpoint:PJSIP")
        await self._watch.request("PUT", "applications/bench/eventFilter", allowed)
        for endpoint in await self._watch.request("GET", "endpoints/PJSIP"):
            if endpoint["state"] == "online":
                self._online.add(endpoint["resource"])

    async def _ask_carriers(self) -> None:
        """The PBX asks them as it starts, when they may not be there yet, and the next time half a minute later."""
        for name in CARRIERS:
            await self.pbx.cli(f"pjsip qualify {name}")
        await self.until_online(*CARRIERS)

    def _note(self, event: Json) -> None:
        if event["type"] == "EndpointStateChange":
            name, online = event["endpoint"]["resource"], event["endpoint"]["state"] == "online"
            (self._online.add if online else self._online.discard)(name)
            self._changed.set()

    async def until_online(self, *phones: str) -> None:
        await self._until(lambda: self._online >= set(phones), f"registration of {', '.join(phones)}")

    async def until_offline(self, *phones: str) -> None:
        await self._until(lambda: not self._online & set(phones), f"unregistration of {', '.join(phones)}")

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(REGISTER_LIMIT_S):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            online = ", ".join(sorted(self._online)) or "nobody"
            raise AssertionError(f"{what} did not happen in {REGISTER_LIMIT_S} s; online: {online}") from None

    async def register(self, *phones: str) -> None:
        for name in phones:
            await self.far.asterisk.cli(f"pjsip send register {name}")
        await self.until_online(*phones)

    async def unregister(self, *phones: str) -> None:
        for name in phones:
            await self.far.asterisk.cli(f"pjsip send unregister {name}")
        await self.until_offline(*phones)

    async def restart_pbx(self) -> None:
        """Stops the PBX with all its calls and starts it anew; returns once the phones are registered again."""
        await self._watch.__aexit__(None, None, None)
        await self.pbx.stop()
        self._online.clear()
        await self.pbx.start()
        await self._watch.__aenter__()
        await self._watch_phones()
        await self._ask_carriers()
        for name in self.phones:
            await self.far.asterisk.cli(f"pjsip send register {name}")
        await self.until_online(*self.phones)
