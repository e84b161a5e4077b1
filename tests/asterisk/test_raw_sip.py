"""What leaves the company on the bare wire, byte by byte, and what each answer of a carrier comes to."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from router.model.record import CallRecord
from tests.asterisk.raw import Raw
from tests.asterisk.test_inbound_calls import outcome, results
from tests.support.far_end.far import FarEnd
from tests.support.far_end.legs import Leg
from tests.support.raw_sip import Dialog, Message

SALES, THEIRS, NAMED, OURS = "+442079460100", "+442079460120", "+442079460121", "+442079460122"
CUSTOMER, PREMIUM = "+447400123456", "+449098790000"
PARIS, MUNICH, ROME = "+33140205050", "+498912345678", "+390612345678"
LONDON, MADRID = "+442079460999", "+34912345678"
AT = "127.0.0.1"


# ---- who calls, whom, and by which number


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The lines that tell it, without tags; "" for a header that must not be there."""

    start: str
    sender: str
    asserted: str
    privacy: str = ""
    diversion: str = ""

    @classmethod
    def of(cls, invite: Message, at: str) -> "Shown":
        return cls(
            start=invite.start.replace(at, "CARRIER"),
            sender=invite.one("From").partition(";tag=")[0],
            asserted=invite.one("P-Asserted-Identity"),
            privacy=invite.one("Privacy"),
            diversion=invite.one("Diversion"),
        )


def plain(called: str, number: str, more: str = "") -> Shown:
    """A department's call, in a carrier's way to write numbers. more: parameters of the URIs."""
    identity = f'"Acme Ltd" <sip:{number}@{AT}{more}>'
    return Shown(start=f"INVITE sip:{called}@CARRIER{more} SIP/2.0", sender=identity, asserted=identity)


def hidden(called: str, asserted: str, more: str = "") -> Shown:
    return Shown(
        start=f"INVITE sip:{called}@CARRIER{more} SIP/2.0",
        sender='"Anonymous" <sip:anonymous@anonymous.invalid>',
        asserted=asserted,
        privacy="id" if asserted else "",
    )


def forwarded(name: str, number: str, diversion: str = "") -> Shown:
    identity = f'"{name}" <sip:{number}@{AT}>'
    return Shown(
        start=f"INVITE sip:{PARIS}@CARRIER SIP/2.0", sender=identity, asserted=identity, diversion=diversion
    )


Way = Callable[[FarEnd], Awaitable[Leg]]


def dials(phone: str, number: str) -> Way:
    return lambda far: far.phone_dials(phone, number)


def calls(number: str, **caller: bool) -> Way:
    return lambda far: far.call(number, caller=CUSTOMER, name="Zoë", **caller)


WIRE: dict[str, tuple[Way, Shown]] = {
    "+e164": (dials("alice", "0033140205050"), plain(PARIS, SALES)),
    "e164": (dials("alice", MUNICH), plain(MUNICH[1:], SALES[1:])),
    "00e164, with user=phone": (dials("alice", ROME), plain("00390612345678", "00442079460100", ";user=phone")),
    "national": (dials("alice", LONDON), plain("02079460999", "02079460100")),
    "withheld, to a trusted carrier": (dials("bob", PARIS), hidden(PARIS, f"<sip:{SALES}@{AT}>")),
    "withheld, to one that is not trusted": (dials("bob", MUNICH), hidden(MUNICH[1:], "")),
    "withheld, with user=phone": (
        dials("bob", ROME),
        hidden("00390612345678", f"<sip:00442079460100@{AT};user=phone>", ";user=phone"),
    ),
    "the caller's number with Diversion": (
        calls(THEIRS),
        forwarded("Zoë", CUSTOMER, f"<sip:{THEIRS}@{AT}>;reason=unconditional"),
    ),
    "ours with the caller's name": (calls(NAMED), forwarded("Zoë", NAMED)),
    "ours alone": (calls(OURS), forwarded("Acme Ltd", OURS)),
    "a caller who hides, with Diversion wanted": (calls(THEIRS, withheld=True), forwarded("Acme Ltd", THEIRS)),
    "an emergency call of one who hides": (
        dials("bob", "999"),
        Shown(
            start="INVITE sip:999@CARRIER SIP/2.0",
            sender=f'"Acme Ltd" <sip:+442079460199@{AT}>',
            asserted=f'"Acme Ltd" <sip:+442079460199@{AT}>',
        ),
    ),
}


