"""Attempts to have the company pay for a premium number, on a real Asterisk: none reaches the carrier.

The carrier is a bare socket that counts every INVITE it is sent, and so is the phone "desk".
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
import pytest

from router.model.record import CallRecord
from tests.asterisk.raw import Raw, on_the_wire
from tests.asterisk.test_inbound_calls import outcome, results
from tests.support.far_end.legs import Leg
from tests.support.raw_sip import Dialog, RawSip

SALES, PARIS, MUNICH = "+442079460100", "+33140205050", "+498912345678"
PREMIUM, AS_DIALLED = "+449098790000", "09098790000"
DENIED = f"{PREMIUM} may not be called: premium numbers"


def said(record: CallRecord) -> str:
    return "; ".join((record.because, *(line.what for line in record.trace)))


def no_invite_to_premium(raw: Raw) -> None:
    for sip in (raw.carrier, raw.desk):
        asked = [each.start for each in sip.requests if each.method == "INVITE" and PREMIUM[3:] in each.start]
        assert not asked, asked


@asynccontextmanager
async def recorded(raw: Raw) -> AsyncIterator[list[CallRecord]]:
    """The first record that ends within; then no call may have gone to the number."""
    since, found = len(raw.house.router.log), list[CallRecord]()
    yield found
    found.append(await raw.house.ended(since))
    await raw.house.nothing_left()
    no_invite_to_premium(raw)


async def the_desk_takes_a_call(raw: Raw) -> tuple[Leg, Dialog]:
    caller = await raw.house.far.call(SALES)
    desk = await raw.desk.invite()
    desk.takes()
    await caller.answered()
    return caller, desk


async def alice_calls_paris(raw: Raw) -> tuple[Leg, Dialog]:
    alice = await raw.house.far.phone_dials("alice", PARIS)
    carrier = await raw.carrier.invite()
    carrier.takes()
    await alice.answered()
    return alice, carrier


async def told_how_it_ended(dialog: Dialog) -> str:
    """What the NOTIFY after a REFER says at last (RFC 3515 2.4.5)."""
    notify = await dialog.until(lambda each: each.method == "NOTIFY" and b"100 Trying" not in each.raw)
    return notify.raw.partition(b"\r\n\r\n")[2].decode().strip()


# ---- redirections


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
@pytest.mark.parametrize("to", ["{pbx}", "{carrier}"], ids=["by the PBX", "straight to the carrier"])
async def test_a_phone_that_redirects_its_call_to_a_premium_number_is_not_followed(
    raw: Raw, status: int, to: str
) -> None:
    at = to.format(pbx=raw.house.far.pbx, carrier=raw.carrier.address)
    async with recorded(raw) as records:
        caller = await raw.house.far.call(SALES)
        desk = await raw.desk.invite()
        desk.answers(status, "Elsewhere", f"Contact: <sip:{PREMIUM}@{at}>")
        await caller.ended()

    assert results(records[0]) == {"desk": "redirected"}
    assert records[0].legs[0].tech_cause == status


async def test_a_phone_whose_redirections_asterisk_would_follow_is_told_of() -> None:
    """With this setting the stack itself sends the call on; no rule, no record and no limit sees it."""
    async with on_the_wire(desk_has="redirect_method = uri_pjsip") as raw:
        event = "a 302 of this endpoint leaves past every rule"
        line = await raw.house.router.logged(event, endpoint="PJSIP/desk")
        assert line["level"] == "warning"
        async with aiohttp.ClientSession() as session:
            answer = await session.get(f"http://127.0.0.1:{raw.house.router.http_port}/healthz")
            part = (await answer.json())["parts"]["redirections"]
        assert (answer.status, part["says"]) == (200, "followed past every rule: PJSIP/desk")


# ---- transfers by a phone


REFERS = {
    "as E.164": "<sip:{premium}@{pbx}>",
    "as dialled": "<sip:{dialled}@{pbx};user=phone>",
    "at another host": "<sip:{premium}@evil.example>",
    "at the carrier": "<sip:{premium}@{carrier}>",
    "over TLS": "<sips:{premium}@{pbx}>",
    "in place of a call that is none of ours": "<sip:{premium}@{pbx}?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>",
    "with a header for the call": "<sip:{premium}@{pbx}?X-Evil=1>",
    "behind a parameter": "<sip:{premium};phone-context=evil.example@{pbx}>",
}


@pytest.mark.parametrize("uri", REFERS.values(), ids=REFERS.keys())
async def test_a_blind_transfer_to_a_premium_number_is_refused_and_the_talk_goes_on(raw: Raw, uri: str) -> None:
    refer_to = uri.format(premium=PREMIUM, dialled=AS_DIALLED, pbx=raw.house.far.pbx, carrier=raw.carrier.address)
    since = len(raw.house.router.log)
    async with recorded(raw) as records:
        caller, desk = await the_desk_takes_a_call(raw)
        desk.refers(refer_to, "Referred-By: <sip:desk@127.0.0.1>")
        assert await desk.answered("REFER") == 202
        assert await told_how_it_ended(desk) == "SIP/2.0 603 Decline"
        assert caller.is_up, "the talk goes on"
        await caller.hang_up()
        await desk.over()

    assert DENIED in said(records[0])
    assert (outcome(records[0]), records[0].answered_by) == ("answered", "desk")
    line = await raw.house.router.logged("transfer declined", since=since)
    assert (line["by"], line["because"]) == ("desk", DENIED)


@pytest.mark.parametrize("refer_to", ["<tel:{premium}>", "<sip:@>", "garbage", ""])
async def test_a_transfer_to_nothing_that_can_be_dialled_is_refused_by_asterisk(raw: Raw, refer_to: str) -> None:
    async with recorded(raw) as records:
        caller, desk = await the_desk_takes_a_call(raw)
        desk.refers(refer_to.format(premium=PREMIUM))
        assert await desk.answered("REFER") == 400
        assert caller.is_up
        await caller.hang_up()

    assert outcome(records[0]) == "answered"


async def test_a_transfer_by_who_had_called_is_refused_too(raw: Raw) -> None:
    async with recorded(raw) as records:
        alice, carrier = await alice_calls_paris(raw)
        await alice.refer(AS_DIALLED)
        await raw.house.router.logged("transfer declined", by="alice")
        assert alice.is_up
        await alice.hang_up()
        await carrier.over()

    assert DENIED in said(records[0])


async def test_an_attended_transfer_has_no_second_call_to_a_premium_number(raw: Raw) -> None:
    """She cannot call it; and with a colleague's call in its place, that colleague is whom the caller gets."""
    far = raw.house.far
    await far.phone("bob").will("answer", says="550")
    alice, carrier = await alice_calls_paris(raw)
    refused = await far.phone_dials("alice", AS_DIALLED)
    await refused.ended()
    assert refused.tech_cause == 403

    second = await far.phone_dials("alice", "202")
    bob = await far.phone("bob").call()
    await second.answered()
    since = len(raw.house.router.log)
    await alice.refer(AS_DIALLED, with_call=second)
    await asyncio.gather(alice.ended(), second.ended())
    assert bob.is_up
    await bob.hang_up()
    await carrier.over()
    await raw.house.ended(since)
    await raw.house.nothing_left()
    no_invite_to_premium(raw)


