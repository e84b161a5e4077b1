"""ARI, operation by operation: generated, not to be edited.

From the API declarations Asterisk serves below /ari/api-docs (digest 454b3183a04ccb59),
by `python -m router.ari.generate URL_OR_DIR`.

Names are ARI's own in snake_case. None leaves a parameter out, so that Asterisk's default holds. Where
the object is gone (404) the answer is False or None; other refusals raise RequestRefused.
"""

# ruff: noqa: ASYNC109 -- `timeout` is ARI's own word, for the seconds a channel rings

from collections.abc import Mapping, Sequence
from typing import Literal

from router.ari.models import (
    Application,
    AsteriskInfo,
    AsteriskPing,
    Bridge,
    Channel,
    ConfigTuple,
    DeviceState,
    Endpoint,
    LiveRecording,
    LogChannel,
    Mailbox,
    Module,
    Playback,
    RTPstat,
    Sound,
    StoredRecording,
    Variable,
    Variables,
)
from router.ari.operation import Resource, joined, part


class Applications(Resource):
    """Stasis applications."""

    __slots__ = ()

    async def list(self) -> tuple[Application, ...]:
        """List all applications."""
        return await self._read(tuple[Application, ...], "applications.list", "GET", "applications")

    async def get(self, application_name: str) -> Application | None:
        """Get details of an application.

        404: Application does not exist.
        """
        return await self._read_or_gone(
            Application, "applications.get", "GET", f"applications/{part(application_name)}"
        )

    async def subscribe(self, application_name: str, *, event_source: str | Sequence[str]) -> Application | None:
        """Subscribe an application to a event source.

        400: Missing parameter.
        404: Application does not exist.
        422: Event source does not exist.
        """
        query: dict[str, str] = {"eventSource": joined(event_source)}
        return await self._read_or_gone(
            Application,
            "applications.subscribe",
            "POST",
            f"applications/{part(application_name)}/subscription",
            query,
        )

    async def unsubscribe(self, application_name: str, *, event_source: str | Sequence[str]) -> Application | None:
        """Unsubscribe an application from an event source.

        400: Missing parameter; event source scheme not recognized.
        404: Application does not exist.
        409: Application not subscribed to event source.
        422: Event source does not exist.
        """
        query: dict[str, str] = {"eventSource": joined(event_source)}
        return await self._read_or_gone(
            Application,
            "applications.unsubscribe",
            "DELETE",
            f"applications/{part(application_name)}/subscription",
            query,
        )

    async def filter(
        self, application_name: str, *, filter: Mapping[str, object] | None = None
    ) -> Application | None:
        """Filter application events types.

        400: Bad request.
        404: Application does not exist.
        """
        return await self._read_or_gone(
            Application,
            "applications.filter",
            "PUT",
            f"applications/{part(application_name)}/eventFilter",
            body=filter,
        )


class Asterisk(Resource):
    """Asterisk dynamic configuration."""

    __slots__ = ()

    async def get_object(self, config_class: str, object_type: str, id: str) -> tuple[ConfigTuple, ...] | None:
        """Retrieve a dynamic configuration object.

        404: {configClass|objectType|id} not found
        """
        return await self._read_or_gone(
            tuple[ConfigTuple, ...],
            "asterisk.get_object",
            "GET",
            f"asterisk/config/dynamic/{part(config_class)}/{part(object_type)}/{part(id)}",
        )

    async def update_object(
        self, config_class: str, object_type: str, id: str, *, fields: Sequence[Mapping[str, str]] | None = None
    ) -> tuple[ConfigTuple, ...] | None:
        """Create or update a dynamic configuration object.

        400: Bad request body
        403: Could not create or update object
        404: {configClass|objectType} not found
        """
        return await self._read_or_gone(
            tuple[ConfigTuple, ...],
            "asterisk.update_object",
            "PUT",
            f"asterisk/config/dynamic/{part(config_class)}/{part(object_type)}/{part(id)}",
            body=None if fields is None else {"fields": fields},
        )

    async def delete_object(self, config_class: str, object_type: str, id: str) -> bool:
        """Delete a dynamic configuration object.

        403: Could not delete object
        404: {configClass|objectType|id} not found
        """
        return await self._done_or_gone(
            "asterisk.delete_object",
            "DELETE",
            f"asterisk/config/dynamic/{part(config_class)}/{part(object_type)}/{part(id)}",
        )

    async def get_info(
        self,
        *,
        only: Literal["build", "system", "config", "status"]
        | Sequence[Literal["build", "system", "config", "status"]]
        | None = None,
    ) -> AsteriskInfo:
        """Gets Asterisk system information."""
        query: dict[str, str] = {}
        if only is not None:
            query["only"] = joined(only)
        return await self._read(AsteriskInfo, "asterisk.get_info", "GET", "asterisk/info", query)

    async def ping(self) -> AsteriskPing:
        """Response pong message."""
        return await self._read(AsteriskPing, "asterisk.ping", "GET", "asterisk/ping")

    async def list_modules(self) -> tuple[Module, ...]:
        """List Asterisk modules."""
        return await self._read(tuple[Module, ...], "asterisk.list_modules", "GET", "asterisk/modules")

    async def get_module(self, module_name: str) -> Module | None:
        """Get Asterisk module information.

        404: Module could not be found in running modules.
        409: Module information could not be retrieved.
        """
        return await self._read_or_gone(
            Module, "asterisk.get_module", "GET", f"asterisk/modules/{part(module_name)}"
        )

    async def load_module(self, module_name: str) -> None:
        """Load an Asterisk module.

        409: Module could not be loaded.
        """
        await self._done("asterisk.load_module", "POST", f"asterisk/modules/{part(module_name)}")

    async def unload_module(self, module_name: str) -> bool:
        """Unload an Asterisk module.

        404: Module not found in running modules.
        409: Module could not be unloaded.
        """
        return await self._done_or_gone("asterisk.unload_module", "DELETE", f"asterisk/modules/{part(module_name)}")

    async def reload_module(self, module_name: str) -> bool:
        """Reload an Asterisk module.

        404: Module not found in running modules.
        409: Module could not be reloaded.
        """
        return await self._done_or_gone("asterisk.reload_module", "PUT", f"asterisk/modules/{part(module_name)}")

    async def list_log_channels(self) -> tuple[LogChannel, ...]:
        """Gets Asterisk log channel information."""
        return await self._read(tuple[LogChannel, ...], "asterisk.list_log_channels", "GET", "asterisk/logging")

    async def add_log(self, log_channel_name: str, *, configuration: str) -> None:
        """Adds a log channel.

        400: Bad request body
        409: Log channel could not be created.
        """
        query: dict[str, str] = {"configuration": configuration}
        await self._done("asterisk.add_log", "POST", f"asterisk/logging/{part(log_channel_name)}", query)

    async def delete_log(self, log_channel_name: str) -> bool:
        """Deletes a log channel.

        404: Log channel does not exist.
        """
        return await self._done_or_gone(
            "asterisk.delete_log", "DELETE", f"asterisk/logging/{part(log_channel_name)}"
        )

    async def rotate_log(self, log_channel_name: str) -> bool:
        """Rotates a log channel.

        404: Log channel does not exist.
        """
        return await self._done_or_gone(
            "asterisk.rotate_log", "PUT", f"asterisk/logging/{part(log_channel_name)}/rotate"
        )

    async def get_global_var(self, *, variable: str) -> Variable:
        """Get the value of a global variable.

        400: Missing variable parameter.
        """
        query: dict[str, str] = {"variable": variable}
        return await self._read(Variable, "asterisk.get_global_var", "GET", "asterisk/variable", query)

    async def set_global_var(self, *, variable: str, value: str | None = None) -> None:
        """Set the value of a global variable.

        400: Missing variable parameter.
        """
        query: dict[str, str] = {"variable": variable}
        if value is not None:
            query["value"] = value
        await self._done("asterisk.set_global_var", "POST", "asterisk/variable", query)