@pytest.mark.parametrize(("way", "shown"), WIRE.values(), ids=WIRE.keys())
async def test_the_invite_shows_exactly_this(raw: Raw, way: Way, shown: Shown) -> None:
    leg = await way(raw.house.far)
    dialog = await raw.carrier.invite()
    await leg.hang_up()

    assert Shown.of(dialog.first, raw.carrier.address) == shown


@pytest.mark.parametrize(
    ("way", "secrets"),
    [
        (dials("bob", MUNICH), ("2079460", "Acme", "Bob", r"\b202\b")),  # in a tag it stands by chance
        (calls(NAMED, withheld=True), ("7400123456", "Zo")),
    ],
    ids=["our number, to a carrier that is not trusted", "a caller's own"],
)
async def test_what_is_withheld_stands_nowhere_in_the_datagram(
    raw: Raw, way: Way, secrets: tuple[str, ...]
) -> None:
    leg = await way(raw.house.far)
    invite = (await raw.carrier.invite()).first.raw.decode()
    await leg.hang_up()

    assert not [secret for secret in secrets if re.search(secret, invite)]


# ---- hostile callers

BENIGN = '"Zoe"'
NAMES = {
    "quotes": r'"a \"quoted\" \\ name"',
    "an address in quotes": '"Bob <sip:900@evil.example>"',
    "a bare CR": '"Bob\rX-Evil: 1\r"',
    "escaped ends of line": '"Bob%0d%0aX-Evil: 1"',
    "no quotes": "Bob the Builder",
    "UTF-8": '"Zoë 🎉 日本"',
    "no UTF-8": '"Zo\udcff\udcfe"',
    "a character that turns the text": '"Bob\u202eX"',
    "300 characters": f'"{"x" * 300}"',
    "dialplan": '"${SHELL(id)},1,${EXTEN}&PJSIP/1"',
    "parameters": '"Bob;tag=1;x=y,z"',
    "a control character": '"Bob\x07\x1b[31m"',
    "nothing in quotes": '""',
}

NO_SIP = {  # Asterisk drops what it cannot parse, without a word
    "an address before the address": '"x" <sip:900@evil.example>;x="',
    "a folded line": '"Bob\r\n X-Evil: 1"',
    "a bare LF": '"Bob\nX-Evil: 1\n"',
}


async def passed_on(raw: Raw, number: str, caller: str) -> Message | None:
    """The INVITE by which a caller's call reaches the desk, or leaves again; None when it is refused.

    caller: the value of From, as it is sent.
    """
    reached = raw.desk if number == SALES else raw.carrier
    since = len(raw.house.router.log)
    dialog = raw.carrier.calls(number, caller)
    leaves = asyncio.create_task(reached.invites.get())
    refused = asyncio.create_task(dialog.until(lambda each: each.status >= 300))
    await asyncio.wait({leaves, refused}, timeout=5.0, return_when=asyncio.FIRST_COMPLETED)
    if leaves.done():
        dialog.cancel()
        assert (await refused).status == 487
        await raw.house.router.logged("call ended", since=since)  # or Alice would still be rung for it
        return leaves.result().first
    leaves.cancel()
    assert refused.done(), f"neither let in nor refused: {caller!r}"
    return None


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("to", [NAMED, THEIRS, SALES], ids=["beside ours", "with their number", "on a phone"])
async def test_no_callers_name_breaks_a_header_or_adds_one(raw: Raw, name: str, to: str) -> None:
    usual = await passed_on(raw, to, f"{BENIGN} <sip:{CUSTOMER}@{AT}>")
    invite = await passed_on(raw, to, f"{name} <sip:{CUSTOMER}@{AT}>")

    assert usual is not None and invite is not None
    assert invite.names == usual.names
    assert invite.raw.decode("utf-8"), "all of it is UTF-8"
    number = to if to == NAMED else CUSTOMER
    for header in ("From", "P-Asserted-Identity"):
        shown, bracket, uri = invite.one(header).partition("<")
        assert uri.startswith(f"sip:{number}@{AT}>") and bracket, invite.one(header)
        assert "<" not in uri and not set(shown) & set("\r\n\x07\x1b\u202e"), invite.one(header)
        assert len(shown) <= 90
        bare = shown.strip()
        assert not bare or (bare[0] == bare[-1] == '"' and '"' not in bare[1:-1]), shown