async def test_an_attended_transfer_over_a_call_that_rings_dials_what_that_call_dialled(raw: Raw) -> None:
    far, since = raw.house.far, len(raw.house.router.log)
    await far.phone("bob").will("ring")
    alice, carrier = await alice_calls_paris(raw)
    second = await far.phone_dials("alice", "202")
    await far.phone("bob").call()
    await second.rang()
    await far.phone("bob").will("answer")
    await alice.refer(AS_DIALLED, with_call=second)
    bob = await far.phone("bob").call()
    await alice.ended()
    assert (await raw.house.router.logged("transfer", since=since))["to"] == "202"
    await bob.answered()
    await bob.hang_up()
    await carrier.over()
    await raw.house.nothing_left()
    no_invite_to_premium(raw)


async def ids_of(leg: Leg) -> tuple[str, str, str]:
    """Call-ID, and the PBX's and the far end's tag."""
    call_id, pbx_tag, far_tag = [await leg.sip(name) for name in ("call-id", "remote_tag", "local_tag")]
    return call_id, pbx_tag, far_tag


async def alice_talks_with_bob(raw: Raw) -> tuple[Leg, Leg]:
    far = raw.house.far
    await far.phone("bob").will("answer", says="550")
    alice = await far.phone_dials("alice", "202", says="880")
    bob = await far.phone("bob").call()
    await alice.answered()
    return alice, bob


