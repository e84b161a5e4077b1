"""Requests beside the events on one socket, and the declarations our client was generated from."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.request import urlopen

import pytest
import pytest_asyncio

from router.ari import models
from router.ari.generate import declarations
from tests.asterisk.routed import BOX, SALES, Routed, routed
from tests.asterisk.test_inbound_calls import outcome


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def by_socket() -> AsyncIterator[Routed]:
    async with routed(lane="websocket") as house:
        yield house


async def test_a_call_is_carried_over_the_events_socket_alone(by_socket: Routed) -> None:
    far, since = by_socket.far, len(by_socket.router.log)
    await far.phone("bob").will("ring")
    await far.phone("alice").will("answer", says="440")
    caller = await far.call(SALES, says="880")
    alice = await far.phone("alice").call()
    await caller.answered()
    assert (await alice.hears()).has_tone(880)
    await caller.hang_up()
    assert outcome(await by_socket.ended(since)) == "answered"
    await by_socket.nothing_left()


async def test_a_recording_is_fetched_by_http_beside_it(by_socket: Routed) -> None:
    since, mails = len(by_socket.router.log), len(by_socket.mailbox.mails)
    caller = await by_socket.far.call(BOX, says="speech")
    await caller.answered()
    await asyncio.sleep(2.5)  # the caller speaks
    await caller.hang_up()
    assert outcome(await by_socket.ended(since)) == "voicemail"
    await by_socket.mailbox.arrived(mails + 1)


async def test_health_and_metrics_tell_of_the_calls(by_socket: Routed) -> None:
    def get(path: str) -> str:
        with urlopen(f"http://127.0.0.1:{by_socket.router.http_port}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    health = json.loads(await asyncio.to_thread(get, "/healthz"))
    assert health["healthy"] is True
    metrics = await asyncio.to_thread(get, "/metrics")
    assert 'callrouter_calls_total{outcome="answered"}' in metrics
    assert "callrouter_asterisk_connected 1.0" in metrics


async def test_our_client_was_generated_from_this_asterisks_declarations(
    by_socket: Routed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_USER", by_socket.bench.ari_user)
    monkeypatch.setenv("ARI_PASSWORD", by_socket.bench.ari_secret)
    url = f"http://127.0.0.1:{by_socket.bench.ari_port}/ari"
    served = await asyncio.to_thread(declarations.read, url)
    if (await by_socket.bench.pbx.cli("core show version")).startswith("Asterisk 22.10."):
        assert served.digest in (models.__doc__ or "")
    assert {"channels", "bridges", "recordings"} <= set(served.resources)
