"""Asterisk's API declarations (Swagger 1.1, in JSON): where they are read from, and their words in Python."""

import base64
import hashlib
import json
import keyword
import os
import re
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCALARS = {"string": "str", "Date": "str", "int": "int", "long": "int", "double": "float", "boolean": "bool"}

# Declared only as "object"; what they hold is told in words or in the C source.
_OBJECTS = {"channelvars": "dict[str, str]", "bridgevars": "dict[str, str]"}
_WIDTH = 116


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """resources: name (as in the path) to its declaration, sorted by name."""

    resources: dict[str, Json]

    @property
    def models(self) -> Json:
        return {name: model for one in self.resources.values() for name, model in one.get("models", {}).items()}

    @property
    def events(self) -> list[str]:
        """Names of the event types, sorted."""
        return sorted(self.models["Event"]["subTypes"])

    @property
    def digest(self) -> str:
        """Of what is declared, without the address it was served from."""
        told = [[name, one["apis"], one.get("models", {})] for name, one in sorted(self.resources.items())]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def operations(self, resource: str) -> Iterator[tuple[str, Json]]:
        """(path, operation), without the WebSocket, which is no request."""
        for api in self.resources[resource]["apis"]:
            for operation in api["operations"]:
                if "upgrade" not in operation:
                    yield api["path"], operation

    def header(self, what: str) -> str:
        return (
            f"{what}: generated, not to be edited.\n\n"
            f"From the API declarations Asterisk serves below /ari/api-docs (digest {self.digest}),\n"
            f"by `python -m router.ari.generate URL_OR_DIR`.\n"
        )


def read(source: str) -> Declarations:
    """From a folder or, over HTTP, from a running Asterisk. Raises OSError and ValueError."""
    fetch = _from_asterisk(source) if source.startswith(("http://", "https://")) else _from_folder(source)
    listed = [re.sub(r".*/(\w+)\.\{format\}", r"\1", one["path"]) for one in fetch("resources")["apis"]]
    return Declarations(resources={name: fetch(name) for name in sorted(listed)})


def _from_folder(source: str) -> Callable[[str], Json]:
    def fetch(name: str) -> Json:
        found: Json = json.loads((Path(source) / f"{name}.json").read_bytes())
        return found

    return fetch


def _from_asterisk(source: str) -> Callable[[str], Json]:
    login = f"{os.environ.get('ARI_USER', '')}:{os.environ.get('ARI_PASSWORD', '')}"
    headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}

    def fetch(name: str) -> Json:
        request = urllib.request.Request(f"{source.rstrip('/')}/api-docs/{name}.json", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: Json = json.load(answer)
        return found

    return fetch


def snake(name: str) -> str:
    """`originateWithId` -> `originate_with_id`, `sendDTMF` -> `send_dtmf`; a reserved word gets a trailing "_"."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{text}_" if keyword.iskeyword(text) else text


def python_type(declared: str, name: str = "") -> str:
    """name: of the property, which tells more where only "object" is declared."""
    if listed := re.fullmatch(r"List\[(\w+)\]", declared):
        return f"tuple[{python_type(listed[1], name)}, ...]"
    if declared == "object":
        return _OBJECTS.get(name, "dict[str, object]")
    return SCALARS.get(declared, declared)


def made_of(declared: str) -> str:
    """`List[Channel]` -> `Channel`."""
    return re.sub(r"List\[(\w+)\]", r"\1", declared)


def docstring(paragraphs: list[str], indent: int) -> str:
    """Declared prose, without its HTML, as a docstring: the first paragraph is what it is about."""
    pad = " " * indent
    plain = [
        " ".join(re.sub(r"<[^>]+>", " ", text).replace("\\", r"\\").replace('"', "'").split())
        for text in paragraphs
    ]
    about, *rest = [textwrap.wrap(text, _WIDTH - indent - 6) for text in plain if text]
    if not rest and len(about) == 1:
        return f'{pad}"""{about[0]}"""'
    lines = [
        f'"""{about[0]}',
        *about[1:],
        *([""] if rest else []),
        *(line for text in rest for line in text),
        '"""',
    ]
    return "\n".join(f"{pad}{line}".rstrip() for line in lines)