async def test_nobody_takes_over_a_colleagues_talk_by_a_transfer(raw: Raw) -> None:
    alice, bob = await alice_talks_with_bob(raw)
    caller, desk = await the_desk_takes_a_call(raw)
    call_id, pbx_tag, far_tag = await ids_of(alice)
    replaces = quote(f"{call_id};to-tag={pbx_tag};from-tag={far_tag}", safe="")
    since = len(raw.house.router.log)
    desk.refers(f"<sip:201@{raw.house.far.pbx}?Replaces={replaces}>")
    assert await told_how_it_ended(desk) == "SIP/2.0 603 Decline"
    line = await raw.house.router.logged("transfer declined", since=since)
    assert line["because"] == "the other call is none of theirs"
    assert (await alice.hears()).has_tone(550) and caller.is_up
    await caller.hang_up()
    await alice.hang_up()
    await bob.ended()


async def test_nobody_takes_over_a_colleagues_talk_by_an_invite(raw: Raw) -> None:
    """INVITE with Replaces (RFC 3891): Asterisk swaps the phones by itself, before the router hears of it.

    Now and then it also hangs up the phone that was pushed out: then the talk is over for both.
    """
    alice, bob = await alice_talks_with_bob(raw)
    call_id, pbx_tag, far_tag = await ids_of(alice)
    since = len(raw.house.router.log)
    taker = raw.desk.calls(
        "201", "<sip:desk@127.0.0.1>", f"Replaces: {call_id};to-tag={pbx_tag};from-tag={far_tag}"
    )
    await taker.over()
    await raw.house.router.logged("transferred channel refused", since=since)
    async with asyncio.timeout(10.0):
        while await talks_on(raw) is None:
            await asyncio.sleep(0.1)
    if alice.is_up:
        await alice.hang_up()
    await bob.ended()
    await raw.house.nothing_left()


async def talks_on(raw: Raw) -> bool | None:
    """Whether both are in one bridge again, or neither is on the phone; None: one is alone."""
    told = await raw.house.bench.pbx.cli("core show channels concise")
    fields = [line.split("!") for line in told.splitlines()]
    bridge_of = {each[0].rpartition("-")[0]: each[12] for each in fields if len(each) > 12}
    if not bridge_of:
        return False
    of_alice, of_bob = bridge_of.get("PJSIP/alice"), bridge_of.get("PJSIP/bob")
    return True if of_alice and of_alice == of_bob and "PJSIP/desk" not in bridge_of else None


async def test_keys_pressed_in_a_talk_call_nobody(raw: Raw) -> None:
    async with recorded(raw) as records:
        alice, carrier = await alice_calls_paris(raw)
        for keys in (f"*2{AS_DIALLED}#", f"##{AS_DIALLED}#"):
            await alice.press(keys)
        await asyncio.sleep(2.0)
        assert alice.is_up
        await alice.hang_up()
        await carrier.over()

    assert outcome(records[0]) == "answered"


# ---- the far end


async def test_a_carrier_that_passes_our_call_on_to_a_premium_number_is_refused(raw: Raw) -> None:
    since = len(raw.house.router.log)
    async with recorded(raw) as records:
        alice, carrier = await alice_calls_paris(raw)
        carrier.refers(f"<sip:{PREMIUM}@{raw.house.far.pbx}>")
        assert await carrier.answered("REFER") == 202
        assert await told_how_it_ended(carrier) == "SIP/2.0 603 Decline"
        assert alice.is_up, "the talk goes on"
        await alice.hang_up()
        await carrier.over()

    assert f"a transfer to {PREMIUM} was declined: who asks is nobody of the plan" in said(records[0])
    assert (await raw.house.router.logged("transfer declined", since=since))["by"] is None


