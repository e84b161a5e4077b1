"""The JSON Schema of a dial plan, for editors that complete and check YAML while it is written."""

from typing import Any

from router.dialplan.shape import Company


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. It knows keys and forms; names, numbers and steps' order are judged by `load`."""
    made = Company.model_json_schema(by_alias=True, mode="validation")
    del made["required"]  # a plan's files have these together
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Dial plan"
    made = {key: _without_null(value) for key, value in made.items()}
    return made


def _without_null(node: Any) -> Any:
    """A key may be left out, but never be empty: pydantic's `X | None` is plain X here."""
    if isinstance(node, list):
        return [_without_null(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    choices = kept.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        if len(rest) == 1:
            return {**{key: value for key, value in kept.items() if key != "anyOf"}, **rest[0]}
        return {**kept, "anyOf": rest}
    return kept
