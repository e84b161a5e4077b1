"""The generator, on small declarations in Asterisk's form."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from router.ari.errors import RequestRefused
from router.ari.generate.declarations import Declarations, read, snake
from router.ari.generate.models import models_source
from router.ari.generate.resources import resources_source
from router.ari.transport import Response
from tests.ari.test_operations import Recorder

WIDGET_ID = {"name": "widgetId", "paramType": "path", "dataType": "string", "required": True}
GONE = {"code": "404", "reason": 'No such "widget"'}


def query(name: str, kind: str, **more: object) -> dict[str, object]:
    return {"name": name, "paramType": "query", "dataType": kind, **more}


def operation(method: str, nickname: str, answer: str, *parameters: object, **more: object) -> dict[str, object]:
    told = {
        "httpMethod": method,
        "nickname": nickname,
        "responseClass": answer,
        "summary": f"{nickname}.<br />Done.",
    }
    return {**told, "parameters": [*parameters], **more}


WIDGETS = {
    "apis": [
        {
            "path": "/widgets",
            "description": "All widgets",
            "operations": [
                operation("GET", "list", "List[Widget]"),
                operation(
                    "POST",
                    "sendDTMF",
                    "void",
                    query("from", "string", required=True),
                    query("async", "boolean"),
                    query("maxSeconds", "int"),
                    query("tags", "string", allowMultiple=True),
                    query("mode", "string", allowableValues={"values": ["fast", "slow"]}),
                    {"name": "variables", "paramType": "body", "dataType": "containers"},
                ),
                operation("GET", "eventWebsocket", "Message", upgrade="websocket"),
            ],
        },
        {
            "path": "/widgets/{widgetId}",
            "operations": [
                operation("GET", "get", "Widget", WIDGET_ID),
                operation("DELETE", "destroy", "void", WIDGET_ID, errorResponses=[GONE]),
                operation(
                    "POST", "makeWithId", "Widget", WIDGET_ID, errorResponses=[{"code": 409, "reason": "Is"}]
                ),
                operation("GET", "file", "binary", WIDGET_ID, errorResponses=[GONE]),
                operation(
                    "PUT",
                    "filter",
                    "void",
                    WIDGET_ID,
                    {"name": "filter", "paramType": "body", "dataType": "object", "required": True},
                ),
            ],
        },
    ],
    "models": {
        "Widget": {
            "description": 'A "widget" with \\ and """ in its words',
            "properties": {
                "id": {"type": "string", "required": True},
                "from": {"type": "string", "required": True},
                "part": {"type": "Part", "required": True},
                "state": {"type": "string", "allowableValues": {"values": ["Up", "Down"]}},
                "sampleRate": {"type": "double"},
                "parts": {"type": "List[Part]", "required": True},
                "channelvars": {"type": "object"},
            },
        },
        "Part": {"properties": {"size": {"type": "int", "required": True}, "madeAt": {"type": "Date"}}},
        "Unused": {"properties": {}},
        "Message": {
            "properties": {"type": {"type": "string", "required": True}, "asterisk_id": {"type": "string"}}
        },
        "Event": {"subTypes": ["WidgetMade"], "properties": {"application": {"type": "string", "required": True}}},
        "WidgetMade": {"properties": {"widget": {"type": "Widget", "required": True}}},
    },
}


@pytest.fixture
def declarations(tmp_path: Path) -> Declarations:
    (tmp_path / "resources.json").write_text(json.dumps({"apis": [{"path": "/api-docs/widgets.{format}"}]}))
    (tmp_path / "widgets.json").write_text(json.dumps(WIDGETS))
    return read(str(tmp_path))


@pytest.fixture
def models(declarations: Declarations, monkeypatch: pytest.MonkeyPatch) -> Any:
    return module("generated_models", models_source(declarations), monkeypatch)


