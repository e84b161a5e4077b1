"""Writes `models.py` and `resources.py` from Asterisk's own API declarations.

    python -m router.ari.generate URL_OR_DIR

URL is a running Asterisk's ARI, such as http://127.0.0.1:8088/ari, with its user in ARI_USER and ARI_PASSWORD; DIR is
Asterisk's rest-api folder (`resources.json` beside one file per resource). The result is formatted with ruff.

Declared facts are kept as they are, with three liberties. A required scalar has an empty default: older releases
leave some out, and an event without an account code is still an event. Closed sets of values bind what we send, not
what we receive. An answer of 404 is a value where the declaration lists it, or where one object is read.
"""

import base64
import hashlib
import json
import keyword
import os
import re
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCALARS = {"string": "str", "Date": "str", "int": "int", "long": "int", "double": "float", "boolean": "bool"}
_EMPTY = {"str": '""', "int": "0", "float": "0.0", "bool": "False"}
# Declared only as "object" or "containers"; what they hold is told in words or in the C source.
_OBJECTS = {"channelvars": "dict[str, str]", "bridgevars": "dict[str, str]", "variables": "dict[str, object]"}
_BODIES = {"fields": "Sequence[Mapping[str, str]]"}
_ABSTRACT = frozenset({"Message", "Event"})
_WIRE = ("RESTRequest",)  # no operation and no event leads to it, but the socket lane sends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """resources: name (as in the path) to its declaration, in Asterisk's order."""

    resources: dict[str, Json]

    @property
    def models(self) -> Json:
        return {name: model for one in self.resources.values() for name, model in one.get("models", {}).items()}

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


def read(source: str) -> Declarations:
    """From a folder or, over HTTP, from a running Asterisk."""
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
    text = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name)
    text = re.sub(r"(?<=[A-Z])_(?=[A-Z])", "", text).lower()
    return f"{text}_" if keyword.iskeyword(text) else text


def _words(text: str, indent: int, first: int = 0) -> str:
    """Declared prose as lines of a docstring."""
    plain = " ".join(re.sub(r"<[^>]+>", " ", text).replace("\\", "\\\\").replace('"""', "'''").split())
    return textwrap.fill(plain, 116 - indent, initial_indent=" " * first)[first:].replace("\n", "\n" + " " * indent)


def _docstring(lines: list[str], indent: int) -> str:
    pad = " " * indent
    if len(lines) == 1 and "\n" not in lines[0] and len(lines[0]) + indent + 6 <= 116:
        return f'{pad}"""{lines[0]}"""'
    return f'{pad}"""{lines[0]}\n\n' + "".join(f"{pad}{line}\n" for line in lines[1:]) + f'{pad}"""'


# -- models ----------------------------------------------------------------------------------------------------------


def _type(declared: str, name: str) -> str:
    if listed := re.fullmatch(r"List\[(\w+)\]", declared):
        return f"tuple[{_type(listed[1], name)}, ...]"
    if declared in ("object", "containers"):
        return _OBJECTS.get(name, "dict[str, object]")
    return _SCALARS.get(declared, declared)


def _uses(declared: str) -> str:
    return re.sub(r"List\[(\w+)\]", r"\1", declared)


def _needed(declarations: Declarations) -> list[str]:
    """Names of the models to write, each after those it is made of."""
    models = declarations.models
    events: list[str] = models["Event"]["subTypes"]
    answers = [_uses(o["responseClass"]) for r in declarations.resources for _, o in declarations.operations(r)]
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in models and name not in _ABSTRACT and name not in ordered:
            for detail in models[name]["properties"].values():
                visit(_uses(detail["type"]))
            ordered.append(name)

    for name in [*sorted(answers), *_WIRE, *sorted(events)]:
        visit(name)
    return ordered


def _field(name: str, detail: Json, buildable: set[str]) -> str:
    kind, attribute = _type(detail["type"], name), snake(name)
    if not detail.get("required"):
        kind, default = f"{kind} | None", "None"
    elif name == "id":
        default = ""
    elif kind in buildable:
        default = f"{kind}()"
    elif kind.startswith("tuple"):
        default = "()"
    else:
        default = _EMPTY.get(kind, "")
    if attribute != name:
        default = f'msgspec.field(name="{name}"{f", default={default}" if default else ""})'
    return f"    {attribute}: {kind}" + (f" = {default}" if default else "")


