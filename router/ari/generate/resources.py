"""Text of `router/ari/resources.py`: a class per resource, a method per operation."""

import json
import re

from router.ari.generate.declarations import SCALARS, Declarations, Json, docstring, python_type, snake
from router.ari.generate.models import needed

_BODIES = {"fields": "Sequence[Mapping[str, str]]"}  # declared as "containers", like the dictionaries


def resources_source(declarations: Declarations) -> str:
    classes = []
    for resource, declared in declarations.resources.items():
        about = docstring([f"{declared['apis'][0].get('description', resource)}."], 4)
        methods = [
            _method(snake(resource), path, operation) for path, operation in declarations.operations(resource)
        ]
        classes.append(
            f"class {resource[0].upper()}{resource[1:]}(Resource):\n{about}\n\n    __slots__ = ()\n\n"
            + "\n".join(methods)
        )
    text = "\n\n".join(classes)
    read = set(re.findall(r"self\._read(?:_or_gone)?\((?:tuple\[)?(\w+)", text))
    return (
        f'"""{declarations.header("ARI, operation by operation")}\n'
        "Names are ARI's own in snake_case. None leaves a parameter out, so that Asterisk's default holds. Where\n"
        "the object is gone (404) the answer is False or None; other refusals raise RequestRefused.\n"
        '"""\n\n# ruff: noqa: ASYNC109 -- `timeout` is ARI\'s own word, for the seconds a channel rings\n\n'
        "from collections.abc import Mapping, Sequence\nfrom typing import Literal\n\n"
        f"from router.ari.models import {', '.join(sorted(read & set(needed(declarations))))}\n"
        f"from router.ari.operation import Resource, joined, part\n\n\n{text}"
    )


def _method(resource: str, path: str, operation: Json) -> str:
    parameters = operation.get("parameters", [])
    in_path, in_query, in_body = (
        [p for p in parameters if p["paramType"] == at] for at in ("path", "query", "body")
    )
    name = snake(operation["nickname"])
    errors = {int(e["code"]): e["reason"] for e in operation.get("errorResponses", [])}
    gone = 404 in errors or (operation["httpMethod"] == "GET" and bool(in_path))
    returns, call = _call(operation["responseClass"], gone)
    url = re.sub(r"\{(\w+)\}", lambda found: f"{{part({snake(found[1])})}}", path.lstrip("/"))
    sent = [f'"{resource}.{name}"', f'"{operation["httpMethod"]}"', f'{"f" if in_path else ""}"{url}"']
    lines = _query(in_query)
    if in_query:
        sent.append("query")
    sent += [f"body={_body(p)}" for p in in_body]
    told = [operation["summary"], *(f"{code}: {reason}" for code, reason in sorted(errors.items()))]
    since = operation.get("since", [])
    if since and int(since[-1].split(".")[0]) > 18:
        told.append(f"Since Asterisk {', '.join(since)}.")
    keywords = [_keyword(p) for p in sorted(in_query + in_body, key=lambda p: not p.get("required"))]
    signature = ["self", *(f"{snake(p['name'])}: str" for p in in_path), *(["*"] if keywords else []), *keywords]
    statement = "await" if returns == "None" else "return await"
    head = f"    async def {name}({', '.join(signature)}) -> {returns}:"
    return "\n".join([head, docstring(told, 8), *lines, f"        {statement} self.{call}{', '.join(sent)})", ""])


def _call(answer: str, gone: bool) -> tuple[str, str]:
    """What the method returns, and how the call of the base class begins."""
    match answer:
        case "void":
            return ("bool", "_done_or_gone(") if gone else ("None", "_done(")
        case "binary":
            return "bytes | None", "_bytes_or_gone("
        case _:
            shape = python_type(answer)
            return (f"{shape} | None", f"_read_or_gone({shape}, ") if gone else (shape, f"_read({shape}, ")


def _keyword(parameter: Json) -> str:
    if values := (parameter.get("allowableValues") or {}).get("values"):
        kind = f"Literal[{', '.join(json.dumps(value) for value in values)}]"
    elif parameter["paramType"] == "body":
        kind = _BODIES.get(parameter["name"], "Mapping[str, object]")
    else:
        kind = SCALARS[parameter["dataType"]]
    if parameter.get("allowMultiple"):
        kind = f"{kind} | Sequence[{kind}]"
    return f"{snake(parameter['name'])}: {kind}" + ("" if parameter.get("required") else " | None = None")


def _query(parameters: list[Json]) -> list[str]:
    """Lines that build the query, leaving out what is None."""
    if not parameters:
        return []
    always = ", ".join(f'"{p["name"]}": {_text(p)}' for p in parameters if p.get("required"))
    lines = [f"        query: dict[str, str] = {{{always}}}"]
    for p in parameters:
        if not p.get("required"):
            lines.append(f"        if {snake(p['name'])} is not None:")
            lines.append(f'            query["{p["name"]}"] = {_text(p)}')
    return lines


def _text(parameter: Json) -> str:
    """The expression for a parameter's value on the wire."""
    name = snake(parameter["name"])
    if parameter.get("allowMultiple"):
        return f"joined({name})"
    match SCALARS[parameter["dataType"]]:
        case "bool":
            return f'"true" if {name} else "false"'
        case "str":
            return name
        case _:
            return f"str({name})"


def _body(parameter: Json) -> str:
    """The expression for a request's body. What is declared "object" is all of it, "containers" a key in it."""
    name = snake(parameter["name"])
    if parameter["dataType"] == "object":
        return name
    body = f'{{"{parameter["name"]}": {name}}}'
    return body if parameter.get("required") else f"None if {name} is None else {body}"