@pytest.mark.parametrize("name", NO_SIP.values(), ids=NO_SIP.keys())
async def test_a_caller_who_sends_no_sip_is_not_heard_and_harms_nobody(raw: Raw, name: str) -> None:
    since = len(raw.house.router.log)
    raw.carrier.calls(NAMED, f"{name} <sip:{CUSTOMER}@{AT}>")

    assert await passed_on(raw, NAMED, f"{BENIGN} <sip:{CUSTOMER}@{AT}>") is not None
    await raw.house.ended(since)
    assert [line["event"] for line in raw.house.router.log[since:]].count("call in") == 1


NUMBERS = {
    "escaped ends of line": f"sip:{CUSTOMER}%0d%0aX-Evil:1@{AT}",
    "an escaped address": f"sip:{CUSTOMER}%40evil.example@{AT}",
    "parameters": f"sip:{CUSTOMER};x=1;verstat=No@{AT}",
    "digits without end": f"sip:+{'4' * 200}@{AT}",
    "nobody": f"sip:{AT}",
    "one of ours": f"sip:{SALES}@{AT}",
    "an emergency number": f"sip:999@{AT}",
}


@pytest.mark.parametrize("uri", NUMBERS.values(), ids=NUMBERS.keys())
async def test_no_callers_number_becomes_anything_but_a_number(raw: Raw, uri: str) -> None:
    """Theirs is shown only where it is one; else ours."""
    usual = await passed_on(raw, THEIRS, f"{BENIGN} <sip:{CUSTOMER}@{AT}>")
    invite = await passed_on(raw, THEIRS, f"{BENIGN} <{uri}>")

    assert usual is not None
    if invite is None:
        return
    shown = invite.one("From").partition("<sip:")[2].partition(f"@{AT}>")[0]
    assert shown in (CUSTOMER, THEIRS, SALES), invite.one("From")
    assert set(invite.names) <= set(usual.names)


# ---- each answer of a carrier, as the record has it

STOPS, NEXT = False, True
ANSWERS = [
    (302, 23, "redirected", STOPS),
    (400, 127, "congested", NEXT),
    (401, 21, "congested", NEXT),
    (403, 21, "congested", NEXT),
    (404, 1, "invalid number", STOPS),
    (407, 21, "congested", NEXT),
    (408, 18, "unreachable", NEXT),
    (410, 22, "invalid number", STOPS),
    (480, 19, "no answer", STOPS),
    (484, 28, "invalid number", STOPS),
    (486, 17, "busy", STOPS),
    (488, 58, "congested", NEXT),
    (500, 38, "congested", NEXT),
    (502, 27, "congested", NEXT),
    (503, 34, "congested", NEXT),
    (504, 102, "congested", NEXT),
    (600, 17, "busy", STOPS),
    (603, 21, "rejected", STOPS),
    (604, 1, "invalid number", STOPS),
]