def _model(name: str, model: Json, base: str, tagged: bool, buildable: set[str]) -> str:
    lines = [_words(model.get("description", "") or name, 4, 7)]
    for field, detail in model["properties"].items():
        if values := detail.get("allowableValues", {}).get("values"):
            lines.append(_words(f"{snake(field)}: {', '.join(values)}.", 4))
    fields = [_field(n, d, buildable) for n, d in model["properties"].items() if not (tagged and n == "type")]
    head = f"class {name}({base}, {'tag=True, ' if tagged else ''}frozen=True, kw_only=True, gc=False):"
    return "\n".join([head, _docstring(lines, 4), "", *fields, ""])


def models_source(declarations: Declarations) -> str:
    models = declarations.models
    events: list[str] = models["Event"]["subTypes"]
    needed = _needed(declarations)
    buildable: set[str] = set()
    for name in needed:
        required = [(n, d) for n, d in models[name]["properties"].items() if d.get("required")]
        if name not in events and all(
            n != "id" and (d["type"] in _SCALARS or d["type"] in buildable) for n, d in required
        ):
            buildable.add(name)
    event = {**models["Event"], "properties": {**models["Event"]["properties"], **models["Message"]["properties"]}}
    del event["properties"]["type"]
    blocks = [
        f'"""{_header(declarations, "The values Asterisk sends and answers with")}\n'
        "\nUnknown fields are ignored. Moments are ISO 8601 text, as sent: few are ever read.\n"
        'None: Asterisk did not say."""\n\nimport msgspec\n',
        _model("Event", event, "msgspec.Struct", False, buildable),
    ]
    for name in needed:
        is_event = name in events
        blocks.append(_model(name, models[name], "Event" if is_event else "msgspec.Struct", is_event, buildable))
    blocks.append("KnownEvent = (\n    " + "\n    | ".join(sorted(events)) + "\n)\n")
    return "\n\n".join(blocks)


# -- resources -------------------------------------------------------------------------------------------------------


def _parameter_type(parameter: Json) -> str:
    values = (parameter.get("allowableValues") or {}).get("values")
    if values:
        kind = f"Literal[{', '.join(json.dumps(v) for v in values)}]"
        return f"{kind} | Sequence[{kind}]" if parameter.get("allowMultiple") else kind
    if parameter["dataType"] in ("containers", "object"):
        return _BODIES.get(parameter["name"], "Mapping[str, object]")
    kind = _SCALARS[parameter["dataType"]]
    return f"{kind} | Sequence[{kind}]" if parameter.get("allowMultiple") else kind


def _text(parameter: Json) -> str:
    """The expression for a parameter's value on the wire."""
    name = snake(parameter["name"])
    if parameter.get("allowMultiple"):
        return f"joined({name})"
    match _SCALARS[parameter["dataType"]]:
        case "bool":
            return f'"true" if {name} else "false"'
        case "str":
            return name
        case _:
            return f"str({name})"


def _values(target: str, parameters: list[Json]) -> list[str]:
    """Lines that build a dictionary, leaving out what is None."""
    given = ", ".join(f'"{p["name"]}": {_text(p)}' for p in parameters if p.get("required"))
    lines = [f"        {target}: dict[str, str] = {{{given}}}"]
    for p in parameters:
        if not p.get("required"):
            lines += [
                f"        if {snake(p['name'])} is not None:",
                f'            {target}["{p["name"]}"] = {_text(p)}',
            ]
    return lines


def _body(parameters: list[Json]) -> tuple[list[str], str]:
    """Lines before the request, and the expression for its body. A bare "object" is the body, not a key of it."""
    if not parameters:
        return [], ""
    [parameter] = parameters
    name = snake(parameter["name"])
    if parameter["dataType"] == "object":
        return [], name
    if parameter.get("required"):
        return [], f'{{"{parameter["name"]}": {name}}}'
    return [], f'None if {name} is None else {{"{parameter["name"]}": {name}}}'


