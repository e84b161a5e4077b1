"""Applications, claims, endpoints, modules: what is neither channel, bridge, sound nor recording."""

from typing import TYPE_CHECKING

from router.ari.transport import Response
from tests.support.fake.operations import Ask, operation
from tests.support.fake.wire import NO_CONTENT, error, ok

if TYPE_CHECKING:
    from tests.support.fake.pbx import Pbx


@operation("POST", "events/claim", required="channelId application")
async def claim(pbx: "Pbx", ask: Ask) -> Response:
    channel_id = ask.query["channelId"]
    if channel_id in pbx.claimed and channel_id in pbx.channels:
        return error(409, "Channel has already been claimed by another application")
    waiting = pbx.broadcasts.get(channel_id)
    if waiting is None:
        return error(404, "Channel not found or not in broadcast state")
    pbx.claimed.add(channel_id)
    waiting.set_result(ask.query["application"])
    del pbx.broadcasts[channel_id]
    return NO_CONTENT


@operation("GET", "applications/{}")
async def get_application(pbx: "Pbx", ask: Ask) -> Response:
    return ok(_application(pbx)) if ask.id == pbx.app else error(404, "Application not found")


@operation("GET", "applications")
async def list_applications(pbx: "Pbx", ask: Ask) -> Response:
    return ok([_application(pbx)])


@operation("POST", "applications/{}/subscription", required="eventSource")
async def subscribe(pbx: "Pbx", ask: Ask) -> Response:
    if ask.id != pbx.app:
        return error(404, "Application not found")
    for source in ask.query["eventSource"].split(","):
        scheme, _, id = source.partition(":")
        if scheme == "channel" and id in pbx.channels:
            pbx.channels[id].subscriptions += 1
        elif scheme == "bridge" and id in pbx.bridges:
            pbx.bridges[id].is_subscribed = True
        else:
            if not id:
                pbx.complain(f"subscribed to all of {source!r}: in 22.10.1 that may deadlock ARI")
            return error(422, "Event source does not exist")
    return ok(_application(pbx))


@operation("DELETE", "applications/{}/subscription", required="eventSource")
async def unsubscribe(pbx: "Pbx", ask: Ask) -> Response:
    scheme, _, id = ask.query["eventSource"].partition(":")
    if scheme != "channel" or id not in pbx.channels:
        return error(422, "Event source does not exist")
    if not pbx.channels[id].is_subscribed:
        return error(422, "Event source was not subscribed to")  # declared as 409
    pbx.channels[id].subscriptions -= 1
    return ok(_application(pbx))


@operation("PUT", "applications/{}/eventFilter", body=True)
async def event_filter(pbx: "Pbx", ask: Ask) -> Response:
    if ask.id != pbx.app:
        return error(404, "Application not found")
    disallowed = ask.body.get("disallowed", [])
    assert isinstance(disallowed, list | tuple)
    pbx.filtered = frozenset(str(one["type"]) for one in disallowed)
    return ok(_application(pbx))


def _application(pbx: "Pbx") -> dict[str, object]:
    return {
        "name": pbx.app,
        "channel_ids": [
            channel.id for channel in pbx.channels.values() if channel.in_stasis or channel.is_subscribed
        ],
        "bridge_ids": [bridge.id for bridge in pbx.bridges.values() if bridge.is_subscribed],
        "endpoint_ids": [],
        "device_names": [],
        "events_allowed": [],
        "events_disallowed": [{"type": name} for name in sorted(pbx.filtered)],
    }


@operation("GET", "endpoints")
async def list_endpoints(pbx: "Pbx", ask: Ask) -> Response:
    return ok([_endpoint(pbx, name) for name in pbx.endpoint_names])


@operation("GET", "endpoints/{}")
async def list_by_technology(pbx: "Pbx", ask: Ask) -> Response:
    return ok([_endpoint(pbx, name) for name in pbx.endpoint_names]) if ask.id == "PJSIP" else ok([])


@operation("GET", "endpoints/{}/{}")
async def get_endpoint(pbx: "Pbx", ask: Ask) -> Response:
    technology, name = ask.ids
    if technology != "PJSIP" or name not in pbx.endpoint_names:
        return error(404, "Endpoint not found")
    return ok(_endpoint(pbx, name))


def _endpoint(pbx: "Pbx", name: str) -> dict[str, object]:
    phone = pbx.phone_at(name)
    on_it = [channel.id for channel in pbx.channels.values() if channel.name.startswith(f"PJSIP/{name}-")]
    state = "online" if phone and phone.is_registered else "offline"
    return {"technology": "PJSIP", "resource": name, "state": state, "channel_ids": on_it}


@operation("GET", "asterisk/modules/{}")
async def get_module(pbx: "Pbx", ask: Ask) -> Response:
    if ask.id not in pbx.modules:
        return error(404, "Module could not be found in running modules")
    return ok(
        {"name": ask.id, "description": "", "use_count": 0, "status": "Running", "support_level": "core"},
    )


@operation("GET", "asterisk/config/dynamic/{}/{}/{}")
async def get_object(pbx: "Pbx", ask: Ask) -> Response:
    """An endpoint as pjsip.conf has it, of which only what somebody asked for is here."""
    config, kind, name = ask.ids
    if (config, kind) != ("res_pjsip", "endpoint") or name not in pbx.endpoint_names:
        return error(404, "No matching object found")
    return ok([{"attribute": "redirect_method", "value": pbx.redirect_methods.get(name, "user")}])


@operation("GET", "asterisk/ping")
async def ping(pbx: "Pbx", ask: Ask) -> Response:
    return ok({"asterisk_id": pbx.asterisk_id, "ping": "pong", "timestamp": pbx.timestamp()})


@operation("GET", "asterisk/info", optional="only")
async def info(pbx: "Pbx", ask: Ask) -> Response:
    return ok({"system": {"version": "22.10.1", "entity_id": pbx.asterisk_id}})
