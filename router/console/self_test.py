"""`POST /emergency-test`: one call to a site's test number, as help would be called from there."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from router.console.body import body
from router.console.door import Door

Test = Callable[[str], dict[str, Any]]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """site: key in the plan. consent: a real call is wanted."""

    site: str
    consent: bool = False


def self_test_route(door: Door, test: Test) -> web.RouteDef:
    """test: begins it and says what is sent; raises ValueError, saying what is wrong, or `door.Unavailable`."""

    async def placed(request: web.Request) -> dict[str, Any]:
        wanted = await body(request, Wanted)
        if not wanted.consent:
            raise ValueError('this is a real call over the trunks of the plan: it takes "consent": true')
        return test(wanted.site)

    return door.post("/emergency-test", placed, status=202)
