"""Text of `router/ari/models.py`: a struct per declared model, events tagged by their `type`."""

from router.ari.generate.declarations import SCALARS, Declarations, Json, docstring, made_of, python_type, snake

_EMPTY = {"str": '""', "int": "0", "float": "0.0", "bool": "False"}
_ABSTRACT = frozenset({"Message", "Event"})


def models_source(declarations: Declarations) -> str:
    models = declarations.models
    names = needed(declarations)
    event = models["Message"]["properties"] | models["Event"]["properties"]
    head = declarations.header("The values Asterisk sends and answers with")
    note = "Unknown fields are ignored. Moments are ISO 8601 text, as sent. None: Asterisk did not say.\n"
    parts = [
        f'"""{head}\n{note}"""\n\nimport msgspec\n',
        _struct("Event", models["Event"] | {"properties": event}, {}),
    ]
    buildable = _buildable(declarations, names)
    parts += [_struct(name, models[name], buildable, is_event=name in declarations.events) for name in names]
    parts.append("KnownEvent = (\n    " + "\n    | ".join(declarations.events) + "\n)\n")
    return "\n\n".join(parts)


def needed(declarations: Declarations) -> list[str]:
    """Names of the models that operations answer with and events are, each after those it is made of."""
    models = declarations.models
    answers = {made_of(o["responseClass"]) for r in declarations.resources for _, o in declarations.operations(r)}
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in models and name not in _ABSTRACT and name not in ordered:
            for detail in models[name]["properties"].values():
                visit(made_of(detail["type"]))
            ordered.append(name)

    for name in [*sorted(answers), *declarations.events]:
        visit(name)
    return ordered


def _buildable(declarations: Declarations, names: list[str]) -> dict[str, str]:
    """Models that may be left out as a whole, because nothing in them is indispensable; name to default."""
    found: dict[str, str] = {}
    for name in names:
        required = {n: d["type"] for n, d in declarations.models[name]["properties"].items() if d.get("required")}
        if "id" not in required and all(kind in SCALARS or kind in found for kind in required.values()):
            found[name] = f"{name}()"
    return found


def _struct(name: str, model: Json, buildable: dict[str, str], *, is_event: bool = False) -> str:
    told = [model.get("description") or name]
    fields = []
    for field, detail in model["properties"].items():
        if field == "type" and (is_event or name == "Event"):
            continue  # msgspec's tag
        if values := detail.get("allowableValues", {}).get("values"):
            told.append(f"{snake(field)}: {', '.join(values)}.")
        fields.append(_field(field, detail, buildable))
    bases = "Event, tag=True" if is_event else "msgspec.Struct"
    head = f"class {name}({bases}, frozen=True, kw_only=True, gc=False):"
    return "\n".join([head, docstring(told, 4), "", *fields, ""])


def _field(name: str, detail: Json, buildable: dict[str, str]) -> str:
    kind, attribute = python_type(detail["type"], name), snake(name)
    if not detail.get("required"):
        kind, default = f"{kind} | None", "None"
    elif name == "id":
        default = ""
    elif kind.startswith(("tuple", "dict")):
        default = "()" if kind.startswith("tuple") else "{}"
    else:
        default = _EMPTY.get(kind) or buildable.get(kind, "")
    if attribute != name:
        default = f'msgspec.field(name="{name}"{f", default={default}" if default else ""})'
    return f"    {attribute}: {kind}" + (f" = {default}" if default else "")
