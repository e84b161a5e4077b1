"""Channel variables and the dialplan functions that look like them."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.fake.channel import Channel, Identity

_FUNCTION = re.compile(r"([A-Z_]+)\((.*)\)$")
_IDENTITY = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>\s*$')
_PARTS = {"num": "number", "number": "number", "name": "name", "pres": "presentation", "num-pres": "presentation"}
_PRESENTATIONS = {
    "prohib": "prohib_not_screened",
    "allowed": "allowed_not_screened",
    "unavailable": "unavailable",
}


def write(channel: "Channel", name: str, value: str) -> None:
    match = _FUNCTION.match(name)
    if not match:
        channel.variables[name] = value
        channel.tell("ChannelVarset", variable=name, value=value)
        return
    function, arguments = match[1], match[2].split(",")
    match function:
        case "TIMEOUT" if arguments == ["absolute"]:
            channel.set_lease(float(value))
        case "CALLERID":
            channel.caller = _changed(channel.caller, arguments[0], value)
        case "CONNECTEDLINE":
            channel.connected = _changed(channel.connected, arguments[0], value)
            channel.tell("ChannelConnectedLine")
            if "i" not in arguments[1:] and channel.far_end and channel.state in ("Ringing", "Up"):
                channel.far_end.is_shown(channel.connected)  # by UPDATE
        case "PJSIP_HEADER" if arguments[0] == "add":
            channel.headers[arguments[1]] = value
        case "REDIRECTING" | "CHANNEL" | "PJSIP_TRANSFER_HANDLING":
            channel.variables[name] = value
        case _:
            channel.pbx.complain(f"set {name} on {channel.id}: no such function here")


def read(channel: "Channel", name: str) -> str | None:
    """None for what is not set."""
    match = _FUNCTION.match(name)
    if not match or name in channel.variables:
        return channel.variables.get(name)
    function, arguments = match[1], match[2].split(",")
    match function:
        case "TIMEOUT":
            return f"{channel.lease_s:.3f}" if channel.lease_s else "0"
        case "CALLERID" if arguments[0] == "dnid":
            return channel.exten
        case "CALLERID":
            return _part(channel.caller, arguments[0])
        case "CONNECTEDLINE":
            return _part(channel.connected, arguments[0])
        case "PJSIP_HEADER" if arguments[0] == "read":
            return channel.headers.get(arguments[1])
        case "STIR_SHAKEN" if "res_stir_shaken.so" in channel.pbx.modules:
            signed = channel.headers.get("Identity")  # in the fake: the attestation alone, always well signed
            return signed and {"verify_result": "success", "attestation": signed}.get(arguments[1])
        case "CHANNEL":
            known = {"pjsip,call-id": f"sip-{channel.id}", "pjsip,remote_addr": "192.0.2.1:5060", "language": "en"}
            return known.get(match[2])
    channel.pbx.complain(f"read {name} of {channel.id}: no such function here")
    return None


def _changed(identity: "Identity", part: str, value: str) -> "Identity":
    if part == "all":
        match = _IDENTITY.match(value)
        return replace(identity, name=match[1], number=match[2]) if match else replace(identity, number=value)
    if field := _PARTS.get(part):
        return replace(identity, **{field: _PRESENTATIONS.get(value, value) if field == "presentation" else value})
    return identity


def _part(identity: "Identity", part: str) -> str | None:
    if part == "all":
        return f'"{identity.name}" <{identity.number}>'
    field = _PARTS.get(part)
    return str(getattr(identity, field)) if field else None
