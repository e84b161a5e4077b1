"""What the PBX does on its own: `asterisk-conf/` and the fallback of a dial plan, with no router there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from router.dialplan.fallback import fallback_conf, write_fallback
from router.model.limits import Site
from router.model.message import RecordingName
from tests.rules.acme import BACKUP, PEOPLE, SUPPORT, VOIPCO, acme
from tests.rules.conftest import department, public
from tests.support.far_end.ari import BenchAri, Json
from tests.support.far_end.far import FarEnd
from tests.support.pbx import PHONES, Bench
from tests.support.sound import Sound

SALES, SUPPORT_NUMBER = "+442079460100", "+442079460101"
OUTSIDE = "+447400123456"


class Watch:
    """An application on the PBX that no call enters: it sees the events of what it subscribes to."""

    app = "watch"

    def __init__(self, bench: Bench) -> None:
        self._events: asyncio.Queue[Json] = asyncio.Queue()
        self.ari = BenchAri(bench.ari_port, bench.ari_user, bench.ari_secret, self.app, self._events.put_nowait)

    async def until(self, what: Callable[[Json], bool], limit_s: float = 15.0) -> Json:
        async with asyncio.timeout(limit_s):
            while not what(event := await self._events.get()):
                pass
        return event

    async def recordings(self) -> list[str]:
        return [recording["name"] for recording in await self.ari.request("GET", "recordings/stored")]


@pytest_asyncio.fixture(loop_scope="session")
async def watch(bench: Bench) -> AsyncIterator[Watch]:
    """Sees the trunk's channels."""
    watch = Watch(bench)
    async with watch.ari:
        await watch.ari.request("POST", "applications/watch/subscription", eventSource="endpoint:PJSIP/voipco")
        yield watch


async def test_every_phone_registers_with_its_password(bench: Bench) -> None:
    await bench.until_online(*PHONES)


async def test_a_phone_that_unregistered_is_known_to_be_away(bench: Bench) -> None:
    await bench.unregister("carol")
    await bench.register("carol")


# --- from outside


async def test_without_a_router_the_departments_phones_ring(far: FarEnd) -> None:
    await far.phone("alice").will("ring")
    await far.phone("bob").will("answer", says="440")

    caller = await far.call(SALES, caller=OUTSIDE, name="Zoë O'Neil", says="880")
    alice, bob = await far.phone("alice").call(), await far.phone("bob").call()
    await caller.answered()

    assert (bob.seen.number, bob.seen.name) == (OUTSIDE, "Zoë O'Neil")
    assert await alice.ended() == 26  # answered elsewhere: no missed call on Alice's phone
    assert (await caller.hears()).has_tone(440)
    assert (await bob.hears()).has_tone(880)
    await bob.hang_up()
    assert await caller.ended() == 16


@pytest.mark.parametrize("dialled", [SALES, "442079460100", "00442079460100", "02079460100"])
async def test_a_number_is_known_in_every_form_a_trunk_may_send(far: FarEnd, dialled: str) -> None:
    await far.call(dialled)
    await far.phone("alice").call()


async def test_both_trunks_are_known_by_their_address(far: FarEnd) -> None:
    await far.call(SALES, trunk="backup")
    await far.phone("alice").call()


async def test_a_withheld_caller_is_withheld_on_the_phone(far: FarEnd) -> None:
    await far.call(SALES, caller=OUTSIDE, withheld=True)
    seen = (await far.phone("alice").call()).seen
    assert "anonymous" in seen.from_header
    assert OUTSIDE not in seen.from_header + seen.asserted_identity


async def test_an_unregistered_member_is_not_waited_for(bench: Bench, far: FarEnd) -> None:
    await bench.unregister("alice")
    try:
        caller = await far.call(SALES)
        await (await far.phone("bob").call()).answered()
        await caller.answered()
    finally:
        await bench.register("alice")