@pytest.mark.parametrize("more", [(), ("Refer-Sub: false",)], ids=["as usual", "wanting no NOTIFY"])
async def test_asterisk_itself_refuses_what_a_trunk_as_ours_asks_to_transfer(
    raw: Raw, more: tuple[str, ...]
) -> None:
    """The second would crash it, were it not for `allow_transfer = no`."""
    async with recorded(raw) as records:
        alice = await raw.house.far.phone_dials("alice", MUNICH)
        carrier = await raw.carrier.invite()
        carrier.takes()
        await alice.answered()
        carrier.refers(f"<sip:{PREMIUM}@{raw.house.far.pbx}>", *more)
        assert await carrier.answered("REFER") == 603
        assert alice.is_up, "the talk goes on"
        await alice.hang_up()
        await carrier.over()

    assert outcome(records[0]) == "answered"


async def test_a_carrier_that_does_so_while_it_rings_is_refused_too(raw: Raw) -> None:
    async with recorded(raw) as records:
        alice = await raw.house.far.phone_dials("alice", PARIS)
        carrier = await raw.carrier.invite()
        carrier.answers(180, "Ringing")
        await alice.rang()
        carrier.refers(f"<sip:{PREMIUM}@{raw.house.far.pbx}>")
        assert await told_how_it_ended(carrier) == "SIP/2.0 603 Decline"
        carrier.answers(486)
        await alice.ended()

    assert outcome(records[0]) == "busy"


async def test_a_caller_from_outside_who_transfers_is_refused(raw: Raw) -> None:
    async with recorded(raw) as records:
        caller = raw.carrier.calls(SALES, '"x" <sip:+447400123456@127.0.0.1>')
        desk = await raw.desk.invite()
        desk.takes()
        await caller.until(lambda each: each.status == 200)
        caller.refers(f"<sip:{PREMIUM}@{raw.house.far.pbx}>")
        assert await told_how_it_ended(caller) == "SIP/2.0 603 Decline"
        caller.hang_up()
        await desk.over()

    assert "who asks is nobody of the plan" in said(records[0])


@pytest.mark.parametrize("who", ["carrier", "desk"])
async def test_a_transfer_outside_any_call_is_not_implemented(raw: Raw, who: str) -> None:
    sip: RawSip = getattr(raw, who)
    pbx = raw.house.far.pbx
    dialog = sip.asks_outside(
        "REFER", f"sip:203@{pbx}", f"<sip:{who}@127.0.0.1>", f"Refer-To: <sip:{PREMIUM}@{pbx}>"
    )

    assert await dialog.answered("REFER") == 501
    no_invite_to_premium(raw)


# In every way a rule of the plan may name numbers.
REFUSED = (PREMIUM, AS_DIALLED, f"00{PREMIUM[1:]}", "+14165550123", "01534456789", "+34912345750", "08431234567")
LET_OUT = (PARIS, "+34912345800", "+12125550100", "02079460999")


async def test_without_the_router_what_is_denied_is_refused_too(raw: Raw) -> None:
    """At its start it has written and loaded the dialplan that holds meanwhile."""
    far = raw.house.far
    assert await raw.house.router.stop() == 0
    try:
        for number in REFUSED:
            alice = await far.phone_dials("alice", number)
            await alice.ended()
            assert alice.tech_cause == 403, number
        assert raw.carrier.invites.empty()
        for number in LET_OUT:
            alice = await far.phone_dials("alice", number)
            called = (await raw.carrier.invite()).first.target
            assert number[-10:] in called
            await alice.hang_up()
    finally:
        await raw.house.router.start()
    no_invite_to_premium(raw)


async def test_a_call_by_trunk_to_a_premium_number_does_not_turn_round(raw: Raw) -> None:
    """A carrier's INVITE is for the company's own numbers; what it names else is unknown here."""
    caller = raw.carrier.calls(PREMIUM, '"x" <sip:+447400123456@127.0.0.1>')

    assert (await caller.until(lambda each: each.status >= 300)).status == 404
    no_invite_to_premium(raw)