def _operation(resource: str, path: str, operation: Json) -> str:
    parameters = operation.get("parameters", [])
    by_place = {place: [p for p in parameters if p["paramType"] == place] for place in ("path", "query", "body")}
    keywords = [p for p in parameters if p["paramType"] != "path"]
    keywords.sort(key=lambda p: not p.get("required"))
    errors = {int(e["code"]): e["reason"] for e in operation.get("errorResponses", [])}
    answer, method, nickname = operation["responseClass"], operation["httpMethod"], snake(operation["nickname"])
    gone = 404 in errors or (method == "GET" and bool(by_place["path"]))

    signature = ["self", *(f"{snake(p['name'])}: str" for p in by_place["path"])]
    if keywords:
        signature.append("*")
    for p in keywords:
        kind = _parameter_type(p)
        signature.append(
            f"{snake(p['name'])}: {kind}" if p.get("required") else f"{snake(p['name'])}: {kind} | None = None"
        )
    match answer:
        case "void":
            returns, call = ("bool", "self._done_or_gone(") if gone else ("None", "self._done(")
        case "binary":
            returns, call = "bytes | None", "self._bytes_or_gone("
        case _:
            shape = _type(answer, "")
            returns, call = (f"{shape} | None", "self._read_or_gone(") if gone else (shape, "self._read(")
            call += f"{shape}, "

    url = re.sub(r"\{(\w+)\}", lambda m: "{part(" + snake(m[1]) + ")}", path.lstrip("/"))
    arguments = [f'"{snake(resource)}.{nickname}"', f'"{method}"', f'{"f" if "{" in url else ""}"{url}"']
    lines = _values("query", by_place["query"]) if by_place["query"] else []
    _, body = _body(by_place["body"])
    if by_place["query"]:
        arguments.append("query")
    if body:
        arguments.append(f"body={body}")
    doc = [_words(operation["summary"], 8, 11)]
    doc += [_words(f"{code}: {reason}", 8) for code, reason in sorted(errors.items())]
    if since := operation.get("since", []):
        if int(since[-1].split(".")[0]) > 18:
            doc.append(f"Since Asterisk {', '.join(since)}.")
    statement = "await " if returns == "None" else "return await "
    return "\n".join(
        [
            f"    async def {nickname}({', '.join(signature)}) -> {returns}:",
            _docstring(doc, 8),
            *lines,
            f"        {statement}{call}{', '.join(arguments)})",
            "",
        ]
    )


def resources_source(declarations: Declarations) -> str:
    classes = []
    for resource, declared in declarations.resources.items():
        name = resource[0].upper() + resource[1:]
        operations = [
            _operation(resource, path, operation) for path, operation in declarations.operations(resource)
        ]
        about = next((a["description"] for a in declared["apis"] if a.get("description")), resource)
        classes.append(
            f'class {name}(Resource):\n    """{about}."""\n\n    __slots__ = ()\n\n' + "\n".join(operations)
        )
    text = "\n\n".join(classes)
    used = sorted(n for n in _needed(declarations) if re.search(rf"\b{n}\b(?=[,)\] ])", text))
    used = [n for n in used if re.search(rf"self\._read(_or_gone)?\((tuple\[)?{n}\b", text)]
    head = (
        f'"""{_header(declarations, "ARI, operation by operation")}\n'
        "\nNames are ARI's own in snake_case. None leaves a parameter out, so that Asterisk's default holds. Where an\n"
        "object is gone (404), the answer is False or None; other refusals raise RequestRefused.\n"
        '"""\n\n# ruff: noqa: ASYNC109 -- `timeout` is ARI\'s own word, for seconds a channel rings\n\n'
        "from collections.abc import Mapping, Sequence\nfrom typing import Literal\n\n"
        f"from router.ari.models import {', '.join(used)}\n"
        "from router.ari.operation import Resource, joined, part\n\n\n"
    )
    return head + text


def _header(declarations: Declarations, what: str) -> str:
    return (
        f"{what}: generated, not to be edited.\n\nFrom the API declarations Asterisk serves below /ari/api-docs "
        f"(digest {declarations.digest}),\nby `python -m router.ari.generate URL_OR_DIR`.\n"
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    declarations = read(arguments[0])
    here = Path(__file__).parent
    written = [here / "models.py", here / "resources.py"]
    for path, text in zip(written, (models_source(declarations), resources_source(declarations)), strict=True):
        path.write_text(text)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *map(str, written)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "--quiet", *map(str, written)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