@pytest.mark.parametrize(
    "dialled",
    ["+442079460199", "999", "600", "201", "07400123456", "0", "+442079460100&201", "+442079460100%2C1",
     "07400123456%2CCALLROUTER_PHONE%3Dyes", "07400123456%2CCALLROUTER_PHONE=yes", "07400123456)%2CTIMEOUT(x"],
    ids=["of nobody", "emergency", "a department's extension", "a person's extension", "out again", "one digit",
         "two at once", "with a comma", "as if from a phone", "as if from a phone, unescaped", "with a bracket"],
)  # fmt: skip
async def test_from_outside_only_the_companys_own_numbers_exist(far: FarEnd, dialled: str) -> None:
    caller = await far.call(dialled)
    assert await caller.ended() == 1
    assert caller.tech_cause == 404


async def test_nobody_answers_and_the_message_can_be_fetched(far: FarEnd, watch: Watch) -> None:
    await far.phone("alice").will("sip480")
    await far.phone("bob").will("busy")
    assert await watch.recordings() == []

    caller = await far.call(SALES, caller=OUTSIDE, says="440")
    await watch.until(lambda e: e["type"] == "ChannelDialplan" and e["dialplan_app"] == "Record")
    await caller.hears(1)
    await caller.hang_up()
    await watch.until(lambda e: e["type"] == "ChannelDestroyed" and e["channel"]["name"].startswith("PJSIP/voipco"))

    [name] = await watch.recordings()
    parsed = RecordingName.parse(name)
    assert parsed is not None
    assert (parsed.department, parsed.caller) == ("sales", "447400123456")
    status, wav = await watch.ari.raw("GET", f"recordings/stored/{name}/file")
    assert status == 200
    assert Sound.from_wav(wav).has_tone(440)
    await watch.ari.request("DELETE", f"recordings/stored/{name}")


async def test_stored_recordings_cannot_be_listed_while_one_is_a_dead_link(bench: Bench, watch: Watch) -> None:
    """Asterisk answers 500 "Allocation failed" then, and when the folder is missing: not to be taken for "none"."""
    link = bench.recordings / "dead.wav"
    link.symlink_to("nowhere")
    try:
        status, _ = await watch.ari.raw("GET", "recordings/stored")
        assert status == 500
    finally:
        link.unlink()
    assert await watch.recordings() == []


async def test_a_new_plan_is_loaded_without_a_restart(bench: Bench, far: FarEnd, watch: Watch) -> None:
    new = acme(departments=[department("sales", "+442079460177", members=("carol",)), SUPPORT])
    write_fallback(new, bench.fallback_path)
    try:
        await watch.ari.request("PUT", "asterisk/modules/pbx_config.so")
        await far.call("+442079460177")
        await far.phone("carol").call()
        assert await (await far.call(SALES)).ended() == 1
    finally:
        write_fallback(acme(), bench.fallback_path)
        await watch.ari.request("PUT", "asterisk/modules/pbx_config.so")


# --- a router that hangs. It is an application that is connected and does nothing, or less and less.


class IdleRouter(Watch):
    """An application "callrouter" that does what a test says, and nothing else."""

    app = "callrouter"

    async def claim(self) -> Json:
        """Claims the next call. Returns its StasisStart."""
        call = await self.until(lambda event: event["type"] == "CallBroadcast")
        await self.ari.request("POST", "events/claim", channelId=call["channel"]["id"], application=self.app)
        return await self.until(lambda event: event["type"] == "StasisStart")


@pytest_asyncio.fixture(loop_scope="session")
async def router(bench: Bench, far: FarEnd) -> AsyncIterator[IdleRouter]:
    idle = IdleRouter(bench)
    async with idle.ari:
        yield idle
        await far.hang_up_all()


async def test_a_router_that_claims_nothing_is_passed_over(router: IdleRouter, far: FarEnd) -> None:
    await far.call(SALES)
    await far.phone("alice").call()