class Bridges(Resource):
    """Active bridges."""

    __slots__ = ()

    async def list(self) -> tuple[Bridge, ...]:
        """List all active bridges in Asterisk."""
        return await self._read(tuple[Bridge, ...], "bridges.list", "GET", "bridges")

    async def create(
        self,
        *,
        type: str | None = None,
        bridge_id: str | None = None,
        name: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Bridge:
        """Create a new bridge.

        409: Bridge with the same bridgeId already exists
        """
        query: dict[str, str] = {}
        if type is not None:
            query["type"] = type
        if bridge_id is not None:
            query["bridgeId"] = bridge_id
        if name is not None:
            query["name"] = name
        return await self._read(
            Bridge,
            "bridges.create",
            "POST",
            "bridges",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def create_with_id(
        self,
        bridge_id: str,
        *,
        type: str | None = None,
        name: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Bridge:
        """Create a new bridge.

        409: Bridge with the same bridgeId already exists
        """
        query: dict[str, str] = {}
        if type is not None:
            query["type"] = type
        if name is not None:
            query["name"] = name
        return await self._read(
            Bridge,
            "bridges.create_with_id",
            "POST",
            f"bridges/{part(bridge_id)}",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def get(self, bridge_id: str) -> Bridge | None:
        """Get bridge details.

        404: Bridge not found
        """
        return await self._read_or_gone(Bridge, "bridges.get", "GET", f"bridges/{part(bridge_id)}")

    async def destroy(self, bridge_id: str) -> bool:
        """Shut down a bridge.

        404: Bridge not found
        """
        return await self._done_or_gone("bridges.destroy", "DELETE", f"bridges/{part(bridge_id)}")

    async def get_bridge_var(self, bridge_id: str, *, variable: str) -> Variable | None:
        """Get the value of a bridge variable or function.

        400: Missing variable parameter.
        404: Bridge or variable not found
        409: Bridge not in a Stasis application
        Since Asterisk 20.20.0, 22.10.0, 23.4.0.
        """
        query: dict[str, str] = {"variable": variable}
        return await self._read_or_gone(
            Variable, "bridges.get_bridge_var", "GET", f"bridges/{part(bridge_id)}/variable", query
        )

    async def set_bridge_var(
        self, bridge_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
    ) -> bool:
        """Set the value of a bridge variable or function.

        400: Missing variable parameter.
        404: Bridge not found
        409: Bridge not in a Stasis application
        Since Asterisk 20.20.0, 22.10.0, 23.4.0.
        """
        query: dict[str, str] = {"variable": variable}
        if value is not None:
            query["value"] = value
        if report_events is not None:
            query["report_events"] = "true" if report_events else "false"
        return await self._done_or_gone(
            "bridges.set_bridge_var", "POST", f"bridges/{part(bridge_id)}/variable", query
        )

    async def get_bridge_vars(self, bridge_id: str, *, variables: str | Sequence[str]) -> Variables | None:
        """Get the value of multiple bridge variables or functions.

        400: Missing variables parameter.
        404: Bridge or variable not found
        409: Bridge not in a Stasis application
        Since Asterisk 20.20.0, 22.10.0, 23.4.0.
        """
        query: dict[str, str] = {"variables": joined(variables)}
        return await self._read_or_gone(
            Variables, "bridges.get_bridge_vars", "GET", f"bridges/{part(bridge_id)}/variables", query
        )

    async def set_bridge_vars(self, bridge_id: str, *, variables: Mapping[str, object]) -> bool:
        """Set the values of multiple bridge variables or functions.

        400: Missing variables parameter.
        404: Bridge not found
        409: Bridge not in a Stasis application
        Since Asterisk 20.20.0, 22.10.0, 23.4.0.
        """
        return await self._done_or_gone(
            "bridges.set_bridge_vars", "POST", f"bridges/{part(bridge_id)}/variables", body={"variables": variables}
        )

    async def add_channel(
        self,
        bridge_id: str,
        *,
        channel: str | Sequence[str],
        role: str | None = None,
        absorb_dtmf: bool | None = None,
        mute: bool | None = None,
        inhibit_connected_line_updates: bool | None = None,
    ) -> bool:
        """Add a channel to a bridge.

        400: Channel not found
        404: Bridge not found
        409: Bridge not in Stasis application; Channel currently recording
        422: Channel not in Stasis application
        """
        query: dict[str, str] = {"channel": joined(channel)}
        if role is not None:
            query["role"] = role
        if absorb_dtmf is not None:
            query["absorbDTMF"] = "true" if absorb_dtmf else "false"
        if mute is not None:
            query["mute"] = "true" if mute else "false"
        if inhibit_connected_line_updates is not None:
            query["inhibitConnectedLineUpdates"] = "true" if inhibit_connected_line_updates else "false"
        return await self._done_or_gone(
            "bridges.add_channel", "POST", f"bridges/{part(bridge_id)}/addChannel", query
        )

    async def remove_channel(self, bridge_id: str, *, channel: str | Sequence[str]) -> bool:
        """Remove a channel from a bridge.

        400: Channel not found
        404: Bridge not found
        409: Bridge not in Stasis application
        422: Channel not in this bridge
        """
        query: dict[str, str] = {"channel": joined(channel)}
        return await self._done_or_gone(
            "bridges.remove_channel", "POST", f"bridges/{part(bridge_id)}/removeChannel", query
        )

    async def set_video_source(self, bridge_id: str, channel_id: str) -> bool:
        """Set a channel as the video source in a multi-party mixing bridge. This operation has no effect on
        bridges with two or fewer participants.

        404: Bridge or Channel not found
        409: Channel not in Stasis application
        422: Channel not in this Bridge
        """
        return await self._done_or_gone(
            "bridges.set_video_source", "POST", f"bridges/{part(bridge_id)}/videoSource/{part(channel_id)}"
        )

    async def clear_video_source(self, bridge_id: str) -> bool:
        """Removes any explicit video source in a multi-party mixing bridge. This operation has no effect on
        bridges with two or fewer participants. When no explicit video source is set, talk detection will be
        used to determine the active video stream.

        404: Bridge not found
        """
        return await self._done_or_gone(
            "bridges.clear_video_source", "DELETE", f"bridges/{part(bridge_id)}/videoSource"
        )

    async def start_moh(self, bridge_id: str, *, moh_class: str | None = None) -> bool:
        """Play music on hold to a bridge or change the MOH class that is playing.

        404: Bridge not found
        409: Bridge not in Stasis application
        """
        query: dict[str, str] = {}
        if moh_class is not None:
            query["mohClass"] = moh_class
        return await self._done_or_gone("bridges.start_moh", "POST", f"bridges/{part(bridge_id)}/moh", query)

    async def stop_moh(self, bridge_id: str) -> bool:
        """Stop playing music on hold to a bridge.

        404: Bridge not found
        409: Bridge not in Stasis application
        """
        return await self._done_or_gone("bridges.stop_moh", "DELETE", f"bridges/{part(bridge_id)}/moh")

    async def play(
        self,
        bridge_id: str,
        *,
        media: str | Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Playback | None:
        """Start playback of media on a bridge.

        404: Bridge not found
        409: Bridge not in a Stasis application
        422: The format specified is unknown on this system
        """
        query: dict[str, str] = {"media": joined(media)}
        if announcer_format is not None:
            query["announcer_format"] = announcer_format
        if lang is not None:
            query["lang"] = lang
        if offsetms is not None:
            query["offsetms"] = str(offsetms)
        if skipms is not None:
            query["skipms"] = str(skipms)
        if playback_id is not None:
            query["playbackId"] = playback_id
        return await self._read_or_gone(Playback, "bridges.play", "POST", f"bridges/{part(bridge_id)}/play", query)

    async def play_with_id(
        self,
        bridge_id: str,
        playback_id: str,
        *,
        media: str | Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Playback | None:
        """Start playback of media on a bridge.

        404: Bridge not found
        409: Bridge not in a Stasis application
        422: The format specified is unknown on this system
        """
        query: dict[str, str] = {"media": joined(media)}
        if announcer_format is not None:
            query["announcer_format"] = announcer_format
        if lang is not None:
            query["lang"] = lang
        if offsetms is not None:
            query["offsetms"] = str(offsetms)
        if skipms is not None:
            query["skipms"] = str(skipms)
        return await self._read_or_gone(
            Playback, "bridges.play_with_id", "POST", f"bridges/{part(bridge_id)}/play/{part(playback_id)}", query
        )

    async def record(
        self,
        bridge_id: str,
        *,
        name: str,
        format: str,
        recorder_format: str | None = None,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: Literal["fail", "overwrite", "append"] | None = None,
        beep: bool | None = None,
        terminate_on: Literal["none", "any", "*", "#"] | None = None,
    ) -> LiveRecording | None:
        """Start a recording.

        400: Invalid parameters
        404: Bridge not found
        409: Bridge is not in a Stasis application; A recording with the same name already exists on the
        system and can not be overwritten because it is in progress or ifExists=fail
        422: The format specified is unknown on this system
        """
        query: dict[str, str] = {"name": name, "format": format}
        if recorder_format is not None:
            query["recorder_format"] = recorder_format
        if max_duration_seconds is not None:
            query["maxDurationSeconds"] = str(max_duration_seconds)
        if max_silence_seconds is not None:
            query["maxSilenceSeconds"] = str(max_silence_seconds)
        if if_exists is not None:
            query["ifExists"] = if_exists
        if beep is not None:
            query["beep"] = "true" if beep else "false"
        if terminate_on is not None:
            query["terminateOn"] = terminate_on
        return await self._read_or_gone(
            LiveRecording, "bridges.record", "POST", f"bridges/{part(bridge_id)}/record", query
        )


class Channels(Resource):
    """Active channels."""

    __slots__ = ()

    async def list(self) -> tuple[Channel, ...]:
        """List all active channels in Asterisk."""
        return await self._read(tuple[Channel, ...], "channels.list", "GET", "channels")

    async def originate(
        self,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Channel:
        """Create a new channel (originate).

        400: Invalid parameters for originating a channel.
        409: Channel with given unique ID already exists.
        """
        query: dict[str, str] = {"endpoint": endpoint}
        if extension is not None:
            query["extension"] = extension
        if context is not None:
            query["context"] = context
        if priority is not None:
            query["priority"] = str(priority)
        if label is not None:
            query["label"] = label
        if app is not None:
            query["app"] = app
        if app_args is not None:
            query["appArgs"] = app_args
        if caller_id is not None:
            query["callerId"] = caller_id
        if timeout is not None:
            query["timeout"] = str(timeout)
        if channel_id is not None:
            query["channelId"] = channel_id
        if other_channel_id is not None:
            query["otherChannelId"] = other_channel_id
        if originator is not None:
            query["originator"] = originator
        if formats is not None:
            query["formats"] = formats
        return await self._read(
            Channel,
            "channels.originate",
            "POST",
            "channels",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def create(
        self,
        *,
        endpoint: str,
        app: str,
        app_args: str | None = None,
        channel_id: str | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Channel:
        """Create channel.

        409: Channel with given unique ID already exists.
        """
        query: dict[str, str] = {"endpoint": endpoint, "app": app}
        if app_args is not None:
            query["appArgs"] = app_args
        if channel_id is not None:
            query["channelId"] = channel_id
        if other_channel_id is not None:
            query["otherChannelId"] = other_channel_id
        if originator is not None:
            query["originator"] = originator
        if formats is not None:
            query["formats"] = formats
        return await self._read(
            Channel,
            "channels.create",
            "POST",
            "channels/create",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def get(self, channel_id: str) -> Channel | None:
        """Channel details.

        404: Channel not found
        """
        return await self._read_or_gone(Channel, "channels.get", "GET", f"channels/{part(channel_id)}")

    async def originate_with_id(
        self,
        channel_id: str,
        *,
        endpoint: str,
        extension: str | None = None,
        context: str | None = None,
        priority: int | None = None,
        label: str | None = None,
        app: str | None = None,
        app_args: str | None = None,
        caller_id: str | None = None,
        timeout: int | None = None,
        other_channel_id: str | None = None,
        originator: str | None = None,
        formats: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Channel:
        """Create a new channel (originate with id).

        400: Invalid parameters for originating a channel.
        409: Channel with given unique ID already exists.
        """
        query: dict[str, str] = {"endpoint": endpoint}
        if extension is not None:
            query["extension"] = extension
        if context is not None:
            query["context"] = context
        if priority is not None:
            query["priority"] = str(priority)
        if label is not None:
            query["label"] = label
        if app is not None:
            query["app"] = app
        if app_args is not None:
            query["appArgs"] = app_args
        if caller_id is not None:
            query["callerId"] = caller_id
        if timeout is not None:
            query["timeout"] = str(timeout)
        if other_channel_id is not None:
            query["otherChannelId"] = other_channel_id
        if originator is not None:
            query["originator"] = originator
        if formats is not None:
            query["formats"] = formats
        return await self._read(
            Channel,
            "channels.originate_with_id",
            "POST",
            f"channels/{part(channel_id)}",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def hangup(
        self,
        channel_id: str,
        *,
        reason_code: str | None = None,
        reason: Literal[
            "normal",
            "busy",
            "congestion",
            "no_answer",
            "timeout",
            "rejected",
            "unallocated",
            "normal_unspecified",
            "number_incomplete",
            "codec_mismatch",
            "interworking",
            "failure",
            "answered_elsewhere",
        ]
        | None = None,
    ) -> bool:
        """Delete (i.e. hangup) a channel.

        400: Invalid reason for hangup provided
        404: Channel not found
        """
        query: dict[str, str] = {}
        if reason_code is not None:
            query["reason_code"] = reason_code
        if reason is not None:
            query["reason"] = reason
        return await self._done_or_gone("channels.hangup", "DELETE", f"channels/{part(channel_id)}", query)

    async def continue_in_dialplan(
        self,
        channel_id: str,
        *,
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
        label: str | None = None,
    ) -> bool:
        """Exit application; continue execution in the dialplan.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {}
        if context is not None:
            query["context"] = context
        if extension is not None:
            query["extension"] = extension
        if priority is not None:
            query["priority"] = str(priority)
        if label is not None:
            query["label"] = label
        return await self._done_or_gone(
            "channels.continue_in_dialplan", "POST", f"channels/{part(channel_id)}/continue", query
        )

    async def move(self, channel_id: str, *, app: str, app_args: str | None = None) -> bool:
        """Move the channel from one Stasis application to another.

        404: Channel not found
        409: Channel not in a Stasis application
        """
        query: dict[str, str] = {"app": app}
        if app_args is not None:
            query["appArgs"] = app_args
        return await self._done_or_gone("channels.move", "POST", f"channels/{part(channel_id)}/move", query)

    async def redirect(self, channel_id: str, *, endpoint: str) -> bool:
        """Redirect the channel to a different location.

        400: Endpoint parameter not provided
        404: Channel or endpoint not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        422: Endpoint is not the same type as the channel
        """
        query: dict[str, str] = {"endpoint": endpoint}
        return await self._done_or_gone("channels.redirect", "POST", f"channels/{part(channel_id)}/redirect", query)

    async def answer(self, channel_id: str) -> bool:
        """Answer a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.answer", "POST", f"channels/{part(channel_id)}/answer")

    async def ring(self, channel_id: str) -> bool:
        """Indicate ringing to a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.ring", "POST", f"channels/{part(channel_id)}/ring")

    async def ring_stop(self, channel_id: str) -> bool:
        """Stop ringing indication on a channel if locally generated.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.ring_stop", "DELETE", f"channels/{part(channel_id)}/ring")

    async def progress(self, channel_id: str) -> bool:
        """Indicate progress on a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        Since Asterisk 22.6.0, 21.11.0, 20.16.0.
        """
        return await self._done_or_gone("channels.progress", "POST", f"channels/{part(channel_id)}/progress")

    async def send_dtmf(
        self,
        channel_id: str,
        *,
        dtmf: str | None = None,
        before: int | None = None,
        between: int | None = None,
        duration: int | None = None,
        after: int | None = None,
    ) -> bool:
        """Send provided DTMF to a given channel.

        400: DTMF is required
        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {}
        if dtmf is not None:
            query["dtmf"] = dtmf
        if before is not None:
            query["before"] = str(before)
        if between is not None:
            query["between"] = str(between)
        if duration is not None:
            query["duration"] = str(duration)
        if after is not None:
            query["after"] = str(after)
        return await self._done_or_gone("channels.send_dtmf", "POST", f"channels/{part(channel_id)}/dtmf", query)

    async def mute(self, channel_id: str, *, direction: Literal["both", "in", "out"] | None = None) -> bool:
        """Mute a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {}
        if direction is not None:
            query["direction"] = direction
        return await self._done_or_gone("channels.mute", "POST", f"channels/{part(channel_id)}/mute", query)

    async def unmute(self, channel_id: str, *, direction: Literal["both", "in", "out"] | None = None) -> bool:
        """Unmute a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {}
        if direction is not None:
            query["direction"] = direction
        return await self._done_or_gone("channels.unmute", "DELETE", f"channels/{part(channel_id)}/mute", query)

    async def hold(self, channel_id: str) -> bool:
        """Hold a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.hold", "POST", f"channels/{part(channel_id)}/hold")

    async def unhold(self, channel_id: str) -> bool:
        """Remove a channel from hold.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.unhold", "DELETE", f"channels/{part(channel_id)}/hold")

    async def start_moh(self, channel_id: str, *, moh_class: str | None = None) -> bool:
        """Play music on hold to a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {}
        if moh_class is not None:
            query["mohClass"] = moh_class
        return await self._done_or_gone("channels.start_moh", "POST", f"channels/{part(channel_id)}/moh", query)

    async def stop_moh(self, channel_id: str) -> bool:
        """Stop playing music on hold to a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.stop_moh", "DELETE", f"channels/{part(channel_id)}/moh")

    async def start_silence(self, channel_id: str) -> bool:
        """Play silence to a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.start_silence", "POST", f"channels/{part(channel_id)}/silence")

    async def stop_silence(self, channel_id: str) -> bool:
        """Stop playing silence to a channel.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        return await self._done_or_gone("channels.stop_silence", "DELETE", f"channels/{part(channel_id)}/silence")

    async def play(
        self,
        channel_id: str,
        *,
        media: str | Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Playback | None:
        """Start playback of media.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {"media": joined(media)}
        if lang is not None:
            query["lang"] = lang
        if offsetms is not None:
            query["offsetms"] = str(offsetms)
        if skipms is not None:
            query["skipms"] = str(skipms)
        if playback_id is not None:
            query["playbackId"] = playback_id
        return await self._read_or_gone(
            Playback, "channels.play", "POST", f"channels/{part(channel_id)}/play", query
        )

    async def play_with_id(
        self,
        channel_id: str,
        playback_id: str,
        *,
        media: str | Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Playback | None:
        """Start playback of media and specify the playbackId.

        404: Channel not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        """
        query: dict[str, str] = {"media": joined(media)}
        if lang is not None:
            query["lang"] = lang
        if offsetms is not None:
            query["offsetms"] = str(offsetms)
        if skipms is not None:
            query["skipms"] = str(skipms)
        return await self._read_or_gone(
            Playback,
            "channels.play_with_id",
            "POST",
            f"channels/{part(channel_id)}/play/{part(playback_id)}",
            query,
        )

    async def record(
        self,
        channel_id: str,
        *,
        name: str,
        format: str,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: Literal["fail", "overwrite", "append"] | None = None,
        beep: bool | None = None,
        terminate_on: Literal["none", "any", "*", "#"] | None = None,
    ) -> LiveRecording | None:
        """Start a recording.

        400: Invalid parameters
        404: Channel not found
        409: Channel is not in a Stasis application; the channel is currently bridged with other channels; A
        recording with the same name already exists on the system and can not be overwritten because it is in
        progress or ifExists=fail
        422: The format specified is unknown on this system
        """
        query: dict[str, str] = {"name": name, "format": format}
        if max_duration_seconds is not None:
            query["maxDurationSeconds"] = str(max_duration_seconds)
        if max_silence_seconds is not None:
            query["maxSilenceSeconds"] = str(max_silence_seconds)
        if if_exists is not None:
            query["ifExists"] = if_exists
        if beep is not None:
            query["beep"] = "true" if beep else "false"
        if terminate_on is not None:
            query["terminateOn"] = terminate_on
        return await self._read_or_gone(
            LiveRecording, "channels.record", "POST", f"channels/{part(channel_id)}/record", query
        )

    async def get_channel_var(self, channel_id: str, *, variable: str) -> Variable | None:
        """Get the value of a channel variable or function.

        400: Missing variable parameter.
        404: Channel or variable not found
        409: Channel not in a Stasis application
        """
        query: dict[str, str] = {"variable": variable}
        return await self._read_or_gone(
            Variable, "channels.get_channel_var", "GET", f"channels/{part(channel_id)}/variable", query
        )

    async def set_channel_var(
        self, channel_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
    ) -> bool:
        """Set the value of a channel variable or function.

        400: Missing variable parameter.
        404: Channel not found
        409: Channel not in a Stasis application
        """
        query: dict[str, str] = {"variable": variable}
        if value is not None:
            query["value"] = value
        if report_events is not None:
            query["report_events"] = "true" if report_events else "false"
        return await self._done_or_gone(
            "channels.set_channel_var", "POST", f"channels/{part(channel_id)}/variable", query
        )

    async def get_channel_vars(self, channel_id: str, *, variables: str | Sequence[str]) -> Variables | None:
        """Get the value of multiple channel variables or functions.

        400: Missing variables parameter.
        404: Channel or variable not found
        409: Channel not in a Stasis application
        Since Asterisk 20.20.0, 22.10.0, 23.4.0.
        """
        query: dict[str, str] = {"variables": joined(variables)}
        return await self._read_or_gone(
            Variables, "channels.get_channel_vars", "GET", f"channels/{part(channel_id)}/variables", query
        )

    async def set_channel_vars(self, channel_id: str, *, variables: Mapping[str, object]) -> bool:
        """Set the values of multiple channel variables or functions.

        400: Missing variables parameter.
        404: Channel not found
        409: Channel not in a Stasis application
        Since Asterisk 20.20.0, 22.10.0, 23.4.0.
        """
        return await self._done_or_gone(
            "channels.set_channel_vars",
            "POST",
            f"channels/{part(channel_id)}/variables",
            body={"variables": variables},
        )

    async def snoop_channel(
        self,
        channel_id: str,
        *,
        app: str,
        spy: Literal["none", "both", "out", "in"] | None = None,
        whisper: Literal["none", "both", "out", "in"] | None = None,
        app_args: str | None = None,
        snoop_id: str | None = None,
    ) -> Channel | None:
        """Start snooping.

        400: Invalid parameters
        404: Channel not found
        """
        query: dict[str, str] = {"app": app}
        if spy is not None:
            query["spy"] = spy
        if whisper is not None:
            query["whisper"] = whisper
        if app_args is not None:
            query["appArgs"] = app_args
        if snoop_id is not None:
            query["snoopId"] = snoop_id
        return await self._read_or_gone(
            Channel, "channels.snoop_channel", "POST", f"channels/{part(channel_id)}/snoop", query
        )

    async def snoop_channel_with_id(
        self,
        channel_id: str,
        snoop_id: str,
        *,
        app: str,
        spy: Literal["none", "both", "out", "in"] | None = None,
        whisper: Literal["none", "both", "out", "in"] | None = None,
        app_args: str | None = None,
    ) -> Channel | None:
        """Start snooping.

        400: Invalid parameters
        404: Channel not found
        """
        query: dict[str, str] = {"app": app}
        if spy is not None:
            query["spy"] = spy
        if whisper is not None:
            query["whisper"] = whisper
        if app_args is not None:
            query["appArgs"] = app_args
        return await self._read_or_gone(
            Channel,
            "channels.snoop_channel_with_id",
            "POST",
            f"channels/{part(channel_id)}/snoop/{part(snoop_id)}",
            query,
        )

    async def dial(self, channel_id: str, *, caller: str | None = None, timeout: int | None = None) -> bool:
        """Dial a created channel.

        404: Channel cannot be found.
        409: Channel cannot be dialed.
        """
        query: dict[str, str] = {}
        if caller is not None:
            query["caller"] = caller
        if timeout is not None:
            query["timeout"] = str(timeout)
        return await self._done_or_gone("channels.dial", "POST", f"channels/{part(channel_id)}/dial", query)

    async def rtpstatistics(self, channel_id: str) -> RTPstat | None:
        """RTP stats on a channel.

        404: Channel cannot be found.
        """
        return await self._read_or_gone(
            RTPstat, "channels.rtpstatistics", "GET", f"channels/{part(channel_id)}/rtp_statistics"
        )

    async def external_media(
        self,
        *,
        app: str,
        format: str,
        channel_id: str | None = None,
        external_host: str | None = None,
        encapsulation: Literal["rtp", "audiosocket", "none"] | None = None,
        transport: Literal["udp", "tcp", "websocket"] | None = None,
        connection_type: Literal["client", "server"] | None = None,
        direction: Literal["both"] | None = None,
        data: str | None = None,
        transport_data: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Channel:
        """Start an External Media session.

        400: Invalid parameters
        409: Channel is not in a Stasis application; Channel is already bridged
        """
        query: dict[str, str] = {"app": app, "format": format}
        if channel_id is not None:
            query["channelId"] = channel_id
        if external_host is not None:
            query["external_host"] = external_host
        if encapsulation is not None:
            query["encapsulation"] = encapsulation
        if transport is not None:
            query["transport"] = transport
        if connection_type is not None:
            query["connection_type"] = connection_type
        if direction is not None:
            query["direction"] = direction
        if data is not None:
            query["data"] = data
        if transport_data is not None:
            query["transport_data"] = transport_data
        return await self._read(
            Channel,
            "channels.external_media",
            "POST",
            "channels/externalMedia",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def transfer_progress(self, channel_id: str, *, states: str) -> bool:
        """Inform the channel about the progress of the attended/blind transfer.

        400: Endpoint parameter not provided
        404: Channel or endpoint not found
        409: Channel not in a Stasis application
        412: Channel in invalid state
        Since Asterisk 22.3.0, 21.8.0, 20.13.0.
        """
        query: dict[str, str] = {"states": states}
        return await self._done_or_gone(
            "channels.transfer_progress", "POST", f"channels/{part(channel_id)}/transfer_progress", query
        )


class DeviceStates(Resource):
    """Device states."""

    __slots__ = ()

    async def list(self) -> tuple[DeviceState, ...]:
        """List all ARI controlled device states."""
        return await self._read(tuple[DeviceState, ...], "device_states.list", "GET", "deviceStates")

    async def get(self, device_name: str) -> DeviceState | None:
        """Retrieve the current state of a device."""
        return await self._read_or_gone(
            DeviceState, "device_states.get", "GET", f"deviceStates/{part(device_name)}"
        )

    async def update(
        self,
        device_name: str,
        *,
        device_state: Literal[
            "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD"
        ],
    ) -> bool:
        """Change the state of a device controlled by ARI. (Note - implicitly creates the device state).

        404: Device name is missing
        409: Uncontrolled device specified
        """
        query: dict[str, str] = {"deviceState": device_state}
        return await self._done_or_gone("device_states.update", "PUT", f"deviceStates/{part(device_name)}", query)

    async def delete(self, device_name: str) -> bool:
        """Destroy a device-state controlled by ARI.

        404: Device name is missing
        409: Uncontrolled device specified
        """
        return await self._done_or_gone("device_states.delete", "DELETE", f"deviceStates/{part(device_name)}")


class Endpoints(Resource):
    """Asterisk endpoints."""

    __slots__ = ()

    async def list(self) -> tuple[Endpoint, ...]:
        """List all endpoints."""
        return await self._read(tuple[Endpoint, ...], "endpoints.list", "GET", "endpoints")

    async def send_message(
        self, *, to: str, from_: str, body: str | None = None, variables: Mapping[str, object] | None = None
    ) -> bool:
        """Send a message to some technology URI or endpoint.

        400: Invalid parameters for sending a message.
        404: Endpoint not found
        """
        query: dict[str, str] = {"to": to, "from": from_}
        if body is not None:
            query["body"] = body
        return await self._done_or_gone(
            "endpoints.send_message",
            "PUT",
            "endpoints/sendMessage",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def refer(
        self,
        *,
        to: str,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> bool:
        """Refer an endpoint or technology URI to some technology URI or endpoint.

        400: Invalid parameters for referring.
        404: Endpoint not found
        Since Asterisk 18.20.0, 20.5.0.
        """
        query: dict[str, str] = {"to": to, "from": from_, "refer_to": refer_to}
        if to_self is not None:
            query["to_self"] = "true" if to_self else "false"
        return await self._done_or_gone(
            "endpoints.refer",
            "POST",
            "endpoints/refer",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def list_by_tech(self, tech: str) -> tuple[Endpoint, ...] | None:
        """List available endoints for a given endpoint technology.

        404: Endpoints not found
        """
        return await self._read_or_gone(
            tuple[Endpoint, ...], "endpoints.list_by_tech", "GET", f"endpoints/{part(tech)}"
        )

    async def get(self, tech: str, resource: str) -> Endpoint | None:
        """Details for an endpoint.

        400: Invalid parameters for sending a message.
        404: Endpoints not found
        """
        return await self._read_or_gone(
            Endpoint, "endpoints.get", "GET", f"endpoints/{part(tech)}/{part(resource)}"
        )

    async def send_message_to_endpoint(
        self,
        tech: str,
        resource: str,
        *,
        from_: str,
        body: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> bool:
        """Send a message to some endpoint in a technology.

        400: Invalid parameters for sending a message.
        404: Endpoint not found
        """
        query: dict[str, str] = {"from": from_}
        if body is not None:
            query["body"] = body
        return await self._done_or_gone(
            "endpoints.send_message_to_endpoint",
            "PUT",
            f"endpoints/{part(tech)}/{part(resource)}/sendMessage",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def refer_to_endpoint(
        self,
        tech: str,
        resource: str,
        *,
        from_: str,
        refer_to: str,
        to_self: bool | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> bool:
        """Refer an endpoint or technology URI to some technology URI or endpoint.

        400: Invalid parameters for referring.
        404: Endpoint not found
        Since Asterisk 18.20.0, 20.5.0.
        """
        query: dict[str, str] = {"from": from_, "refer_to": refer_to}
        if to_self is not None:
            query["to_self"] = "true" if to_self else "false"
        return await self._done_or_gone(
            "endpoints.refer_to_endpoint",
            "POST",
            f"endpoints/{part(tech)}/{part(resource)}/refer",
            query,
            body=None if variables is None else {"variables": variables},
        )


class Events(Resource):
    """Events from Asterisk to applications."""

    __slots__ = ()

    async def user_event(
        self,
        event_name: str,
        *,
        application: str,
        source: str | Sequence[str] | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> bool:
        """Generate a user event.

        400: Invalid even tsource URI or userevent data.
        404: Application does not exist.
        422: Event source not found.
        """
        query: dict[str, str] = {"application": application}
        if source is not None:
            query["source"] = joined(source)
        return await self._done_or_gone(
            "events.user_event",
            "POST",
            f"events/user/{part(event_name)}",
            query,
            body=None if variables is None else {"variables": variables},
        )

    async def claim_channel(self, *, channel_id: str, application: str) -> bool:
        """Claim a broadcast channel for this application.

        404: Channel not found or not in broadcast state.
        409: Channel has already been claimed by another application.
        Since Asterisk 20.17.0, 22.7.0, 23.1.0.
        """
        query: dict[str, str] = {"channelId": channel_id, "application": application}
        return await self._done_or_gone("events.claim_channel", "POST", "events/claim", query)


class Mailboxes(Resource):
    """Mailboxes."""

    __slots__ = ()

    async def list(self) -> tuple[Mailbox, ...]:
        """List all mailboxes."""
        return await self._read(tuple[Mailbox, ...], "mailboxes.list", "GET", "mailboxes")

    async def get(self, mailbox_name: str) -> Mailbox | None:
        """Retrieve the current state of a mailbox.

        404: Mailbox not found
        """
        return await self._read_or_gone(Mailbox, "mailboxes.get", "GET", f"mailboxes/{part(mailbox_name)}")

    async def update(self, mailbox_name: str, *, old_messages: int, new_messages: int) -> bool:
        """Change the state of a mailbox. (Note - implicitly creates the mailbox).

        404: Mailbox not found
        """
        query: dict[str, str] = {"oldMessages": str(old_messages), "newMessages": str(new_messages)}
        return await self._done_or_gone("mailboxes.update", "PUT", f"mailboxes/{part(mailbox_name)}", query)

    async def delete(self, mailbox_name: str) -> bool:
        """Destroy a mailbox.

        404: Mailbox not found
        """
        return await self._done_or_gone("mailboxes.delete", "DELETE", f"mailboxes/{part(mailbox_name)}")


class Playbacks(Resource):
    """Control object for a playback operation.."""

    __slots__ = ()

    async def get(self, playback_id: str) -> Playback | None:
        """Get a playback's details.

        404: The playback cannot be found
        """
        return await self._read_or_gone(Playback, "playbacks.get", "GET", f"playbacks/{part(playback_id)}")

    async def stop(self, playback_id: str) -> bool:
        """Stop a playback.

        404: The playback cannot be found
        """
        return await self._done_or_gone("playbacks.stop", "DELETE", f"playbacks/{part(playback_id)}")

    async def control(
        self, playback_id: str, *, operation: Literal["restart", "pause", "unpause", "reverse", "forward"]
    ) -> bool:
        """Control a playback.

        400: The provided operation parameter was invalid
        404: The playback cannot be found
        409: The operation cannot be performed in the playback's current state
        """
        query: dict[str, str] = {"operation": operation}
        return await self._done_or_gone(
            "playbacks.control", "POST", f"playbacks/{part(playback_id)}/control", query
        )


class Recordings(Resource):
    """Recordings."""

    __slots__ = ()

    async def list_stored(self) -> tuple[StoredRecording, ...]:
        """List recordings that are complete."""
        return await self._read(tuple[StoredRecording, ...], "recordings.list_stored", "GET", "recordings/stored")

    async def get_stored(self, recording_name: str) -> StoredRecording | None:
        """Get a stored recording's details.

        404: Recording not found
        """
        return await self._read_or_gone(
            StoredRecording, "recordings.get_stored", "GET", f"recordings/stored/{part(recording_name)}"
        )

    async def delete_stored(self, recording_name: str) -> bool:
        """Delete a stored recording.

        404: Recording not found
        """
        return await self._done_or_gone(
            "recordings.delete_stored", "DELETE", f"recordings/stored/{part(recording_name)}"
        )

    async def get_stored_file(self, recording_name: str) -> bytes | None:
        """Get the file associated with the stored recording.

        403: The recording file could not be opened
        404: Recording not found
        """
        return await self._bytes_or_gone(
            "recordings.get_stored_file", "GET", f"recordings/stored/{part(recording_name)}/file"
        )

    async def copy_stored(self, recording_name: str, *, destination_recording_name: str) -> StoredRecording | None:
        """Copy a stored recording.

        404: Recording not found
        409: A recording with the same name already exists on the system
        """
        query: dict[str, str] = {"destinationRecordingName": destination_recording_name}
        return await self._read_or_gone(
            StoredRecording,
            "recordings.copy_stored",
            "POST",
            f"recordings/stored/{part(recording_name)}/copy",
            query,
        )

    async def get_live(self, recording_name: str) -> LiveRecording | None:
        """List live recordings.

        404: Recording not found
        """
        return await self._read_or_gone(
            LiveRecording, "recordings.get_live", "GET", f"recordings/live/{part(recording_name)}"
        )

    async def cancel(self, recording_name: str) -> bool:
        """Stop a live recording and discard it.

        404: Recording not found
        """
        return await self._done_or_gone("recordings.cancel", "DELETE", f"recordings/live/{part(recording_name)}")

    async def stop(self, recording_name: str) -> bool:
        """Stop a live recording and store it.

        404: Recording not found
        """
        return await self._done_or_gone("recordings.stop", "POST", f"recordings/live/{part(recording_name)}/stop")

    async def pause(self, recording_name: str) -> bool:
        """Pause a live recording.

        404: Recording not found
        409: Recording not in session
        """
        return await self._done_or_gone("recordings.pause", "POST", f"recordings/live/{part(recording_name)}/pause")

    async def unpause(self, recording_name: str) -> bool:
        """Unpause a live recording.

        404: Recording not found
        409: Recording not in session
        """
        return await self._done_or_gone(
            "recordings.unpause", "DELETE", f"recordings/live/{part(recording_name)}/pause"
        )

    async def mute(self, recording_name: str) -> bool:
        """Mute a live recording.

        404: Recording not found
        409: Recording not in session
        """
        return await self._done_or_gone("recordings.mute", "POST", f"recordings/live/{part(recording_name)}/mute")

    async def unmute(self, recording_name: str) -> bool:
        """Unmute a live recording.

        404: Recording not found
        409: Recording not in session
        """
        return await self._done_or_gone(
            "recordings.unmute", "DELETE", f"recordings/live/{part(recording_name)}/mute"
        )


class Sounds(Resource):
    """Sounds."""

    __slots__ = ()

    async def list(self, *, lang: str | None = None, format: str | None = None) -> tuple[Sound, ...]:
        """List all sounds."""
        query: dict[str, str] = {}
        if lang is not None:
            query["lang"] = lang
        if format is not None:
            query["format"] = format
        return await self._read(tuple[Sound, ...], "sounds.list", "GET", "sounds", query)

    async def get(self, sound_id: str) -> Sound | None:
        """Get a sound's details."""
        return await self._read_or_gone(Sound, "sounds.get", "GET", f"sounds/{part(sound_id)}")
