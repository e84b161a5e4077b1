"""Every generated operation, against a transport that keeps what it is asked."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from router.ari import resources
from router.ari.client import Ari
from router.ari.errors import (
    AccessRefused,
    AllocationFailed,
    Conflict,
    Malformed,
    NotSupported,
    RequestRefused,
)
from router.ari.operation import Resource
from router.ari.transport import Response

DONE = Response(204)
GONE = Response(404, b'{"message":"Channel not found"}')
ODD_ID = "a b/ü+1%"
ODD_ID_SENT = "a%20b%2F%C3%BC%2B1%25"


@dataclass
class Recorder:
    """Answers every request alike, and keeps the last one."""

    answer: Response = DONE
    asked: list[tuple[str, str, dict[str, str], Mapping[str, object]]] = field(default_factory=list)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Response:
        self.asked.append((method, path, dict(query or {}), body or {}))
        return self.answer


def operations() -> list[Any]:
    found = []
    for attribute, resource in vars(Ari(Recorder(), "router")).items():
        if isinstance(resource, Resource):
            for name, method in inspect.getmembers(resource, inspect.iscoroutinefunction):
                if not name.startswith("_"):
                    found.append(pytest.param(attribute, name, inspect.signature(method), id=f"{attribute}.{name}"))
    return found


def sample(kind: Any) -> object:
    """A value of a parameter's type; of alternatives the last, which is the one with several values."""
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        return sample([one for one in get_args(kind) if one is not NoneType][-1])
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    match (get_origin(kind) or kind).__name__:
        case "str":
            return "x y"
        case "int":
            return 7
        case "bool":
            return True
        case "Sequence":
            return [sample(get_args(kind)[0])] * 2
        case "Mapping":
            return {"k": "v"}
    raise AssertionError(f"no sample for {kind}")