async def test_a_router_that_claimed_and_hangs_loses_the_call_with_its_lease(
    router: IdleRouter, far: FarEnd
) -> None:
    caller = await far.call(SALES)
    start = await router.claim()
    assert (start["args"], start["channel"]["dialplan"]["exten"]) == (["inbound"], SALES)
    assert far.phone("alice").calls.empty()

    lease = {"variable": "TIMEOUT(absolute)", "value": "0.2"}
    await router.ari.request("POST", f"channels/{start['channel']['id']}/variable", **lease)
    await far.phone("alice").call()
    await caller.answered()


async def test_a_router_that_is_done_with_a_call_ends_it(router: IdleRouter, far: FarEnd) -> None:
    caller = await far.call(SALES)
    start = await router.claim()
    await router.ari.request("POST", f"channels/{start['channel']['id']}/continue")
    await caller.ended()
    assert far.phone("alice").calls.empty()


@pytest.mark.parametrize("connected", [True, False], ids=["a router that hangs", "no router"])
async def test_an_asterisk_without_broadcast_gets_by(
    bench: Bench, watch: Watch, far: FarEnd, connected: bool
) -> None:
    await watch.ari.request("DELETE", "asterisk/modules/app_stasis_broadcast.so")
    try:
        async with IdleRouter(bench).ari if connected else contextlib.nullcontext():
            await far.call(SALES)
            await far.phone("alice").call()
            await far.hang_up_all()
    finally:
        await watch.ari.request("POST", "asterisk/modules/app_stasis_broadcast.so")


# --- from a phone


@pytest.mark.parametrize(
    ("phone", "dialled", "called", "shown"),
    [
        ("alice", "07400 123456", "+447400123456", "+442079460100"),
        ("alice", "+14155550134", "+14155550134", "+442079460100"),
        ("carol", "0014155550134", "+14155550134", "+442079460101"),
        ("carol", "999", "999", "+442079460100"),
        ("dave", "112", "112", "+442079460100"),
    ],
    ids=["national", "with its plus", "international", "emergency", "emergency, from a phone that is nobody's"],
)
async def test_without_a_router_a_phone_still_gets_out(
    far: FarEnd, phone: str, dialled: str, called: str, shown: str
) -> None:
    calling = await far.phone_dials(phone, dialled.replace(" ", ""))
    seen = (await far.number(called).call()).seen
    await calling.answered()

    assert (seen.trunk, seen.number, seen.name) == ("voipco", shown, "Acme Ltd")
    assert called in seen.to_header
    assert shown in seen.asserted_identity


async def test_without_a_router_a_phone_at_a_site_gets_help_from_there(
    bench: Bench, far: FarEnd, watch: Watch
) -> None:
    """By a trunk of the site's country, with its number; and by the next whatever that one said."""
    berlin = Site(key="berlin", caller_id=public("+442079460150"), location="Berlin", country="DE")
    people = [replace(PEOPLE[0], site="berlin"), *PEOPLE[1:]]
    plan = replace(acme(people=people, trunks=[VOIPCO, replace(BACKUP, country="DE")]), sites={"berlin": berlin})
    write_fallback(plan, bench.fallback_path)
    try:
        await watch.ari.request("PUT", "asterisk/modules/pbx_config.so")
        for phone, trunk, shown in (("alice", "backup", "02079460150"), ("bob", "voipco", "+442079460100")):
            calling = await far.phone_dials(phone, "112")
            seen = (await far.number("112").call()).seen
            assert (seen.trunk, seen.number) == (trunk, shown)
            await calling.answered()
            await calling.hang_up()
        await far.number("112").will("sip486")
        calling = await far.phone_dials("alice", "112")
        assert [(await far.number("112").call()).seen.trunk for _ in range(2)] == ["backup", "voipco"]
        await calling.ended()
    finally:
        write_fallback(acme(), bench.fallback_path)
        await watch.ari.request("PUT", "asterisk/modules/pbx_config.so")


async def test_a_phone_that_is_nobodys_calls_no_public_number(far: FarEnd) -> None:
    assert await (await far.phone_dials("dave", "07400123456")).ended() == 21


