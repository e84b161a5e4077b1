"""POST channels/… and the like: what the application may ask of a channel."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from router.ari.transport import Response
from tests.support.fake import variables
from tests.support.fake.channel import Channel, Left
from tests.support.fake.operations import Ask, operation
from tests.support.fake.playbacks import play_on_channel
from tests.support.fake.wire import ALLOCATION_FAILED, CAUSE_OF_REASON, NO_CONTENT, error, ok

if TYPE_CHECKING:
    from tests.support.fake.pbx import Pbx


@operation("GET", "channels")
async def list_all(pbx: "Pbx", ask: Ask) -> Response:
    return ok([channel.as_json() for channel in pbx.channels.values()])


@operation("GET", "channels/{}")
async def get(pbx: "Pbx", ask: Ask) -> Response:
    channel = pbx.channels.get(ask.id)
    return ok(channel.as_json()) if channel else error(404, "Channel not found")


@operation(
    "POST",
    "channels/create",
    required="endpoint app",
    optional="appArgs channelId otherChannelId originator formats",
    body=True,
)
async def create(pbx: "Pbx", ask: Ask) -> Response:
    id = ask.query.get("channelId") or f"{pbx.serial()}.{pbx.serial()}"
    if id in pbx.channels:
        return error(409, "Channel with given unique ID already exists")
    if ask.query["app"] != pbx.app:
        pbx.complain(f"channel {id} created for application {ask.query['app']!r}")
    technology, _, endpoint = ask.query["endpoint"].partition("/")
    phone = pbx.phone_at(endpoint) if technology == "PJSIP" else None
    if not phone or not phone.is_registered:
        return ALLOCATION_FAILED
    channel = Channel(
        pbx,
        id=id,
        endpoint=endpoint,
        state="Down",
        context="from-phones",
        exten=endpoint.partition("@")[0],
        is_leg=True,
    )
    channel.app_name, channel.app_data = "Stasis", f"{pbx.app},{ask.query.get('appArgs', '')}"
    pbx.channels[id] = channel
    # Codecs and a subscription, but no identity: a phone dialled without more was shown "anonymous".
    if originator := pbx.channels.get(ask.query.get("originator", "")):
        originator.subscriptions += 1
    for name, value in ask.variables.items():
        variables.write(channel, name, value)
    arguments = ask.query.get("appArgs", "")
    pbx.spawn(pbx.life_of_leg(channel, arguments.split(",") if arguments else []), f"thread of {id}")
    return ok(channel.as_json())


@operation("POST", "channels/{}/dial", optional="caller timeout")
async def dial(pbx: "Pbx", ask: Ask) -> Response:
    if refusal := pbx.not_in_stasis(ask.id):
        return refusal
    channel = pbx.channels[ask.id]
    if channel.state != "Down":
        return error(409, "Channel is not in the 'Down' state")
    if channel.is_in_dial_bridge:
        pbx.complain(f"channel {ask.id} dialled twice, which hangs it up")
    channel.is_in_dial_bridge = True
    caller = pbx.channels.get(ask.query.get("caller", ""))

    async def run() -> None:
        if caller:
            channel.connected = caller.caller  # also over what CONNECTEDLINE was set to
            channel.tell("ChannelConnectedLine")
        channel.is_dialled = True
        channel.dial_event("")
        if not channel.is_interrupted:
            pbx.ring_phone(channel, timeout_s=ask.number("timeout"))

    channel.queue(run)
    return NO_CONTENT


@operation("DELETE", "channels/{}", optional="reason reason_code")
async def hangup(pbx: "Pbx", ask: Ask) -> Response:
    if not (channel := pbx.channels.get(ask.id)):
        return error(404, "Channel not found")
    reason = ask.query.get("reason", "normal")
    if reason not in CAUSE_OF_REASON or ("reason" in ask.query and "reason_code" in ask.query):
        pbx.complain(f"hang-up of {ask.id} with {dict(ask.query)}")
        return error(400, "Invalid reason for hangup reason provided")
    channel.hang_up(int(ask.query.get("reason_code") or CAUSE_OF_REASON[reason]), soft=True)
    return NO_CONTENT


@operation("POST", "channels/{}/answer")
async def answer(pbx: "Pbx", ask: Ask) -> Response:
    if refusal := pbx.not_in_stasis(ask.id):
        return refusal
    channel = pbx.channels[ask.id]
    if channel.is_leg:
        pbx.complain(f"leg {ask.id} was answered by us")

    async def run() -> Response:
        if channel.is_interrupted:
            return error(500, "Failed to answer channel")
        channel.answer()
        return NO_CONTENT

    return await channel.perform(run)


@operation("POST", "channels/{}/ring")
async def ring(pbx: "Pbx", ask: Ask) -> Response:
    def run(channel: Channel) -> None:
        # Once a 183 was sent, `ring` sends another 183 and no 180: the caller's phone does not ring.
        channel.is_ringing = channel.state == "Up" or not channel.has_progress

    return _queue(pbx, ask.id, run)


@operation("DELETE", "channels/{}/ring")
async def ring_stop(pbx: "Pbx", ask: Ask) -> Response:
    return _queue(pbx, ask.id, lambda channel: setattr(channel, "is_ringing", False))


@operation("POST", "channels/{}/progress")
async def progress(pbx: "Pbx", ask: Ask) -> Response:
    def run(channel: Channel) -> None:
        channel.has_progress = True
        channel.is_ringing = False  # the phone now plays what comes instead of its own ringing

    return _queue(pbx, ask.id, run)


@operation("POST", "channels/{}/moh", optional="mohClass")
async def start_moh(pbx: "Pbx", ask: Ask) -> Response:
    def run(channel: Channel) -> None:
        channel.has_progress = channel.has_music = True
        channel.is_ringing = False

    return _queue(pbx, ask.id, run)


@operation("DELETE", "channels/{}/moh")
async def stop_moh(pbx: "Pbx", ask: Ask) -> Response:
    return _queue(pbx, ask.id, lambda channel: setattr(channel, "has_music", False))


def _queue(pbx: "Pbx", id: str, change: Callable[[Channel], None]) -> Response:
    """What Asterisk puts in the channel's queue and answers at once, whatever comes of it."""
    if refusal := pbx.not_in_stasis(id):
        return refusal
    channel = pbx.channels[id]

    async def run() -> None:
        if not channel.is_interrupted:
            change(channel)

    channel.queue(run)
    return NO_CONTENT