def sent(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(map(str, value))
        case _:
            return str(value)


def answer_for(returns: Any) -> Response:
    """An answer such a method can read: nothing, sound, a list, or a model with nothing but an id."""
    shapes = (
        [one for one in get_args(returns) if one is not NoneType] if isinstance(returns, UnionType) else [returns]
    )
    match (get_origin(shapes[0]) or shapes[0]).__name__:
        case "NoneType" | "bool":
            return Response(204)
        case "tuple":
            return Response(200, b"[]")
        case _:
            return Response(200, b'{"id":"x"}')


def method_of(recorder: Recorder, resource: str, name: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    method = getattr(getattr(Ari(recorder, "router"), resource), name)
    return method, get_type_hints(method)


@pytest.mark.parametrize(("resource", "name", "signature"), operations())
async def test_an_operation_sends_all_it_is_given(resource: str, name: str, signature: inspect.Signature) -> None:
    recorder = Recorder()
    method, kinds = method_of(recorder, resource, name)
    recorder.answer = answer_for(kinds["return"])
    ids = [n for n, p in signature.parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = {n: sample(kinds[n]) for n, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}

    await method(*[ODD_ID] * len(ids), **given)

    [(verb, path, query, body)] = recorder.asked
    assert verb in ("GET", "POST", "PUT", "DELETE")
    assert path.count(ODD_ID_SENT) == len(ids)
    assert re.fullmatch(r"[\w%./-]+", path) and not path.startswith("/")
    plain = {snake(key): value for key, value in query.items()}
    bodies = [n for n in given if n.rstrip("_") not in {k.rstrip("_") for k in plain}]
    assert {k.rstrip("_"): v for k, v in plain.items()} == {
        n.rstrip("_"): sent(v) for n, v in given.items() if n not in bodies
    }
    assert len(bodies) == bool(body)
    for key in bodies:
        assert body in ({key: given[key]}, given[key])


@pytest.mark.parametrize(("resource", "name", "signature"), operations())
async def test_an_operation_leaves_out_what_it_is_not_given(
    resource: str, name: str, signature: inspect.Signature
) -> None:
    recorder = Recorder()
    method, kinds = method_of(recorder, resource, name)
    recorder.answer = answer_for(kinds["return"])
    required = {n: p for n, p in signature.parameters.items() if p.default is p.empty}
    ids = [n for n, p in required.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = {n: sample(kinds[n]) for n, p in required.items() if p.kind is p.KEYWORD_ONLY}

    await method(*["x"] * len(ids), **given)

    [(_, _, query, body)] = recorder.asked
    assert len(query) + bool(body) == len(given)


@pytest.mark.parametrize(("resource", "name", "signature"), operations())
async def test_gone_is_a_value_where_the_operation_says_so(
    resource: str, name: str, signature: inspect.Signature
) -> None:
    method, kinds = method_of(Recorder(GONE), resource, name)
    required = {n: p for n, p in signature.parameters.items() if p.default is p.empty}
    ids = [n for n, p in required.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = {n: sample(kinds[n]) for n, p in required.items() if p.kind is p.KEYWORD_ONLY}
    returns = kinds["return"]
    if returns is bool:
        assert await method(*["x"] * len(ids), **given) is False
    elif NoneType in get_args(returns):
        assert await method(*["x"] * len(ids), **given) is None
    else:
        with pytest.raises(RequestRefused):
            await method(*["x"] * len(ids), **given)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def test_all_resources_of_ari_are_there() -> None:
    classes = {c for c in vars(resources).values() if inspect.isclass(c) and issubclass(c, Resource)} - {Resource}
    assert {type(one) for one in vars(Ari(Recorder(), "router")).values() if isinstance(one, Resource)} == classes
    assert len(operations()) == 108


CHANNEL = Response(200, b'{"id":"c1"}')
PLAYBACK = Response(201, b'{"id":"p1"}')
RECORDING = Response(201, b'{"name":"vm/1"}')
BRIDGE = Response(200, b'{"id":"b1"}')


@pytest.mark.parametrize(
    ("answer", "call", "request_sent"),
    [
        pytest.param(
            CHANNEL,
            lambda ari: ari.channels.create(
                endpoint="PJSIP/101",
                app="router",
                app_args="leg,1",
                channel_id="c1",
                originator="c0",
                variables={"CONNECTEDLINE(pres)": "prohib"},
            ),
            (
                "POST",
                "channels/create",
                {
                    "endpoint": "PJSIP/101",
                    "app": "router",
                    "appArgs": "leg,1",
                    "channelId": "c1",
                    "originator": "c0",
                },
                {"variables": {"CONNECTEDLINE(pres)": "prohib"}},
            ),
            id="create a leg",
        ),
        pytest.param(
            CHANNEL,
            lambda ari: ari.channels.originate_with_id("c1", endpoint="PJSIP/101", app="router", timeout=30),
            ("POST", "channels/c1", {"endpoint": "PJSIP/101", "app": "router", "timeout": "30"}, {}),
            id="originate",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.channels.dial("c1", timeout=20),
            ("POST", "channels/c1/dial", {"timeout": "20"}, {}),
            id="dial",
        ),
        pytest.param(DONE, lambda ari: ari.channels.ring("c1"), ("POST", "channels/c1/ring", {}, {}), id="ring"),
        pytest.param(
            DONE, lambda ari: ari.channels.answer("c1"), ("POST", "channels/c1/answer", {}, {}), id="answer"
        ),
        pytest.param(
            DONE,
            lambda ari: ari.channels.hangup("c1", reason="answered_elsewhere"),
            ("DELETE", "channels/c1", {"reason": "answered_elsewhere"}, {}),
            id="hang up a loser",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.channels.continue_in_dialplan("c1", context="fallback", extension="s", priority=1),
            ("POST", "channels/c1/continue", {"context": "fallback", "extension": "s", "priority": "1"}, {}),
            id="back to the dialplan",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.channels.start_moh("c1", moh_class="default"),
            ("POST", "channels/c1/moh", {"mohClass": "default"}, {}),
            id="music",
        ),
        pytest.param(
            PLAYBACK,
            lambda ari: ari.channels.play_with_id("c1", "p1", media=["sound:a", "sound:b"]),
            ("POST", "channels/c1/play/p1", {"media": "sound:a,sound:b"}, {}),
            id="play several prompts",
        ),
        pytest.param(
            RECORDING,
            lambda ari: ari.channels.record(
                "c1",
                name="vm/1",
                format="wav",
                beep=True,
                max_silence_seconds=5,
                terminate_on="#",
                if_exists="fail",
            ),
            (
                "POST",
                "channels/c1/record",
                {
                    "name": "vm/1",
                    "format": "wav",
                    "beep": "true",
                    "maxSilenceSeconds": "5",
                    "terminateOn": "#",
                    "ifExists": "fail",
                },
                {},
            ),
            id="record",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.channels.set_channel_var("c1", variable="TIMEOUT(absolute)", value="0"),
            ("POST", "channels/c1/variable", {"variable": "TIMEOUT(absolute)", "value": "0"}, {}),
            id="set a variable",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.channels.set_channel_vars("c1", variables={"A": "1"}),
            ("POST", "channels/c1/variables", {}, {"variables": {"A": "1"}}),
            id="set several variables",
        ),
        pytest.param(
            BRIDGE,
            lambda ari: ari.bridges.create_with_id("b1", type="mixing"),
            ("POST", "bridges/b1", {"type": "mixing"}, {}),
            id="make a bridge",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.bridges.add_channel("b1", channel=["c1", "c2"], inhibit_connected_line_updates=False),
            ("POST", "bridges/b1/addChannel", {"channel": "c1,c2", "inhibitConnectedLineUpdates": "false"}, {}),
            id="bridge two channels",
        ),
        pytest.param(DONE, lambda ari: ari.bridges.destroy("b1"), ("DELETE", "bridges/b1", {}, {}), id="destroy"),
        pytest.param(
            Response(200, b"RIFF"),
            lambda ari: ari.recordings.get_stored_file("vm/sales/1"),
            ("GET", "recordings/stored/vm%2Fsales%2F1/file", {}, {}),
            id="fetch a message",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.events.claim_channel(channel_id="c1", application="router"),
            ("POST", "events/claim", {"channelId": "c1", "application": "router"}, {}),
            id="claim",
        ),
        pytest.param(
            Response(200, b'{"name":"router"}'),
            lambda ari: ari.applications.filter("router", filter={"disallowed": [{"type": "Dial"}]}),
            ("PUT", "applications/router/eventFilter", {}, {"disallowed": [{"type": "Dial"}]}),
            id="filter events",
        ),
        pytest.param(
            DONE,
            lambda ari: ari.endpoints.send_message(to="pjsip:101", from_="pjsip:102", body="hi"),
            ("PUT", "endpoints/sendMessage", {"to": "pjsip:101", "from": "pjsip:102", "body": "hi"}, {}),
            id="a reserved word",
        ),
    ],
)
async def test_what_goes_over_the_wire(answer: Response, call: Any, request_sent: Any) -> None:
    recorder = Recorder(answer)
    assert await call(Ari(recorder, "router"))
    assert recorder.asked == [request_sent]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        pytest.param(
            Response(500, b'{"error":"Allocation failed"}'),
            AllocationFailed,
            "Allocation failed",
            id="not registered",
        ),
        pytest.param(
            Response(409, b'{"message":"Channel not in Stasis application"}'), Conflict, "not in Stasis", id="409"
        ),
        pytest.param(Response(412, b'{"message":"Channel in invalid state"}'), Conflict, "invalid state", id="412"),
        pytest.param(Response(422, b'{"message":"Channel not in Stasis"}'), Conflict, "not in Stasis", id="422"),
        pytest.param(
            Response(400, b'{"message":"Channel not found"}'),
            Conflict,
            "Channel not found",
            id="the other object left",
        ),
        pytest.param(
            Response(404, b'{"message":"Resource not found"}'), NotSupported, "Resource", id="operation unknown"
        ),
        pytest.param(Response(405, b'{"message":"Invalid method"}'), NotSupported, "method", id="method unknown"),
        pytest.param(
            Response(401, b'{"message":"Authentication required"}'), AccessRefused, "Authentication", id="login"
        ),
        pytest.param(Response(403, b'{"message":"Write access denied"}'), AccessRefused, "denied", id="read only"),
        pytest.param(Response(500, b"<html>\xff"), RequestRefused, "no reason given", id="no JSON"),
        pytest.param(Response(503, b'"busy"'), RequestRefused, "no reason given", id="no object"),
        pytest.param(Response(302, b""), RequestRefused, "302", id="redirect"),
    ],
)
async def test_a_refusal_says_what_was_refused_and_why(
    answer: Response, error: type[RequestRefused], words: str
) -> None:
    with pytest.raises(RequestRefused, match=words) as caught:
        await Ari(Recorder(answer), "router").bridges.add_channel("b1", channel="c1")
    assert type(caught.value) is error
    assert caught.value.status == answer.status
    assert "bridges.add_channel" in str(caught.value)


async def test_an_empty_id_never_becomes_another_path() -> None:
    recorder = Recorder()
    with pytest.raises(ValueError, match="empty"):
        await Ari(recorder, "router").channels.hangup("")
    assert recorder.asked == []


async def test_an_answer_that_is_not_as_declared_is_told() -> None:
    ari = Ari(Recorder(Response(200, b"[]")), "router")
    with pytest.raises(Malformed, match=r"channels\.get"):
        await ari.channels.get("c1")