@pytest.mark.parametrize(("dialled", "rings"), [("203", "carol"), ("601", "carol"), (SUPPORT_NUMBER, "carol")])
async def test_a_phone_reaches_people_and_departments(far: FarEnd, dialled: str, rings: str) -> None:
    await far.phone_dials("alice", dialled)
    await far.phone(rings).call()


async def test_a_withheld_number_is_told_to_the_carrier_alone(far: FarEnd) -> None:
    await far.phone_dials("alice", OUTSIDE, withheld=True)
    seen = (await far.number(OUTSIDE).call()).seen

    assert "anonymous" in seen.from_header
    assert SALES not in seen.from_header
    assert SALES in seen.asserted_identity
    assert seen.privacy == "id"


@pytest.mark.parametrize("answer", ["congestion", "sip500", "sip403", "sip502", "sip407"])
async def test_a_trunk_that_fails_is_followed_by_the_next_one(far: FarEnd, answer: str) -> None:
    await far.number("447400123456").will(answer)

    await far.phone_dials("alice", OUTSIDE)
    first = (await far.number("447400123456").call()).seen
    second = (await far.number("07400123456").call()).seen

    assert (first.trunk, second.trunk) == ("voipco", "backup")
    assert (first.number, second.number) == ("+442079460100", "02079460100")


@pytest.mark.parametrize(("answer", "cause"), [("busy", 17), ("ringsip603", 21), ("sip480", 19), ("notfound", 1)])
async def test_a_called_persons_no_is_not_tried_on_another_trunk(far: FarEnd, answer: str, cause: int) -> None:
    await far.number("447400123456").will(answer)
    assert await (await far.phone_dials("alice", OUTSIDE)).ended() == cause
    assert far.number("07400123456").calls.empty()


# --- the FastAGI door


class AgiServer:
    """Says what a test wants to a FastAGI session. reports: the arguments of each /ended.

    variables: None to accept and be silent. takes_reports: False to be silent to /ended.
    """

    def __init__(self, variables: dict[str, str] | None, takes_reports: bool) -> None:
        self._variables = variables
        self._takes_reports = takes_reports
        self.asked = asyncio.Event()
        self.reports: asyncio.Queue[list[str]] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            header = (await reader.readuntil(b"\n\n")).decode().splitlines()
            fields = dict(line.split(": ", 1) for line in header if ": " in line)
            if fields["agi_network_script"] == "ended":
                self.reports.put_nowait([v for k, v in fields.items() if k.startswith("agi_arg_")])
                if not self._takes_reports:
                    await reader.read()
                return
            self.asked.set()
            if self._variables is None:
                await reader.read()  # silent until the dialplan gives up
                return
            for name, value in self._variables.items():
                writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
                assert (await reader.readline()).startswith(b"200")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agi_bench() -> AsyncIterator[Bench]:
    """A bench whose phones take the FastAGI door."""
    plan = fallback_conf(acme())
    async with Bench(fallback=plan, phones=["alice"], phones_context="callrouter-outbound-agi") as bench:
        yield bench


@contextlib.asynccontextmanager
async def agi(
    bench: Bench, variables: dict[str, str] | None, *, takes_reports: bool = True
) -> AsyncIterator[AgiServer]:
    server = AgiServer(variables, takes_reports)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", bench.agi_port)
    async with listening:
        yield server
    await bench.far.hang_up_all()


ROUTES = {
    "CALLROUTER_CALL": "c1",
    "CALLROUTER_DIAL_1": "PJSIP/+447400123456@voipco",
    "CALLROUTER_SHOWN_1": "Acme New York <+12125550100>",
    "CALLROUTER_ASSERTED_1": "+12125550100",
    "CALLROUTER_DIAL_2": "PJSIP/07400123456@backup",
    "CALLROUTER_SHOWN_2": "",
    "CALLROUTER_ASSERTED_2": "02079460100",
    "CALLROUTER_ROUTES": "2",
}