@pytest.fixture
def resources(declarations: Declarations, models: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    source = resources_source(declarations).replace("router.ari.models", "generated_models")
    return module("generated_resources", source, monkeypatch)


def module(name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, made)
    exec(compile(source, name, "exec"), made.__dict__)
    return made


@pytest.mark.parametrize(
    ("declared", "python"),
    [
        ("originateWithId", "originate_with_id"),
        ("sendDTMF", "send_dtmf"),
        ("absorbDTMF", "absorb_dtmf"),
        ("rtpstatistics", "rtpstatistics"),
        ("transfer_progress", "transfer_progress"),
        ("from", "from_"),
        ("async", "async_"),
        ("type", "type"),
    ],
)
def test_declared_names_become_pythons(declared: str, python: str) -> None:
    assert snake(declared) == python


def test_a_model_keeps_its_wire_names(models: Any) -> None:
    sent = {"id": "w1", "from": "x", "part": {"size": 3}, "sampleRate": 8000, "parts": [{"size": 1}]}
    widget = msgspec.json.decode(json.dumps(sent), type=models.Widget)
    assert (widget.from_, widget.sample_rate, widget.parts) == ("x", 8000.0, (models.Part(size=1),))
    assert msgspec.to_builtins(widget)["sampleRate"] == 8000.0


def test_what_is_indispensable_must_be_there_and_the_rest_is_empty(models: Any) -> None:
    widget = models.Widget(id="w1")
    assert (widget.from_, widget.part, widget.parts, widget.state) == ("", models.Part(size=0), (), None)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode("{}", type=models.Widget)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode('{"type":"WidgetMade"}', type=models.WidgetMade)


def test_an_event_is_known_by_its_type(models: Any) -> None:
    event = msgspec.json.decode('{"type":"WidgetMade","widget":{"id":"w1"}}', type=models.KnownEvent)
    assert isinstance(event, models.WidgetMade) and isinstance(event, models.Event)
    assert event.widget.id == "w1"


def test_a_value_outside_the_declared_set_is_received_all_the_same(models: Any) -> None:
    assert msgspec.json.decode('{"id":"w1","state":"Sideways"}', type=models.Widget).state == "Sideways"


def test_models_nobody_uses_are_not_written(models: Any) -> None:
    assert not hasattr(models, "Unused")


async def test_parameters_travel_as_declared(resources: Any) -> None:
    recorder = Recorder()
    await resources.Widgets(recorder).send_dtmf(
        from_="a", async_=False, max_seconds=7, tags=["x", "y"], mode="slow", variables={"k": "v"}
    )
    expected = {"from": "a", "async": "false", "maxSeconds": "7", "tags": "x,y", "mode": "slow"}
    assert recorder.asked == [("POST", "widgets", expected, {"variables": {"k": "v"}})]


async def test_a_body_declared_as_an_object_is_the_whole_body(resources: Any) -> None:
    recorder = Recorder()
    await resources.Widgets(recorder).filter("w1", filter={"allowed": []})
    assert recorder.asked == [("PUT", "widgets/w1", {}, {"allowed": []})]


async def test_404_is_a_value_where_declared_or_where_one_object_is_read(resources: Any) -> None:
    widgets = resources.Widgets(Recorder(Response(404, b'{"message":"No such widget"}')))
    assert await widgets.destroy("w1") is False
    assert await widgets.get("w1") is None
    assert await widgets.file("w1") is None
    with pytest.raises(RequestRefused):
        await widgets.make_with_id("w1")
    with pytest.raises(RequestRefused):
        await widgets.list()


def test_the_websocket_is_no_request(resources: Any) -> None:
    assert not hasattr(resources.Widgets, "event_websocket")


def test_docstrings_tell_the_declared_words_and_errors_without_html(models: Any, resources: Any) -> None:
    assert resources.Widgets.destroy.__doc__.split("\n")[0] == "destroy. Done."
    assert "404: No such 'widget'" in resources.Widgets.destroy.__doc__
    assert models.Widget.__doc__.startswith("A 'widget' with \\ and")
    assert "state: Up, Down." in models.Widget.__doc__


def test_the_digest_tells_other_declarations_and_not_another_address(declarations: Declarations) -> None:
    [(name, declared)] = declarations.resources.items()
    elsewhere = Declarations(resources={name: {**declared, "basePath": "http://elsewhere/ari"}})
    other = Declarations(resources={name: {**declared, "models": {}}})
    assert elsewhere.digest == declarations.digest != other.digest
    assert declarations.digest in models_source(declarations)