async def refused_with(raw: Raw, status: int, *more: str) -> tuple[CallRecord, bool]:
    """A call by two trunks, of which the first answers so: its record, and whether the second was tried."""
    since = len(raw.house.router.log)
    leg = await raw.house.far.phone_dials("alice", MADRID)
    first = await raw.carrier.invite()
    assert first.first.target.startswith(f"sip:{MADRID}@")
    first.answers(status, "Whatever", *more)
    ended = asyncio.create_task(leg.ended())
    second = asyncio.create_task(raw.carrier.invite())
    await asyncio.wait({ended, second}, return_when=asyncio.FIRST_COMPLETED)
    if second.done():
        second.result().answers(486)
    await ended
    second.cancel()
    return await raw.house.ended(since), second.done() and not second.cancelled()


@pytest.mark.parametrize(("status", "cause", "result", "goes_on"), ANSWERS, ids=[str(row[0]) for row in ANSWERS])
async def test_the_exact_answer_decides_and_is_recorded(
    raw: Raw, status: int, cause: int, result: str, goes_on: bool
) -> None:
    more = ('WWW-Authenticate: Digest realm="x", nonce="y"',) if status == 401 else ()
    more = ('Proxy-Authenticate: Digest realm="x", nonce="y"',) if status == 407 else more
    record, second = await refused_with(raw, status, *more)

    assert (record.legs[0].cause, record.legs[0].tech_cause) == (cause, status)
    assert results(record)["plus"] == result
    assert second is goes_on
    await by_plus_again(raw)


async def by_plus_again(raw: Raw) -> None:
    """A call that is answered closes the first trunk's breaker, for the next test."""
    leg = await raw.house.far.phone_dials("alice", PARIS)
    dialog = await raw.carrier.invite()
    dialog.takes()
    await leg.answered()
    await leg.hang_up()
    await dialog.over()


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
async def test_a_carrier_that_sends_the_call_elsewhere_is_not_followed(raw: Raw, status: int) -> None:
    record, second = await refused_with(raw, status, f"Contact: <sip:{PREMIUM}@{raw.carrier.address}>")

    assert not second
    assert (results(record), record.legs[0].tech_cause) == ({"plus": "redirected"}, status)
    assert outcome(record) != "answered"
    assert not [each for each in raw.carrier.requests if PREMIUM[1:] in each.start]


async def test_a_call_that_is_taken_is_acknowledged_and_ended_by_either(raw: Raw) -> None:
    leg = await raw.house.far.phone_dials("alice", PARIS)
    dialog: Dialog = await raw.carrier.invite()
    dialog.takes()
    await leg.answered()
    await dialog.until(lambda each: each.method == "ACK")
    since = len(raw.house.router.log)
    dialog.hang_up()
    assert await dialog.answered("BYE") == 200
    assert outcome(await raw.house.ended(since)) == "answered"
    await leg.ended()


async def test_a_carrier_is_told_nothing_of_whom_its_call_is_passed_on_to(raw: Raw) -> None:
    """Neither by UPDATE nor by a second INVITE, which would assert an extension as one of its numbers."""
    far, before = raw.house.far, len(raw.carrier.requests)
    await far.phone("bob").will("answer", says="550")
    alice = await far.phone_dials("alice", PARIS)
    carrier = await raw.carrier.invite()
    carrier.takes()
    await alice.answered()
    await alice.refer("202")
    bob = await far.phone("bob").call()
    await alice.ended()
    await bob.hears(1)
    await bob.hang_up()
    await carrier.over()

    assert [each.method for each in raw.carrier.requests[before:]] == ["INVITE", "ACK", "BYE"]


async def test_a_caller_is_not_told_which_phone_has_answered(raw: Raw) -> None:
    caller = raw.carrier.calls(SALES, f"{BENIGN} <sip:{CUSTOMER}@{AT}>")
    desk = await raw.desk.invite()
    desk.takes()
    answer = await caller.until(lambda each: each.status == 200)
    caller.hang_up()
    await desk.over()

    assert not answer.all("P-Asserted-Identity")
    assert "desk" not in answer.raw.decode().lower()