async def test_the_door_dials_what_the_router_says_and_reports_the_end(agi_bench: Bench) -> None:
    far = agi_bench.far
    async with agi(agi_bench, ROUTES) as server:
        calling = await far.phone_dials("alice", OUTSIDE)
        called = await far.number(OUTSIDE).call()
        await calling.answered()
        assert (called.seen.number, called.seen.name) == ("+12125550100", "Acme New York")

        await calling.hang_up()
        call, status, cause, _, route, by, _ = await asyncio.wait_for(server.reports.get(), 5)
        assert (call, status, cause, route, by) == ("c1", "ANSWER", "16", "1", "")


async def test_the_door_reports_that_the_called_party_hung_up(agi_bench: Bench) -> None:
    far = agi_bench.far
    async with agi(agi_bench, ROUTES) as server:
        calling = await far.phone_dials("alice", OUTSIDE)
        called = await far.number(OUTSIDE).call()
        await calling.answered()
        await called.hang_up()
        assert (await asyncio.wait_for(server.reports.get(), 5))[5] == "callee"


async def test_a_router_that_hangs_on_the_report_holds_nobody(agi_bench: Bench) -> None:
    far = agi_bench.far
    async with agi(agi_bench, ROUTES, takes_reports=False) as server:
        calling = await far.phone_dials("alice", OUTSIDE)
        called = await far.number(OUTSIDE).call()
        await calling.answered()
        await called.hang_up()
        await asyncio.wait_for(server.reports.get(), 5)
        assert await calling.ended() == 16


async def test_the_door_withholds_on_the_second_trunk(agi_bench: Bench) -> None:
    far = agi_bench.far
    async with agi(agi_bench, ROUTES):
        await far.number(OUTSIDE).will("congestion")
        await far.phone_dials("alice", OUTSIDE)
        seen = (await far.number("07400123456").call()).seen
        assert (seen.trunk, seen.privacy) == ("backup", "id")
        assert "02079460100" in seen.asserted_identity
        assert "02079460100" not in seen.from_header


async def test_the_door_refuses_and_reports(agi_bench: Bench) -> None:
    far = agi_bench.far
    refused = {"CALLROUTER_CALL": "c2", "CALLROUTER_REFUSED": "21", "CALLROUTER_ROUTES": "0"}
    async with agi(agi_bench, refused) as server:
        assert await (await far.phone_dials("alice", OUTSIDE)).ended() == 21
        assert (await asyncio.wait_for(server.reports.get(), 5))[0] == "c2"


async def test_the_door_goes_where_the_router_says(agi_bench: Bench) -> None:
    far = agi_bench.far
    inside = {"CALLROUTER_GOTO": "callrouter-inbound,600,1", "CALLROUTER_ROUTES": "0"}
    async with agi(agi_bench, inside):
        await far.phone_dials("alice", "600")
        await far.phone("alice").call()


@pytest.mark.parametrize("server", ["refuses", "silent", "answers nothing"])
async def test_behind_a_broken_door_the_fallback_dials(agi_bench: Bench, server: str) -> None:
    far = agi_bench.far
    async with contextlib.AsyncExitStack() as stack:
        if server != "refuses":
            await stack.enter_async_context(agi(agi_bench, None if server == "silent" else {}))
        else:
            stack.push_async_callback(far.hang_up_all)
        await far.phone_dials("alice", OUTSIDE)
        assert (await far.number(OUTSIDE).call()).seen.number == SALES


async def test_a_silent_server_does_not_hold_a_call_that_was_hung_up(agi_bench: Bench) -> None:
    watch = Watch(agi_bench)
    async with agi(agi_bench, None) as server, watch.ari:
        await watch.ari.request("POST", "applications/watch/subscription", eventSource="endpoint:PJSIP/alice")
        calling = await agi_bench.far.phone_dials("alice", OUTSIDE)
        await asyncio.wait_for(server.asked.wait(), 5)
        await calling.hang_up()
        await watch.until(lambda event: event["type"] == "ChannelDestroyed")
        assert agi_bench.far.number(OUTSIDE).calls.empty()
