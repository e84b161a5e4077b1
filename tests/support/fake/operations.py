"""The operations the scripted Asterisk knows, each with the parameters ARI declares for it, and no others.

What it does not know it refuses, and remembers: a test whose router asked for such a thing fails.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from router.ari.transport import Response

if TYPE_CHECKING:
    from tests.support.fake.pbx import Pbx


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, read. ids: the ids in the path, decoded, in order."""

    method: str
    path: str
    ids: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.ids[0]

    def number(self, name: str, default: float = 0) -> float:
        return float(self.query.get(name, default))

    def is_set(self, name: str) -> bool:
        return self.query.get(name) == "true"

    @property
    def variables(self) -> dict[str, str]:
        found = self.body.get("variables", {})
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


Handler = Callable[["Pbx", Ask], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    method: str
    path: re.Pattern[str]
    required: frozenset[str]
    optional: frozenset[str]
    body: bool
    handler: Handler

    def objection(self, query: Mapping[str, str], body: Mapping[str, object] | None) -> str:
        """What is wrong with these parameters by ARI's declarations, "" when nothing is."""
        if unknown := set(query) - self.required - self.optional:
            return f"no such parameter: {', '.join(sorted(unknown))}"
        if missing := self.required - set(query):
            return f"{', '.join(sorted(missing))} parameter is required"
        if wrong := [name for name, value in query.items() if not isinstance(value, str)]:
            return f"not text: {', '.join(wrong)}"
        for name in _NUMBERS & set(query):
            if not query[name].lstrip("-").isdigit():
                return f"{name} is not a whole number: {query[name]!r}"
        for name in _BOOLEANS & set(query):
            if query[name] not in ("true", "false"):
                return f"{name} is not true or false: {query[name]!r}"
        for name, known in _CHOICES.items():
            if name in query and query[name] not in known:
                return f"{name} is none of {', '.join(sorted(known))}: {query[name]!r}"
        return "" if body is None or self.body else "this operation has no body"


_NUMBERS = frozenset({"timeout", "maxDurationSeconds", "maxSilenceSeconds", "priority", "reason_code"})
_BOOLEANS = frozenset({"beep", "absorbDTMF", "mute", "inhibitConnectedLineUpdates", "report_events"})
_CHOICES: Mapping[str, frozenset[str]] = {
    "ifExists": frozenset({"fail", "overwrite", "append"}),
    "terminateOn": frozenset({"none", "any", "*", "#"}),
    "type": frozenset({"mixing", "holding", "dtmf_events", "proxy_media", "video_sfu"}),
}

OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, *, required: str = "", optional: str = "", body: bool = False
) -> Callable[[Handler], Handler]:
    """Registers a handler. path: as declared, {} for each id. required, optional: query parameters."""
    pattern = re.compile(re.escape(path).replace(r"\{\}", "([^/]+)") + "$")

    def register(handler: Handler) -> Handler:
        OPERATIONS.append(
            Operation(
                method=method,
                path=pattern,
                required=frozenset(required.split()),
                optional=frozenset(optional.split()),
                body=body,
                handler=handler,
            )
        )
        return handler

    return register


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation and the decoded ids. Fixed words come before ids: channels/create is not a channel."""
    found = [
        (known, match.groups())
        for known in OPERATIONS
        if known.method == method and (match := known.path.match(path))
    ]
    if not found:
        return None
    known, ids = min(found, key=lambda one: len(one[1]))
    return known, tuple(unquote(part) for part in ids)
