"""Whatever is done to a good plan, loading it ends with a plan or with faults: no exception and no hang."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.dialplan import routetests
from router.dialplan.fallback import fallback_conf
from router.dialplan.load import Loaded, load
from tests.dialplan.conftest import HERE, SHIPPED

WHOLE = HERE / "good" / "whole"
GOOD = [
    (WHOLE / "whole.yaml").read_text("utf-8"),
    (SHIPPED / "acme" / "acme.yaml").read_text("utf-8"),
    (HERE / "good" / "overseas.yaml").read_text("utf-8"),
    "".join(path.read_text("utf-8") for path in sorted((HERE / "good" / "everything").glob("[ap]*.yaml"))),
]
TREES = [yaml.load(text, Loader=yaml.BaseLoader) for text in GOOD[:3]]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.sampled_from(
        [
            *("members", "withheld", "sales", "alice", "alice.mobile", "main", "nuisance", "office"),
            *("020 7946 0100", "07400 123456", "201", "+1*", "US", "mobile", "999", "*51", "711-719"),
            *("20s", "closed", "open", "always", "random", "weighted", "voicemail", ""),
        ]
    ),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(
        st.sampled_from(["play", "ring", "queue", "menu", "reject", "department", "who", "after", "do", "to", "x"]),
        st.sampled_from(["sales", "main", "welcome", "10s", "x", ""]),
    ),
)


@cache
def prompts() -> Path:
    """A folder with the prompts of every good plan, kept until the tests are over."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    for plan in (SHIPPED / "acme", HERE / "good" / "everything", WHOLE):
        shutil.copytree(plan / "sounds", folder, dirs_exist_ok=True)
    return folder


def load_content(content: bytes) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "acme.yaml"
        place.write_bytes(content)
        # Else every plan has faults, and none is ever built.
        (place.parent / "sounds").symlink_to(prompts())
        for beside in ("contacts", "calendars"):
            shutil.copytree(WHOLE / beside, place.parent / beside)
        shutil.copytree(SHIPPED / "acme" / "rates", place.parent / "rates")
        loaded = load(place)
    assert (loaded.plan is None) == bool(loaded.faults)
    for fault in (*loaded.faults, *loaded.warnings):
        assert str(fault).isprintable()
        assert fault.line >= 1
        assert fault.column >= 1
    if loaded.plan is not None:
        routetests.run_tests(loaded.plan)
        fallback_conf(loaded.plan)
    return loaded


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_file_with_damaged_text(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(GOOD)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        noise = st.one_of(
            st.binary(max_size=4), st.sampled_from([b"\n", b"  ", b": ", b"- ", b"{", b"]", b"'", b"&a ", b"*a"])
        )
        content[start:end] = data.draw(noise)

    load_content(bytes(content))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_plan_with_a_foreign_value_somewhere(data: st.DataObject) -> None:
    tree = yaml.load(yaml.dump(data.draw(st.sampled_from(TREES))), Loader=yaml.BaseLoader)
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(places(tree))))
        match data.draw(st.sampled_from(["replace", "remove", "rename", "copy"])):
            case "replace":
                holder[key] = data.draw(JUNK)
            case "remove":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                holder[data.draw(st.text(min_size=1, max_size=8))] = holder.pop(key)
            case _:
                other, there = data.draw(st.sampled_from(list(places(tree))))
                holder[key] = yaml.load(yaml.dump(other[there]), Loader=yaml.BaseLoader)

    load_content(yaml.dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place of the tree: a mapping or list, and one of its keys or indexes."""
    found: list[tuple[Any, Any]] = []
    pending = [tree]
    while pending:
        holder = pending.pop()
        items = (
            holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        )
        for key, value in items:
            found.append((holder, key))
            pending.append(value)
    return found or [({"x": 1}, "x")]


def test_what_is_damaged_here_is_sound_before() -> None:
    for text in GOOD[:3]:
        assert load_content(text.encode()).plan is not None
