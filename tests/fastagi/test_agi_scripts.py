"""What a plain dialplan is told for a call, and what the records say afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from router.dialplan.replay import replay
from router.fastagi.answers import MESSAGE
from router.model.block import Block
from router.model.call import CallId, Direction
from router.model.department import MenuDef
from router.model.ending import Ending, Fault, LegResult, Outcome, Party
from router.model.hours import Position, Switch
from router.model.people import Standing
from router.model.plan import DeadEnd, RejectCause
from router.model.situation import Situation
from router.model.steps import MenuStep
from router.store.errors import StoreError
from tests.fastagi.conftest import Dialplan
from tests.rules.acme import SUPPORT, acme
from tests.rules.conftest import CLOSED, OPEN, caller_id_rule, department, hop, inbound, person, reject, ring

WITHHELD = "32"  # AST_PRES_RESTRICTED, user-provided


# ---- outgoing calls


async def test_a_sales_call_shows_sales_number_in_each_trunks_format(dialplan: Dialplan) -> None:
    variables = await dialplan.outbound("020 7183 8750")

    assert variables == {
        "CALLROUTER_CALL": "c1",
        "CALLROUTER_REFUSED": "",
        "CALLROUTER_PROMPT": "",
        "CALLROUTER_LONGEST": "",
        "CALLROUTER_GOTO": "",
        "CALLROUTER_DEPARTMENT": "sales",
        "CALLROUTER_DIAL_1": "PJSIP/+442071838750@voipco",
        "CALLROUTER_SECONDS_1": "120",
        "CALLROUTER_SHOWN_1": "Acme Ltd <+442079460100>",
        "CALLROUTER_ASSERTED_1": "+442079460100",
        "CALLROUTER_PRES_1": "allowed",
        "CALLROUTER_DIAL_2": "PJSIP/02071838750@backup",
        "CALLROUTER_SECONDS_2": "120",
        "CALLROUTER_SHOWN_2": "Acme Ltd <02079460100>",
        "CALLROUTER_ASSERTED_2": "02079460100",
        "CALLROUTER_PRES_2": "allowed",
        "CALLROUTER_ROUTES": "2",
    }


async def test_the_id_comes_first_and_the_number_of_routes_last(dialplan: Dialplan) -> None:
    names = list(await dialplan.outbound("020 7183 8750"))

    assert (names[0], names[-1]) == ("CALLROUTER_CALL", "CALLROUTER_ROUTES")


async def test_without_an_argument_the_extension_is_what_was_dialled(dialplan: Dialplan) -> None:
    variables = await dialplan.ask("outbound", extension="02071838750")

    assert variables["CALLROUTER_DIAL_1"] == "PJSIP/+442071838750@voipco"


async def test_a_phone_that_hides_itself_is_withheld_but_asserted_to_the_carrier(dialplan: Dialplan) -> None:
    variables = await dialplan.outbound("020 7183 8750", callingpres=WITHHELD)

    assert (variables["CALLROUTER_SHOWN_1"], variables["CALLROUTER_ASSERTED_1"]) == ("", "+442079460100")
    assert variables["CALLROUTER_PRES_1"] == "prohib"
    assert dialplan.record.shown == "withheld"


async def test_a_rule_decides_what_is_shown(dialplan: Dialplan) -> None:
    dialplan.plan = acme(caller_ids=[caller_id_rule("us", "+12125550100", called=["US"])])

    variables = await dialplan.outbound("+1 415 555 2671")

    assert variables["CALLROUTER_SHOWN_1"] == "Acme Ltd <+12125550100>"
    assert variables["CALLROUTER_ROUTES"] == "1"


async def test_emergency_calls_get_out_from_a_phone_that_is_nobodys(dialplan: Dialplan) -> None:
    variables = await dialplan.outbound("999", channel="PJSIP/lobby-00000003")

    assert variables["CALLROUTER_DIAL_1"] == "PJSIP/999@voipco"
    assert variables["CALLROUTER_SHOWN_1"] == "Acme Ltd <+442079460100>"
    assert variables["CALLROUTER_ROUTES"] == "2"


async def test_a_colleague_is_rung_by_extension_and_sees_who_calls(dialplan: Dialplan) -> None:
    variables = await dialplan.outbound("203")

    assert variables["CALLROUTER_DIAL_1"] == "PJSIP/carol"
    assert variables["CALLROUTER_SHOWN_1"] == "Alice <201>"
    assert variables["CALLROUTER_ROUTES"] == "1"
    assert dialplan.record.direction is Direction.INTERNAL


async def test_a_caller_without_extension_is_not_taken_for_withheld(dialplan: Dialplan) -> None:
    dialplan.plan = acme(people=(person("alice"), person("bob", "202"), person("carol", "203")))

    assert (await dialplan.outbound("203"))["CALLROUTER_SHOWN_1"] == "Alice <>"


async def test_a_department_is_reached_the_way_outside_callers_reach_it(dialplan: Dialplan) -> None:
    variables = await dialplan.outbound("601")

    assert variables["CALLROUTER_GOTO"] == "callrouter-inbound,601,1"
    assert variables["CALLROUTER_ROUTES"] == "0"
    assert dialplan.records == []  # recorded where it goes


REFUSED = {
    "no such number": ("020 7183 8750 8750 8750", "PJSIP/alice-00000001", "1", Outcome.INVALID_NUMBER),
    "no such extension": ("299", "PJSIP/alice-00000001", "1", Outcome.INVALID_NUMBER),
    "a phone that is nobody's": ("020 7183 8750", "PJSIP/lobby-00000003", "21", Outcome.REJECTED),
    "nothing dialled": ("", "PJSIP/alice-00000001", "1", Outcome.INVALID_NUMBER),
}


@pytest.mark.parametrize(("dialled", "channel", "cause", "outcome"), REFUSED.values(), ids=REFUSED)
async def test_a_refused_call_has_a_cause_and_is_over(
    dialplan: Dialplan, dialled: str, channel: str, cause: str, outcome: Outcome
) -> None:
    variables = await dialplan.outbound(dialled, channel=channel)

    assert variables["CALLROUTER_REFUSED"] == cause
    assert variables["CALLROUTER_ROUTES"] == "0"
    assert dialplan.record.ending is not None
    assert dialplan.record.ending.outcome is outcome
    assert len(dialplan.calls) == 0


HOSTILE = [
    "020 7183 8750&PJSIP/9001@backup",
    "${SHELL(id)}",
    "112,1,System(id)",
    "+44207183\x1b[31m8750",
    "9" * 500,
]


@pytest.mark.parametrize("dialled", HOSTILE)
async def test_nothing_that_is_dialled_becomes_dialplan(dialplan: Dialplan, dialled: str) -> None:
    variables = await dialplan.outbound(dialled)

    assert not set("".join(variables.values())) & set("&${}()[]\x1b,")


async def test_a_company_name_cannot_break_out_of_the_caller_id(dialplan: Dialplan) -> None:
    plan = acme()
    object.__setattr__(plan, "company", 'Ev"il\\ <+1900> Ltd')
    dialplan.plan = plan

    variables = await dialplan.outbound("020 7183 8750")

    assert variables["CALLROUTER_SHOWN_1"] == "Evil +1900 Ltd <+442079460100>"


# ---- what people have set, and calls decided again

CLOSED_BY_HAND = Situation(switches={"department:sales": Switch(position=Position.CLOSED, set_at=OPEN)})


async def test_a_switch_is_heeded(dialplan: Dialplan) -> None:
    dialplan.situation = CLOSED_BY_HAND

    assert (await dialplan.inbound("+442079460100"))["CALLROUTER_ROUTES"] == "0"


async def test_who_is_paused_or_logged_out_is_not_rung(dialplan: Dialplan) -> None:
    dialplan.situation = Situation(standings={"alice": Standing(is_paused=True)})
    assert (await dialplan.inbound("+442079460100"))["CALLROUTER_DIAL_1"] == "PJSIP/bob"

    away = Standing(logged_out=frozenset({"sales"}))
    dialplan.situation = Situation(standings={"alice": away, "bob": away})
    assert (await dialplan.inbound("+442079460100"))["CALLROUTER_GOTO"] == MESSAGE


async def test_a_blocked_caller_is_refused_and_counted(dialplan: Dialplan) -> None:
    dialplan.situation = Situation(blocks=(Block(key="b1", cause=RejectCause.BUSY, name="mallory"),))

    variables = await dialplan.inbound("+442079460100", callerid="07400123457", calleridname="Mallory Inc")

    assert variables["CALLROUTER_REFUSED"] == "17"
    assert dialplan.hits == ["b1"]


AGAIN = {
    "in": ("inbound", "+442079460100", {"channel": "PJSIP/voipco-00000002", "callerid": "07400123457"}),
    "withheld": ("inbound", "+442079460101", {"channel": "PJSIP/voipco-00000002", "callingpres": WITHHELD}),
    "a colleague": ("inbound", "601", {}),
    "out": ("outbound", "020 7183 8750", {}),
    "out, hidden": ("outbound", "020 7183 8750", {"callingpres": WITHHELD}),
    "refused": ("outbound", "299", {}),
}


@pytest.mark.parametrize(("script", "dialled", "fields"), AGAIN.values(), ids=AGAIN)
async def test_a_recorded_call_comes_to_the_same_when_decided_again(
    dialplan: Dialplan, script: str, dialled: str, fields: dict[str, str]
) -> None:
    dialplan.situation = CLOSED_BY_HAND
    await dialplan.ask(script, dialled, **fields)
    record = dialplan.record

    again = replay(record, dialplan.plan)

    assert (again.rule, again.steps, again.shown) == (record.rule, record.steps, record.shown)


@pytest.mark.parametrize(
    ("script", "dialled", "fields", "caller", "called"),
    [
        pytest.param(*AGAIN["in"], ("GB", "mobile"), ("GB", "fixed"), id="in"),
        pytest.param(*AGAIN["withheld"], (None, None), ("GB", "fixed"), id="withheld"),
        pytest.param(*AGAIN["a colleague"], (None, None), (None, "internal"), id="a colleague"),
        pytest.param("outbound", "00 33 1 40 20 50 50", {}, (None, None), ("FR", "fixed"), id="out"),
        pytest.param("outbound", "999", {}, (None, None), ("GB", "emergency"), id="emergency"),
    ],
)
async def test_country_and_type_of_the_numbers_are_recorded(
    dialplan: Dialplan,
    script: str,
    dialled: str,
    fields: dict[str, str],
    caller: tuple[str | None, str | None],
    called: tuple[str | None, str | None],
) -> None:
    await dialplan.ask(script, dialled, **fields)

    record = dialplan.record
    assert (record.caller_country, record.caller_type) == caller
    assert (record.called_country, record.called_type) == called


# ---- inbound calls


async def test_an_open_department_is_rung_and_then_takes_a_message(dialplan: Dialplan) -> None:
    variables = await dialplan.inbound("+442079460100", callerid="07400123457", calleridname="Eve")

    assert variables == {
        "CALLROUTER_CALL": "c1",
        "CALLROUTER_REFUSED": "",
        "CALLROUTER_PROMPT": "",
        "CALLROUTER_LONGEST": "",
        "CALLROUTER_GOTO": "callrouter-department,s,1",
        "CALLROUTER_DEPARTMENT": "sales",
        "CALLROUTER_RING": "",
        "CALLROUTER_LONGEST_S": "120",
        "CALLROUTER_DIAL_1": "PJSIP/alice&PJSIP/bob",
        "CALLROUTER_SECONDS_1": "20",
        "CALLROUTER_ROUTES": "1",
    }


async def test_a_closed_department_takes_a_message_and_rings_nobody(dialplan: Dialplan) -> None:
    dialplan.now = CLOSED

    variables = await dialplan.inbound("+442079460100")

    assert (variables["CALLROUTER_ROUTES"], variables["CALLROUTER_GOTO"]) == ("0", "callrouter-department,s,1")
    assert dialplan.record.is_open is False


async def test_each_ring_step_is_a_route_and_the_message_is_the_last_departments(dialplan: Dialplan) -> None:
    first = department("first", "+442079460102", open=(ring("alice"), hop("second")))
    second = department("second", "+442079460103", open=(ring("carol", for_s=7), hop("third")))
    third = department("third", "+442079460104")
    dialplan.plan = acme(departments=(first, second, third))

    variables = await dialplan.inbound("+442079460102")

    assert (variables["CALLROUTER_DIAL_1"], variables["CALLROUTER_SECONDS_1"]) == ("PJSIP/alice", "20")
    assert (variables["CALLROUTER_DIAL_2"], variables["CALLROUTER_SECONDS_2"]) == ("PJSIP/carol", "7")
    assert variables["CALLROUTER_ROUTES"] == "2"
    assert variables["CALLROUTER_DEPARTMENT"] == "third"
    assert dialplan.record.department == "first"


async def test_more_phones_than_a_variable_holds_go_to_the_fallback_dialplan(dialplan: Dialplan) -> None:
    crowd = tuple(person(f"agent-number-{number:03}") for number in range(120))
    everyone = department("sales", "+442079460100", open=(ring(*(each.key for each in crowd)),))
    dialplan.plan = acme(people=crowd, departments=(everyone,))

    variables = await dialplan.inbound("+442079460100")

    assert variables["CALLROUTER_GOTO"] == "callrouter-fallback,+442079460100,1"
    assert variables["CALLROUTER_ROUTES"] == "0"


async def test_the_caller_of_a_menu_is_helped_by_the_fallback_dialplan(dialplan: Dialplan) -> None:
    asked = department("sales", "+442079460100", open=(MenuStep(menu="main"),))
    main = MenuDef(key="main", prompt="acme/welcome", choices=(), otherwise=(hop("support"),), where="menus.main")
    dialplan.plan = replace(acme(departments=(asked, SUPPORT)), menus={"main": main})

    variables = await dialplan.inbound("+442079460100")

    assert variables["CALLROUTER_GOTO"] == "callrouter-fallback,+442079460100,1"


async def test_a_dead_end_is_a_refusal(dialplan: Dialplan) -> None:
    dialplan.plan = acme(inbound=[inbound("nuisance", DeadEnd(for_s=60.0), callers=["withheld"])])

    variables = await dialplan.inbound("+442079460100", callerid="07400123457", callingpres=WITHHELD)

    assert (variables["CALLROUTER_REFUSED"], variables["CALLROUTER_ROUTES"]) == ("21", "0")
    assert dialplan.record.ending and dialplan.record.ending.outcome is Outcome.REJECTED


async def test_a_rejected_caller_gets_the_plans_cause(dialplan: Dialplan) -> None:
    dialplan.plan = acme(inbound=[inbound("nuisance", reject("busy"), callers=["withheld"])])

    variables = await dialplan.inbound("+442079460100", callerid="07400123457", callingpres=WITHHELD)

    assert variables["CALLROUTER_REFUSED"] == "17"
    assert dialplan.record.ending == Ending(outcome=Outcome.REJECTED, by=Party.US, fault=Fault.NONE, cause=17)


async def test_an_unknown_number_is_refused_as_unallocated(dialplan: Dialplan) -> None:
    variables = await dialplan.inbound("+442079460199")

    assert (variables["CALLROUTER_REFUSED"], variables["CALLROUTER_ROUTES"]) == ("1", "0")


async def test_an_extension_is_reached_from_a_colleagues_phone_only(dialplan: Dialplan) -> None:
    outside = await dialplan.inbound("601")
    inside = await dialplan.inbound("601", channel="PJSIP/alice-00000004")

    assert outside["CALLROUTER_REFUSED"] == "1"
    assert inside["CALLROUTER_DIAL_1"] == "PJSIP/carol&PJSIP/bob"


async def test_who_hides_the_number_is_withheld_in_the_record(dialplan: Dialplan) -> None:
    await dialplan.inbound("+442079460100", callerid="07400123457", calleridname="Eve", callingpres=WITHHELD)

    assert (dialplan.record.caller_number, dialplan.record.caller_name) == ("withheld", "")
    assert dialplan.record.trunk == "voipco"


# ---- ends


ENDS = {
    # arguments after the id -> outcome, by, fault, cause
    "answered, callee unknown to have left": (
        ("ANSWER", "16", "42"),
        (Outcome.ANSWERED, Party.CALLER, Fault.NONE, 16),
    ),
    "answered, callee left": (
        ("ANSWER", "16", "42", "1", "callee"),
        (Outcome.ANSWERED, Party.CALLEE, Fault.NONE, 16),
    ),
    "busy": (("BUSY", "17", ""), (Outcome.BUSY, Party.CALLEE, Fault.CALLEE, 17)),
    "no answer": (("NOANSWER", "0", ""), (Outcome.NO_ANSWER, Party.CALLEE, Fault.CALLEE, 19)),
    "declined, which Asterisk calls NOANSWER": (
        ("NOANSWER", "21", ""),
        (Outcome.REJECTED, Party.CALLEE, Fault.CALLEE, 21),
    ),
    "no such number": (("NOANSWER", "1", ""), (Outcome.INVALID_NUMBER, Party.CALLEE, Fault.CALLER, 1)),
    "trunk failed": (("CONGESTION", "34", ""), (Outcome.FAILED, Party.CALLEE, Fault.TRUNK, 34)),
    "nobody registered": (("CHANUNAVAIL", "0", ""), (Outcome.UNAVAILABLE, Party.CALLEE, Fault.TRUNK, 18)),
    "given up while ringing": (("CANCEL", "16", ""), (Outcome.ABANDONED, Party.CALLER, Fault.CALLER, 16)),
    "given up before anything was dialled": (("", "", ""), (Outcome.ABANDONED, Party.CALLER, Fault.CALLER, 16)),
    "a status nobody knows": (("INVALIDARGS", "0", ""), (Outcome.FAILED, Party.US, Fault.US, 127)),
    "nonsense for numbers": (("BUSY", "x", "-1"), (Outcome.BUSY, Party.CALLEE, Fault.CALLEE, 17)),
}


@pytest.mark.parametrize(("report", "ending"), ENDS.values(), ids=ENDS)
async def test_how_an_outgoing_call_ended(
    dialplan: Dialplan, report: tuple[str, ...], ending: tuple[Outcome, Party, Fault, int]
) -> None:
    await dialplan.outbound("020 7183 8750")
    await dialplan.ended("c1", *report)

    outcome, by, fault, cause = ending
    assert dialplan.record.ending == Ending(outcome=outcome, by=by, fault=fault, cause=cause)
    assert dialplan.record.ended_at == OPEN + timedelta(seconds=60)


async def test_a_talk_is_as_long_as_the_dialplan_says(dialplan: Dialplan) -> None:
    await dialplan.outbound("020 7183 8750")
    await dialplan.ended("c1", "ANSWER", "16", "42", after_s=60)

    assert dialplan.record.answered_at == OPEN + timedelta(seconds=18)
    assert dialplan.record.talked_s == 42


async def test_the_leg_that_was_dialled_last_is_recorded(dialplan: Dialplan) -> None:
    await dialplan.outbound("020 7183 8750")
    await dialplan.ended("c1", "BUSY", "17", "", "2")

    [leg] = dialplan.record.legs
    assert (leg.trunk, leg.endpoint) == ("backup", "PJSIP/02071838750@backup")
    assert (leg.result, leg.cause) == (LegResult.BUSY, 17)


async def test_an_inbound_call_nobody_took_was_ended_by_us(dialplan: Dialplan) -> None:
    await dialplan.inbound("+442079460100")
    await dialplan.ended("c1", "NOANSWER", "0", "")

    assert dialplan.record.ending == Ending(outcome=Outcome.NO_ANSWER, by=Party.US, fault=Fault.CALLEE, cause=19)


async def test_a_second_report_changes_nothing(dialplan: Dialplan) -> None:
    await dialplan.outbound("020 7183 8750")
    await dialplan.ended("c1", "ANSWER", "16", "42")
    told = len(dialplan.records)
    await dialplan.ended("c1", "BUSY", "17", "")

    assert len(dialplan.records) == told


async def test_a_call_of_before_a_restart_is_completed_from_the_store(dialplan: Dialplan) -> None:
    await dialplan.outbound("020 7183 8750")
    [before] = dialplan.records
    dialplan.records.clear()
    old_id = CallId("old1")
    object.__setattr__(before, "id", old_id)
    dialplan.earlier[old_id] = before

    await dialplan.ended("old1", "ANSWER", "16", "42")

    assert dialplan.record.id == old_id
    assert dialplan.record.talked_s == 42


async def test_a_report_the_store_cannot_place_is_told_not_raised(
    dialplan: Dialplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: CallId) -> None:
        raise StoreError("the database is away")

    monkeypatch.setattr(dialplan.calls, "_find", away)
    with capture_logs() as logs:
        await dialplan.ended("old1", "ANSWER", "16", "42")

    assert [entry["because"] for entry in logs if entry["event"] == "agi report lost"] == ["the database is away"]


@pytest.mark.parametrize("call_id", ["", "../c1", "c1;drop", "x" * 65])
async def test_an_id_that_is_none_is_not_looked_for(dialplan: Dialplan, call_id: str) -> None:
    await dialplan.outbound("020 7183 8750")
    await dialplan.ended(call_id, "ANSWER", "16", "42")

    assert dialplan.record.ending is None


async def test_a_caller_who_leaves_while_we_decide_has_abandoned(dialplan: Dialplan) -> None:
    await dialplan.ask("outbound", "020 7183 8750", reply=lambda _: b"511 Command Not Permitted\n")

    assert dialplan.record.ending is not None
    assert dialplan.record.ending.outcome is Outcome.ABANDONED
    assert len(dialplan.calls) == 0


async def test_a_caller_who_leaves_later_is_reported_by_the_dialplan(dialplan: Dialplan) -> None:
    await dialplan.ask(
        "outbound",
        "020 7183 8750",
        reply=lambda name: b"200 result=1\n" if name == "CALLROUTER_CALL" else b"511 Command Not Permitted\n",
    )
    assert dialplan.record.ending is None

    await dialplan.ended("c1", "", "", "")
    assert dialplan.record.ending is not None


async def test_too_many_calls_without_a_report_end_as_failed_oldest_first(dialplan: Dialplan) -> None:
    for _ in range(4):
        await dialplan.outbound("020 7183 8750")

    assert len(dialplan.calls) == 3
    [lost] = [record for record in dialplan.records if record.ending is not None]
    assert lost.id == "c1"
    assert lost.ending == Ending(outcome=Outcome.FAILED, by=Party.US, fault=Fault.US, cause=127)


async def test_a_call_whose_end_was_never_reported_ends_after_half_a_day(dialplan: Dialplan) -> None:
    await dialplan.outbound("020 7183 8750")
    dialplan.now += timedelta(hours=13)
    await dialplan.outbound("020 7183 8750")

    assert [record.id for record in dialplan.records if record.ending is not None] == ["c1"]
    assert len(dialplan.calls) == 1