@operation("POST", "channels/{}/play", required="media", optional="lang offsetms skipms playbackId")
async def play(pbx: "Pbx", ask: Ask) -> Response:
    if refusal := pbx.not_in_stasis(ask.id):
        return refusal
    return await play_on_channel(pbx, ask, ask.query.get("playbackId") or f"playback-{pbx.serial()}")


@operation("POST", "channels/{}/play/{}", required="media", optional="lang offsetms skipms")
async def play_with_id(pbx: "Pbx", ask: Ask) -> Response:
    if refusal := pbx.not_in_stasis(ask.id):
        return refusal
    return await play_on_channel(pbx, ask, ask.ids[1])


@operation("POST", "channels/{}/continue", optional="context extension priority label")
async def continue_in_dialplan(pbx: "Pbx", ask: Ask) -> Response:
    """Queued: behind a prompt it waits for the prompt's end."""
    location = ",".join(ask.query.get(name, default) for name, default in _WHERE)

    def run(channel: Channel) -> None:
        channel.location = location if ask.query else f"{channel.context},{channel.exten},next"
        channel.leave(Left.CONTINUED)

    return _queue(pbx, ask.id, run)


_WHERE = (("context", ""), ("extension", "s"), ("priority", "1"))


@operation("POST", "channels/{}/transfer_progress", required="states")
async def transfer_progress(pbx: "Pbx", ask: Ask) -> Response:
    if refusal := pbx.not_in_stasis(ask.id):
        return refusal
    if far_end := pbx.channels[ask.id].far_end:
        far_end.hears_of_transfer(ask.query["states"])
    return NO_CONTENT


@operation("GET", "channels/{}/variable", required="variable")
async def get_variable(pbx: "Pbx", ask: Ask) -> Response:
    if not (channel := pbx.channels.get(ask.id)):
        return error(404, "Provided channel was not found")
    name = ask.query["variable"]
    value = variables.read(channel, name)
    if value is None:
        # A SIP header that is not there is an internal error to the function that reads it.
        absent = name.startswith("PJSIP_HEADER(")
        return (
            error(500, "Unable to read provided function")
            if absent
            else error(404, "Provided variable was not found")
        )
    return ok({"value": value})


@operation("GET", "channels/{}/variables", required="variables")
async def get_variables(pbx: "Pbx", ask: Ask) -> Response:
    if not (channel := pbx.channels.get(ask.id)):
        return error(404, "Provided channel was not found")
    values = {name: variables.read(channel, name) for name in ask.query["variables"].split(",")}
    if None in values.values():
        return error(404, "Provided variable was not found")
    return ok({"variables": values})


@operation("POST", "channels/{}/variable", required="variable", optional="value report_events")
async def set_variable(pbx: "Pbx", ask: Ask) -> Response:
    return await _set(pbx, ask.id, {ask.query["variable"]: ask.query.get("value", "")})


@operation("POST", "channels/{}/variables", body=True)
async def set_variables(pbx: "Pbx", ask: Ask) -> Response:
    if not ask.variables:
        return error(400, "Missing variables parameter.")
    return await _set(pbx, ask.id, ask.variables)


async def _set(pbx: "Pbx", id: str, values: dict[str, str]) -> Response:
    if refusal := pbx.not_in_stasis(id):
        return refusal
    channel = pbx.channels[id]

    async def run() -> None:
        for name, value in values.items():
            variables.write(channel, name, value)

    return await channel.perform(run)
