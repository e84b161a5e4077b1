"""Where things are and what they may cost: one frozen `Settings` from a file and the environment.

Every key of the file has a variable, CALLROUTER_ARI_URL for `url` in section `ari`, which wins over the file. A
secret may stand in a file of its own: `password_file` beside `password`, CALLROUTER_ARI_PASSWORD_FILE. All faults
are told at once; secrets are in none of them, nor in any repr.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, get_type_hints

from router.settings import kinds
from router.settings.kinds import Key, Listen
from router.settings.sources import FILE_VARIABLE, Sections, Sources
from router.voicemail.smtp import SmtpSettings

USUAL_FILES = (Path("callrouter.toml"), Path("callrouter.yaml"), Path("/etc/callrouter.toml"))


class SettingsError(Exception):
    """faults: one line each: where it stands, what is wrong, what is known."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class AriSettings:
    """lane: how requests travel, by pooled HTTP ("http") or beside the events ("websocket")."""

    url: Annotated[str, Key(kinds.address)] = "http://127.0.0.1:8088"
    username: Annotated[str, Key(kinds.text)] = "callrouter"
    password: Annotated[
        str, Key(kinds.password, secret=True, needed="that of this user in Asterisk's ari.conf")
    ] = field(default="", repr=False)
    app: Annotated[str, Key(kinds.text)] = "callrouter"
    lane: Annotated[str, Key(partial(kinds.choice, known=("http", "websocket")))] = "http"
    request_limit_s: Annotated[float, Key(kinds.seconds)] = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """url: of the database; it may hold a password. messages: folder of the recordings, shared by all routers.

    keep_records_days: how long records of calls are kept, None for ever.
    """

    url: Annotated[str, Key(kinds.store_url, secret=True)] = field(repr=False)
    messages: Annotated[Path, Key(kinds.path)]
    keep_records_days: Annotated[float | None, Key(partial(kinds.number, least=1, most=36_500))] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """listen: None when the part is off."""

    listen: Annotated[Listen | None, Key(kinds.listen)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """sounds_dir: where prompts are placed and Asterisk reads them. fallback_file: the generated dialplan.

    fallback_file: None to write none; else a file that Asterisk's extensions.conf includes.
    """

    sounds_dir: Annotated[Path, Key(kinds.path)]
    fallback_file: Annotated[Path | None, Key(kinds.path)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """format: "auto" is console on a terminal, else json. numbers: "masked" hides the middle of phone numbers."""

    format: Annotated[str, Key(partial(kinds.choice, known=("auto", "console", "json")))] = "auto"
    level: Annotated[str, Key(partial(kinds.choice, known=("debug", "info", "warning", "error")))] = "info"
    numbers: Annotated[str, Key(partial(kinds.choice, known=("full", "masked")))] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """drain_s: how long calls may go on after a stop is asked for. lease_margin_s: beyond the limit of each step,
    before Asterisk takes a call back from a router that hangs."""

    drain_s: Annotated[float, Key(partial(kinds.number, least=0.0, most=86_400.0))] = 20.0
    lease_margin_s: Annotated[float, Key(kinds.seconds)] = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupSettings:
    """Another system that knows callers' names. url: with {number}, None for none. token: sent to it as bearer."""

    url: Annotated[str | None, Key(kinds.lookup_url, secret=True)] = field(default=None, repr=False)
    token: Annotated[str, Key(kinds.password, secret=True)] = field(default="", repr=False)
    limit_s: Annotated[float, Key(partial(kinds.number, least=0.05, most=5.0))] = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """name: of this router in the records of calls; one for each Asterisk that shares a store.

    reload: when the dial plan is loaded anew: "asked", or also when its files have changed ("watch").
    """

    name: Annotated[str, Key(kinds.text)]
    state_dir: Annotated[Path, Key(kinds.path)]
    reload: Annotated[str, Key(partial(kinds.choice, known=("asked", "watch")))]
    ari: AriSettings
    smtp: SmtpSettings
    store: StoreSettings
    fastagi: ListenSettings
    http: ListenSettings
    asterisk: AsteriskSettings
    log: LogSettings
    calls: CallSettings
    lookup: LookupSettings = LookupSettings()

    @property
    def token_file(self) -> Path:
        """Whoever may read it may place calls through the running service, and change how it stands."""
        return self.state_dir / "token"


_SMTP_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_SMTP = {
    "host": Key(kinds.text, needed="the mail server that takes voicemails"),
    "port": Key(kinds.port),
    "security": Key(partial(kinds.choice, known=("none", "starttls", "tls"))),
    "username": Key(kinds.text),
    "password": Key(kinds.password, secret=True),
    "sender": Key(kinds.mailbox, needed="the address voicemails come from"),
    "timeout_s": Key(kinds.seconds),
}


def _keys(section: type) -> dict[str, Key]:
    hints = get_type_hints(section, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


SECTIONS: Sections = {
    "": _keys(Settings),
    "ari": _keys(AriSettings),
    "smtp": _SMTP,
    "store": _keys(StoreSettings),
    "fastagi": _keys(ListenSettings),
    "http": _keys(ListenSettings),
    "asterisk": _keys(AsteriskSettings),
    "log": _keys(LogSettings),
    "calls": _keys(CallSettings),
    "lookup": _keys(LookupSettings),
}


def load_settings(
    file: Path | None = None, environ: Mapping[str, str] | None = None, *, for_service: bool = True
) -> Settings:
    """Reads `file`, else the one named by CALLROUTER_SETTINGS, else the first of the usual ones that is there.

    environ: os.environ when None; an empty variable counts as not set. for_service: whether what only the running
    service needs must be there. Raises SettingsError with all faults.
    """
    environ = os.environ if environ is None else environ
    sources = Sources(SECTIONS)
    found = file or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    found = found or next((usual for usual in USUAL_FILES if usual.is_file()), None)
    is_read = found is None or sources.file(found)
    sources.variables(environ)
    # What is missing may well stand in the file that could not be read.
    values = {name: sources.section(name, for_service and is_read) for name in SECTIONS}
    smtp = values["smtp"]
    if bool(smtp.get("username")) != bool(smtp.get("password")) and not sources.faults:
        sources.faults.append("smtp: username and password are given together or not at all")
    if sources.faults:
        raise SettingsError(sources.faults)
    smtp.setdefault("security", "starttls")
    smtp.setdefault("port", _SMTP_PORTS[smtp["security"]])
    state_dir = values[""].setdefault("state_dir", Path("/var/lib/callrouter"))
    values["store"].setdefault("url", f"sqlite:///{state_dir / 'callrouter.db'}")
    values["store"].setdefault("messages", state_dir / "messages")
    values["asterisk"].setdefault("sounds_dir", state_dir / "sounds")
    values["fastagi"].setdefault("listen", Listen("127.0.0.1", 4573))
    values["http"].setdefault("listen", Listen("127.0.0.1", 8077))
    return Settings(
        name=values[""].get("name", socket.gethostname()),
        state_dir=state_dir,
        reload=values[""].get("reload", "asked"),
        ari=AriSettings(**values["ari"]),
        smtp=SmtpSettings(**{"host": "", "sender": "", **smtp}),
        store=StoreSettings(**values["store"]),
        fastagi=ListenSettings(**values["fastagi"]),
        http=ListenSettings(**values["http"]),
        asterisk=AsteriskSettings(**values["asterisk"]),
        log=LogSettings(**values["log"]),
        calls=CallSettings(**values["calls"]),
        lookup=LookupSettings(**values["lookup"]),
    )
