"""A self-test of emergency calls over HTTP: only for whoever says that a real call is wanted."""

from typing import Any

import aiohttp
import pytest

from router.console.app import console_app, listening
from router.console.door import Door
from router.console.metrics import Metrics
from router.console.self_test import self_test_route

TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize(
    ("wanted", "status", "told"),
    [
        ({"site": "london", "consent": True}, 202, {"call": "c1", "site": "london"}),
        (
            {"site": "london"},
            400,
            {"error": 'this is a real call over the trunks of the plan: it takes "consent": true'},
        ),
        ({"site": "paris", "consent": True}, 400, {"error": "no site is called 'paris'"}),
        ({"consent": True}, 400, {"error": "Object missing required field `site`"}),
    ],
)
async def test_it_takes_a_site_and_consent(wanted: dict[str, Any], status: int, told: dict[str, Any]) -> None:
    asked: list[str] = []

    def test(site: str) -> dict[str, Any]:
        if site != "london":
            raise ValueError(f"no site is called {site!r}")
        asked.append(site)
        return {"call": "c1", "site": site}

    app = console_app(dict, Metrics(()), [self_test_route(Door(TOKEN), test)])
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        listening(app, "127.0.0.1", 0) as port,
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"http://127.0.0.1:{port}/emergency-test", json=wanted) as answer,
    ):
        assert (answer.status, await answer.json()) == (status, told)
    assert asked == (["london"] if status == 202 else [])
