"""The values Asterisk sends and answers with: generated, not to be edited.

From the API declarations Asterisk serves below /ari/api-docs (digest 454b3183a04ccb59),
by `python -m router.ari.generate URL_OR_DIR`.

Unknown fields are ignored. Moments are ISO 8601 text, as sent. None: Asterisk did not say.
"""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base type for asynchronous events from Asterisk."""

    asterisk_id: str | None = None
    application: str = ""
    timestamp: str = ""


class Application(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Details of a Stasis application"""

    name: str = ""
    channel_ids: tuple[str, ...] = ()
    bridge_ids: tuple[str, ...] = ()
    endpoint_ids: tuple[str, ...] = ()
    device_names: tuple[str, ...] = ()
    events_allowed: tuple[dict[str, object], ...] = ()
    events_disallowed: tuple[dict[str, object], ...] = ()


class BuildInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Info about how Asterisk was built"""

    os: str = ""
    kernel: str = ""
    options: str = ""
    machine: str = ""
    date: str = ""
    user: str = ""


class SystemInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Info about Asterisk"""

    version: str = ""
    entity_id: str = ""


class SetId(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Effective user/group id"""

    user: str = ""
    group: str = ""


class ConfigInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Info about Asterisk configuration"""

    name: str = ""
    default_language: str = ""
    max_channels: int | None = None
    max_open_files: int | None = None
    max_load: float | None = None
    setid: SetId = SetId()


class StatusInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Info about Asterisk status"""

    startup_time: str = ""
    last_reload_time: str = ""


class AsteriskInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Asterisk system information"""

    build: BuildInfo | None = None
    system: SystemInfo | None = None
    config: ConfigInfo | None = None
    status: StatusInfo | None = None


class AsteriskPing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Asterisk ping information"""

    asterisk_id: str = ""
    ping: str = ""
    timestamp: str = ""


class Bridge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The merging of media from one or more channels. Everyone on the bridge receives the same audio.

    bridge_type: mixing, holding.
    """

    id: str
    technology: str = ""
    bridge_type: str = ""
    bridge_class: str = ""
    creator: str = ""
    name: str = ""
    channels: tuple[str, ...] = ()
    video_mode: str | None = None
    video_source_id: str | None = None
    creationtime: str = ""
    bridgevars: dict[str, str] | None = None


class CallerID(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Caller identification"""

    name: str = ""
    number: str = ""


class DialplanCEP(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Dialplan location (context/extension/priority)"""

    context: str = ""
    exten: str = ""
    priority: int = 0
    app_name: str = ""
    app_data: str = ""


class Channel(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A specific communication connection between Asterisk and an Endpoint.

    state: Down, Rsrved, OffHook, Dialing, Ring, Ringing, Up, Busy, Dialing Offhook, Pre-ring, Unknown.
    """

    id: str
    protocol_id: str = ""
    name: str = ""
    state: str = ""
    caller: CallerID = CallerID()
    connected: CallerID = CallerID()
    accountcode: str = ""
    dialplan: DialplanCEP = DialplanCEP()
    creationtime: str = ""
    language: str = ""
    channelvars: dict[str, str] | None = None
    caller_rdnis: str | None = None
    tenantid: str | None = None


class ConfigTuple(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A key/value pair that makes up part of a configuration object."""

    attribute: str = ""
    value: str = ""


class DeviceState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Represents the state of a device.

    state: UNKNOWN, NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD.
    """

    name: str = ""
    state: str = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An external device that may offer/accept calls to/from Asterisk. Unlike most resources, which have a
    single unique identifier, an endpoint is uniquely identified by the technology/resource pair.

    state: unknown, offline, online.
    """

    technology: str = ""
    resource: str = ""
    state: str | None = None
    channel_ids: tuple[str, ...] = ()


class LiveRecording(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A recording that is in progress

    state: queued, recording, paused, done, failed, canceled.
    """

    name: str = ""
    format: str = ""
    target_uri: str = ""
    state: str = ""
    duration: int | None = None
    talking_duration: int | None = None
    silence_duration: int | None = None
    cause: str | None = None


class LogChannel(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Details of an Asterisk log channel"""

    channel: str = ""
    type: str = ""
    status: str = ""
    configuration: str = ""


class Mailbox(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Represents the state of a mailbox."""

    name: str = ""
    old_messages: int = 0
    new_messages: int = 0


class Module(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Details of an Asterisk module"""

    name: str = ""
    description: str = ""
    use_count: int = 0
    status: str = ""
    support_level: str = ""


class Playback(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Object representing the playback of media to a channel

    state: queued, playing, continuing, done, failed.
    """

    id: str
    media_uri: str = ""
    next_media_uri: str | None = None
    target_uri: str = ""
    language: str | None = None
    state: str = ""


class RTPstat(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statistics of a RTP."""

    txcount: int = 0
    rxcount: int = 0
    txjitter: float | None = None
    rxjitter: float | None = None
    remote_maxjitter: float | None = None
    remote_minjitter: float | None = None
    remote_normdevjitter: float | None = None
    remote_stdevjitter: float | None = None
    local_maxjitter: float | None = None
    local_minjitter: float | None = None
    local_normdevjitter: float | None = None
    local_stdevjitter: float | None = None
    txploss: int = 0
    rxploss: int = 0
    remote_maxrxploss: float | None = None
    remote_minrxploss: float | None = None
    remote_normdevrxploss: float | None = None
    remote_stdevrxploss: float | None = None
    local_maxrxploss: float | None = None
    local_minrxploss: float | None = None
    local_normdevrxploss: float | None = None
    local_stdevrxploss: float | None = None
    rtt: float | None = None
    maxrtt: float | None = None
    minrtt: float | None = None
    normdevrtt: float | None = None
    stdevrtt: float | None = None
    local_ssrc: int = 0
    remote_ssrc: int = 0
    txoctetcount: int = 0
    rxoctetcount: int = 0
    channel_uniqueid: str = ""


class FormatLangPair(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Identifies the format and language of a sound file"""

    language: str = ""
    format: str = ""


class Sound(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A media file that may be played back."""

    id: str
    text: str | None = None
    formats: tuple[FormatLangPair, ...] = ()


class StoredRecording(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A past recording that may be played back."""

    name: str = ""
    format: str = ""


class Variable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The value of a channel variable"""

    value: str = ""


class Variables(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A dictionary of channel variables"""

    variables: dict[str, object] = {}


class ApplicationMoveFailed(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that trying to move a channel to another Stasis application failed."""

    channel: Channel
    destination: str = ""
    args: tuple[str, ...] = ()


class ApplicationRegistered(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a Stasis app has been registered."""


class ApplicationReplaced(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that another WebSocket has taken over for an application. An application may only be
    subscribed to by a single WebSocket at a time. If multiple WebSockets attempt to subscribe to the same
    application, the newer WebSocket wins, and the older one receives this event.
    """


class ApplicationUnregistered(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a Stasis app has been unregistered."""


class BridgeAttendedTransfer(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that an attended transfer has occurred."""

    transferer_first_leg: Channel
    transferer_second_leg: Channel
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    transfer_target: Channel | None = None
    result: str = ""
    is_external: bool = False
    transferer_first_leg_bridge: Bridge | None = None
    transferer_second_leg_bridge: Bridge | None = None
    destination_type: str = ""
    destination_bridge: str | None = None
    destination_application: str | None = None
    destination_link_first_leg: Channel | None = None
    destination_link_second_leg: Channel | None = None
    destination_threeway_channel: Channel | None = None
    destination_threeway_bridge: Bridge | None = None


class BridgeBlindTransfer(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a blind transfer has occurred."""

    channel: Channel
    replace_channel: Channel | None = None
    transferee: Channel | None = None
    exten: str = ""
    context: str = ""
    result: str = ""
    is_external: bool = False
    bridge: Bridge | None = None


class BridgeCreated(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a bridge has been created."""

    bridge: Bridge


class BridgeDestroyed(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a bridge has been destroyed."""

    bridge: Bridge


class BridgeMerged(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that one bridge has merged into another."""

    bridge: Bridge
    bridge_from: Bridge


class BridgeVideoSourceChanged(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that the source of video in a bridge has changed."""

    bridge: Bridge
    old_video_source_id: str | None = None


class CallBroadcast(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel is being broadcast to ARI applications for claiming."""

    channel: Channel
    caller: str | None = None
    called: str | None = None


class CallClaimed(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a broadcast channel has been successfully claimed by an ARI application."""

    channel: Channel
    winner_app: str = ""


class ChannelCallerId(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Channel changed Caller ID."""

    caller_presentation: int = 0
    caller_presentation_txt: str = ""
    channel: Channel


class ChannelConnectedLine(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Channel changed Connected Line."""

    channel: Channel


class ChannelCreated(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel has been created."""

    channel: Channel


class ChannelDestroyed(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel has been destroyed."""

    cause: int = 0
    cause_txt: str = ""
    tech_cause: int | None = None
    channel: Channel


class ChannelDialplan(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Channel changed location in the dialplan."""

    channel: Channel
    dialplan_app: str = ""
    dialplan_app_data: str = ""


class ChannelDtmfReceived(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """DTMF received on a channel. This event is sent when the DTMF ends. There is no notification about the
    start of DTMF
    """

    digit: str = ""
    duration_ms: int = 0
    channel: Channel


class ChannelEnteredBridge(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel has entered a bridge."""

    bridge: Bridge
    channel: Channel | None = None


class ChannelHangupRequest(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """A hangup was requested on the channel."""

    cause: int | None = None
    tech_cause: int | None = None
    soft: bool | None = None
    channel: Channel


class ChannelHold(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """A channel initiated a media hold."""

    channel: Channel
    musicclass: str | None = None


class ChannelLeftBridge(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel has left a bridge."""

    bridge: Bridge
    channel: Channel


class ChannelStateChange(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification of a channel's state change."""

    channel: Channel


class ChannelTalkingFinished(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Talking is no longer detected on the channel."""

    channel: Channel
    duration: int = 0


class ChannelTalkingStarted(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Talking was detected on the channel."""

    channel: Channel


class ChannelToneDetected(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Tone was detected on the channel."""

    channel: Channel


class AdditionalParam(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Protocol specific additional parameter"""

    parameter_name: str = ""
    parameter_value: str = ""


class RequiredDestination(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Information about the requested destination"""

    protocol_id: str | None = None
    destination: str | None = None
    additional_protocol_params: tuple[AdditionalParam, ...] | None = None


class ReferTo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """transfer destination requested by transferee"""

    requested_destination: RequiredDestination = RequiredDestination()
    destination_channel: Channel | None = None
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


class ReferredBy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """transfer destination requested by transferee"""

    source_channel: Channel
    connected_channel: Channel | None = None
    bridge: Bridge | None = None


class ChannelTransfer(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """transfer on a channel."""

    state: str | None = None
    refer_to: ReferTo = ReferTo()
    referred_by: ReferredBy


class ChannelUnhold(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """A channel initiated a media unhold."""

    channel: Channel


class ChannelUserevent(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """User-generated event with additional user-defined fields in the object."""

    eventname: str = ""
    channel: Channel | None = None
    bridge: Bridge | None = None
    endpoint: Endpoint | None = None
    userevent: dict[str, object] = {}


class ChannelVarset(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Channel variable changed."""

    variable: str = ""
    value: str = ""
    channel: Channel | None = None


class ContactInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Detailed information about a contact on an endpoint.

    contact_status: Unreachable, Reachable, Unknown, NonQualified, Removed.
    """

    uri: str = ""
    contact_status: str = ""
    aor: str = ""
    roundtrip_usec: str | None = None


class ContactStatusChange(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """The state of a contact on an endpoint has changed."""

    endpoint: Endpoint
    contact_info: ContactInfo = ContactInfo()


class DeviceStateChanged(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a device state has changed."""

    device_state: DeviceState = DeviceState()


class Dial(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Dialing state has changed."""

    caller: Channel | None = None
    peer: Channel
    forward: str | None = None
    forwarded: Channel | None = None
    dialstring: str | None = None
    dialstatus: str = ""


class EndpointStateChange(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Endpoint state changed."""

    endpoint: Endpoint


class Peer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Detailed information about a remote peer that communicates with Asterisk."""

    peer_status: str = ""
    cause: str | None = None
    address: str | None = None
    port: str | None = None
    time: str | None = None


class PeerStatusChange(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """The state of a peer associated with an endpoint has changed."""

    endpoint: Endpoint
    peer: Peer = Peer()


class PlaybackContinuing(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Event showing the continuation of a media playback operation from one media URI to the next in the list."""

    playback: Playback


class PlaybackFinished(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Event showing the completion of a media playback operation."""

    playback: Playback


class PlaybackStarted(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Event showing the start of a media playback operation."""

    playback: Playback


class RESTResponse(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """REST over Websocket Response."""

    transaction_id: str = ""
    request_id: str = ""
    status_code: int = 0
    reason_phrase: str = ""
    uri: str = ""
    content_type: str | None = None
    message_body: str | None = None


class RecordingFailed(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Event showing failure of a recording operation."""

    recording: LiveRecording = LiveRecording()


class RecordingFinished(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Event showing the completion of a recording operation."""

    recording: LiveRecording = LiveRecording()


class RecordingStarted(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Event showing the start of a recording operation."""

    recording: LiveRecording = LiveRecording()


class StasisEnd(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel has left a Stasis application."""

    channel: Channel


class StasisStart(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """Notification that a channel has entered a Stasis application."""

    args: tuple[str, ...] = ()
    channel: Channel
    replace_channel: Channel | None = None


class TextMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A text message."""

    from_: str = msgspec.field(name="from", default="")
    to: str = ""
    body: str = ""
    variables: dict[str, object] | None = None


class TextMessageReceived(Event, tag=True, frozen=True, kw_only=True, gc=False):
    """A text message was received from an endpoint."""

    message: TextMessage = TextMessage()
    endpoint: Endpoint | None = None


KnownEvent = (
    ApplicationMoveFailed
    | ApplicationRegistered
    | ApplicationReplaced
    | ApplicationUnregistered
    | BridgeAttendedTransfer
    | BridgeBlindTransfer
    | BridgeCreated
    | BridgeDestroyed
    | BridgeMerged
    | BridgeVideoSourceChanged
    | CallBroadcast
    | CallClaimed
    | ChannelCallerId
    | ChannelConnectedLine
    | ChannelCreated
    | ChannelDestroyed
    | ChannelDialplan
    | ChannelDtmfReceived
    | ChannelEnteredBridge
    | ChannelHangupRequest
    | ChannelHold
    | ChannelLeftBridge
    | ChannelStateChange
    | ChannelTalkingFinished
    | ChannelTalkingStarted
    | ChannelToneDetected
    | ChannelTransfer
    | ChannelUnhold
    | ChannelUserevent
    | ChannelVarset
    | ContactStatusChange
    | DeviceStateChanged
    | Dial
    | EndpointStateChange
    | PeerStatusChange
    | PlaybackContinuing
    | PlaybackFinished
    | PlaybackStarted
    | RESTResponse
    | RecordingFailed
    | RecordingFinished
    | RecordingStarted
    | StasisEnd
    | StasisStart
    | TextMessageReceived
)
