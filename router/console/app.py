"""The HTTP listener of the running service: health, metrics and what the service adds to them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from router.console.health import Parts, report
from router.console.metrics import Metrics

LEAVE_S = 2.0  # what a request gets to end in when the service stops
MOST_BODY_BYTES = 65_536


def console_app(parts: Parts, metrics: Metrics, routes: Iterable[web.AbstractRouteDef] = ()) -> web.Application:
    """routes: further ones, of those who may not be imported here."""

    async def healthz(_: web.Request) -> web.Response:
        status, body = report(parts())
        return web.Response(status=status, body=body, content_type="application/json")

    async def metrics_page(_: web.Request) -> web.Response:
        return web.Response(body=await metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=[_in_json])
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", metrics_page), *routes])
    return app


@web.middleware
async def _in_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What aiohttp refuses by itself (404, 405, 413) is told as everything else is."""
    try:
        return await handler(request)
    except web.HTTPClientError as refused:
        refused.text = msgspec.json.encode({"error": refused.reason}).decode()
        refused.content_type = "application/json"
        raise


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serves `app` while the block runs; gives the port, a free one when `port` is 0. Raises OSError."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=LEAVE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
