"""Health and metrics as a load balancer and Prometheus read them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from router.console.app import console_app, listening
from router.console.dialling import dialling_route
from router.console.door import Door
from router.console.health import Part
from router.console.metrics import Metrics, Reading
from router.model.call import CallId
from router.store.errors import StoreError


@dataclass
class Page:
    status: int
    content_type: str
    text: str


@asynccontextmanager
async def visited(
    path: str,
    parts: dict[str, Part] | None = None,
    readings: Sequence[Reading] = (),
    routes: Sequence[web.AbstractRouteDef] = (),
) -> AsyncIterator[Page]:
    app = console_app(lambda: parts or {}, Metrics(readings), routes)
    async with (
        listening(app, "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        yield Page(answer.status, answer.content_type, await answer.text())


async def test_what_the_server_itself_refuses_is_told_like_everything_else() -> None:
    async with visited("/nowhere") as page:
        assert (page.status, page.content_type, page.text) == (404, "application/json", '{"error":"Not Found"}')
    async with visited("/calls", routes=[dialling_route(Door("a token"), lambda *_: CallId("1"))]) as page:
        assert (page.status, page.text) == (405, '{"error":"Method Not Allowed"}')


async def samples(*readings: Reading) -> dict[str, float]:
    """What Prometheus makes of the page, by "name" or "name{label}"."""
    async with visited("/metrics", readings=readings) as page:
        return {
            sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
            for family in text_string_to_metric_families(page.text)
            for sample in family.samples
        }


GOOD = Part(good=True, says="connected to Asterisk 22.10.1")
LOST = Part(good=False, says="not connected: refused")
NO_MAIL = Part(good=False, says="3 messages wait", needed=False)


@pytest.mark.parametrize(
    ("parts", "status"),
    [({"ari": GOOD}, 200), ({"ari": LOST}, 503), ({"ari": GOOD, "mail": NO_MAIL}, 200), ({}, 200)],
    ids=["all is well", "Asterisk is away", "mail waits, calls go on", "nothing to tell"],
)
async def test_health_is_503_only_for_what_calls_need(parts: dict[str, Part], status: int) -> None:
    async with visited("/healthz", parts) as page:
        assert (page.status, page.content_type) == (status, "application/json")


async def test_health_says_in_words_what_is_wrong() -> None:
    async with visited("/healthz", {"ari": LOST}) as page:
        assert page.text == (
            '{"healthy":false,"parts":{"ari":{"good":false,"says":"not connected: refused","needed":true}}}'
        )


async def test_numbers_are_read_at_each_scrape() -> None:
    count = iter([1.0, 2.0])
    reading = Reading(name="callrouter_live_calls", help="Calls now.", read=lambda: next(count))

    assert (await samples(reading))["callrouter_live_calls"] == 1.0
    assert (await samples(reading))["callrouter_live_calls"] == 2.0


async def test_counters_end_in_total_and_labels_give_one_number_each() -> None:
    ended = Reading(
        name="callrouter_calls_ended",
        help="Calls by how they ended.",
        counts=True,
        label="outcome",
        read=lambda: {"answered": 7, "no answer": 2},
    )

    page = await samples(ended)

    assert page["callrouter_calls_ended_total{answered}"] == 7
    assert page["callrouter_calls_ended_total{no answer}"] == 2


async def test_the_process_itself_is_measured() -> None:
    assert (await samples())["process_resident_memory_bytes"] > 1_000_000


async def test_a_number_the_store_cannot_give_is_left_out_of_the_scrape() -> None:
    async def oldest() -> float:
        raise StoreError("the disk is full")

    with capture_logs() as logs:
        page = await samples(
            Reading(name="callrouter_oldest_undelivered_seconds", help="Age.", read=oldest),
            Reading(name="callrouter_live_calls", help="Calls now.", read=lambda: 3),
        )

    assert "callrouter_oldest_undelivered_seconds" not in page
    assert page["callrouter_live_calls"] == 3
    assert logs[0]["error"] == "the disk is full"


async def test_nothing_to_tell_is_left_out() -> None:
    page = await samples(Reading(name="callrouter_oldest_undelivered_seconds", help="Age.", read=lambda: None))

    assert "callrouter_oldest_undelivered_seconds" not in page


async def test_the_service_adds_its_own_routes() -> None:
    async def ring(_: web.Request) -> web.Response:
        return web.Response(status=202)

    async with visited("/calls", routes=[web.get("/calls", ring)]) as page:
        assert page.status == 202


async def test_unknown_pages_are_404() -> None:
    async with visited("/") as page:
        assert page.status == 404
