"""Click-to-call over HTTP: only who holds the token may have phones rung at the company's expense."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from router.console.app import console_app, listening
from router.console.dialling import dialling_route, token_in
from router.console.door import Door
from router.console.metrics import Metrics
from router.model.call import CallId

TOKEN = "a-token-of-some-length"
BODY = '{"by": "alice", "to": "020 7946 0999"}'


async def posted(
    headers: dict[str, str] | None = None, body: str | bytes = BODY, away: str | None = None
) -> tuple[int, list[str]]:
    """Status of one POST, and who was asked to dial."""
    asked: list[str] = []

    def place(by: str, to: str, department: str | None) -> CallId:
        if by != "alice":
            raise ValueError(f"no person is called {by!r}; known: alice")
        asked.append(f"{by} {to} {department}")
        return CallId("1")

    app = console_app(dict, Metrics(()), [dialling_route(Door(TOKEN, lambda: away), place)])
    async with (
        listening(app, "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/calls", data=body, headers=headers or {}) as answer,
    ):
        return answer.status, asked


async def test_who_holds_the_token_may_dial() -> None:
    assert await posted({"Authorization": f"Bearer {TOKEN}"}) == (202, ["alice 020 7946 0999 None"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": "Bearer 日本"},
    ],
    ids=["none", "empty", "no token", "wrong", "longer", "another scheme", "no scheme", "no text", "no ASCII"],
)
async def test_nobody_else_may(headers: dict[str, str]) -> None:
    assert await posted(headers) == (401, [])


async def test_a_service_that_is_stopping_says_so_and_not_that_the_request_is_wrong() -> None:
    assert await posted({"Authorization": f"Bearer {TOKEN}"}, away="the router is stopping") == (503, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        (b"\xff\xfe", 400),
        ("[]", 400),
        ('{"by": "alice"}', 400),
        ('{"by": "alice", "to": 999}', 400),
        ('{"by": "alice", "to": "1", "from": "+1"}', 400),
        ('{"by": "mallory", "to": "1"}', 400),
        ("{" + " " * 100_000, 413),
    ],
)
async def test_a_body_that_is_no_call_is_refused(body: str | bytes, status: int) -> None:
    assert await posted({"Authorization": f"Bearer {TOKEN}"}, body) == (status, [])


def test_a_token_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "token"
    token = token_in(file)
    assert len(token) >= 32
    assert token_in(file) == token
    assert file.stat().st_mode & 0o077 == 0
    assert [*file.parent.iterdir()] == [file]


@pytest.mark.parametrize("text", ["", "\n", "  \n"])
def test_an_empty_file_is_no_token(tmp_path: Path, text: str) -> None:
    """As a full disk or a kill leaves it: everybody could dial, without any token."""
    file = tmp_path / "token"
    file.write_text(text)
    assert len(token_in(file)) >= 32
    assert token_in(file) == file.read_text().strip()
    assert file.stat().st_mode & 0o077 == 0


def test_a_door_without_a_token_is_not_opened() -> None:
    with pytest.raises(ValueError, match="token"):
        Door("")


async def test_two_that_start_at_once_agree_on_one_token(tmp_path: Path) -> None:
    tokens = await asyncio.gather(*(asyncio.to_thread(token_in, tmp_path / "token") for _ in range(8)))
    assert len(set(tokens)) == 1
