"""The command line: what it prints, and how it ends."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from router.cli import main
from router.console.app import console_app, listening
from router.console.dialling import dialling_route, token_in
from router.console.door import Door, Refused
from router.console.live_calls import CallDesk
from router.console.metrics import Metrics
from router.model.call import CallId
from router.model.change import Change
from router.model.ending import Ending, LegResult, Party
from router.model.people import Standing
from router.model.pin import Pin, PinStanding
from router.model.record import CallRecord, DecisionInputs
from router.model.trunk import Breaker, TrunkState
from router.rules import endings
from router.store.contract import Store
from router.store.database import open_store
from tests.console.desk import TUESDAY, Desk
from tests.support.messages import MONDAY, facts, record, speech

PLAN = """
company: Acme Ltd
country: GB
timezone: Europe/London
trunks:
  voipco: {dial: "PJSIP/{number}@voipco", numbers: +e164, caller_ids: 020 7946 0100 - 0199}
people:
  alice: {name: Alice Ng, phone: PJSIP/alice, extension: 201}
departments:
  sales:
    name: Sales
    numbers: 020 7946 0100
    caller_id: 020 7946 0100
    members: alice
    open: [{ring: members, for: 20s}, voicemail]
    voicemail: {to: sales@acme.example}
inbound:
  - {name: nuisance, from: withheld, do: [{reject: busy}]}
"""
TESTS = """
tests:
  - name: Sales is rung
    call: {from: 07400 123457, to: 020 7946 0100, at: 2026-11-24 10:00}
    expect: {department: sales}
"""
RED = TESTS.replace("department: sales", "department: sales, open: false")

Run = Callable[..., Result]
Plan = Callable[[str], str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `callrouter`. Its state lies in a folder of the test; no settings of the machine are seen."""
    settings = tmp_path / "callrouter.toml"
    settings.write_text('state_dir = "state"\n')

    def run(*arguments: str, **environ: str) -> Result:
        runner = CliRunner(env={"CALLROUTER_SETTINGS": str(settings), **environ})
        return runner.invoke(main, list(arguments), catch_exceptions=False)

    return run


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Writes a dial plan; gives its folder."""

    def write(text: str) -> str:
        folder = tmp_path / "plan"
        folder.mkdir(exist_ok=True)
        (folder / "acme.yaml").write_text(text, "utf-8")
        return str(folder)

    return write


# ---- dial plans


def test_check_is_good_and_brief_about_it(run: Run, plan: Plan) -> None:
    result = run("check", plan(PLAN + TESTS))

    assert (result.exit_code, result.output) == (0, "Acme Ltd: good; 1 department, 1 person, 1 trunk, 1 test\n")


def test_check_tells_every_fault_with_its_place(run: Run, plan: Plan) -> None:
    result = run("check", plan(PLAN.replace("members: alice", "members: alise").replace("for: 20s", "for: 20")))

    assert result.exit_code == 1
    *faults, count = result.output.splitlines()
    assert count == f"{len(faults)} faults"
    assert all(fault.startswith("acme.yaml:") for fault in faults)
    assert any('did you mean "alice"?' in fault for fault in faults)


def test_check_tells_warnings_but_they_are_no_faults(run: Run, plan: Plan) -> None:
    result = run(
        "check",
        plan(
            PLAN.replace("numbers: 020 7946 0100", "numbers: 0100 000 0000")
            + TESTS.replace("020 7946 0100", "0100 000 0000")
        ),
    )

    assert result.exit_code == 0
    assert result.output.startswith("warning: acme.yaml:")


def test_check_fails_when_a_test_is_red(run: Run, plan: Plan) -> None:
    result = run("check", plan(PLAN + RED))

    assert result.exit_code == 1
    assert "Sales is rung" in result.output
    assert result.output.endswith("1 test of 1 failed\n")


def test_test_names_the_rules_that_no_test_reaches(run: Run, plan: Plan) -> None:
    result = run("test", plan(PLAN + TESTS))

    assert result.exit_code == 0
    assert "✓ Sales is rung" in result.output
    assert "rules reached: 1 of 3 (33 %)" in result.output
    assert "inbound[0]" in result.output.partition("not reached:")[2]
    assert result.output.endswith("1 test passed, 0 failed\n")


def test_test_fails_when_a_test_is_red_and_says_the_difference(run: Run, plan: Plan) -> None:
    result = run("test", plan(PLAN + RED))

    assert result.exit_code == 1
    assert "✗ Sales is rung" in result.output
    assert "    open: expected false, got true  (acme.yaml:" in result.output
    assert "    because: " in result.output
    assert result.output.endswith("0 tests passed, 1 failed\n")


@pytest.mark.parametrize(("least", "code"), [("33", 0), ("34", 1), ("100", 1)])
def test_test_fails_when_too_few_rules_are_reached(run: Run, plan: Plan, least: str, code: int) -> None:
    result = run("test", plan(PLAN + TESTS), "--fail-under", least)

    assert result.exit_code == code
    assert ("too few rules are reached: 33 %" in result.output) is bool(code)


def test_explain_tells_an_inbound_call_rule_by_rule(run: Run, plan: Plan) -> None:
    result = run(
        "explain", plan(PLAN), "--from", "07400 123457", "--to", "020 7946 0100", "--at", "2026-11-24 10:00"
    )

    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "call from +447400123457 to +442079460100, Tue 24 Nov 2026 10:00 Europe/London"
    assert any(line.startswith("  ✗ ") and "inbound[0]" in line for line in lines)
    assert any(line.startswith("  1. ring Alice Ng") for line in lines)


def test_explain_knows_who_hides_the_number(run: Run, plan: Plan) -> None:
    result = run("explain", plan(PLAN), "--from", "withheld", "--to", "020 7946 0100", "--json")

    assert json.loads(result.output)["steps"] == ["reject busy"]


def test_explain_tries_a_caller_of_whom_no_number_came(run: Run, plan: Plan) -> None:
    folder = plan(PLAN + "  - {name: nobody, from: unknown, do: [{reject: rejected}]}\n")
    result = run("explain", folder, "--from", "unknown", "--to", "020 7946 0100")

    assert result.output.startswith("call from unknown to +442079460100, ")
    assert "rule 'nobody': from unknown" in result.output
    assert "  1. reject as rejected" in result.output


def test_explain_says_what_follows_when_nobody_answers(run: Run, plan: Plan) -> None:
    result = run("explain", plan(PLAN), "--by", "alice", "--to", "201")

    assert result.output.splitlines()[-1] == "  then: no answer"
    assert "then: no answer" not in run("explain", plan(PLAN), "--by", "alice", "--to", "020 7946 0100").output


def test_explain_tells_an_outgoing_call_in_json(run: Run, plan: Plan) -> None:
    result = run("explain", plan(PLAN), "--by", "alice", "--to", "020 7183 8750", "--json")

    decision = json.loads(result.output)
    assert decision["to"] == "trunks"
    assert decision["trunks"][0]["shown"] == "+442079460100"
    assert decision["trace"]


def test_explain_withholds_when_asked(run: Run, plan: Plan) -> None:
    result = run("explain", plan(PLAN), "--by", "alice", "--to", "020 7183 8750", "--withhold")

    assert "caller ID: withheld" in result.output


def test_explain_imagines_what_people_have_set_and_press(run: Run, plan: Plan) -> None:
    call = ("--from", "07400 123457", "--to", "020 7946 0100", "--at", "2026-11-24 10:00")
    result = run("explain", plan(PLAN), *call, "--switched", "sales=closed", "--paused", "alice", "--name", "Bob")

    assert result.exit_code == 0
    assert "closed: Sales was switched by hand" in result.output
    paused = run("explain", plan(PLAN), *call, "--paused", "alice").output
    assert "now rings: nobody" in paused and "not alice: paused" in paused


def test_explain_follows_the_keys_that_are_pressed(run: Run, plan: Plan) -> None:
    menu = "menus:\n  main: {numbers: 020 7946 0000, prompt: welcome, keys: {1: sales}, otherwise: sales}\n"
    folder = plan(PLAN.replace("inbound:", f"{menu}inbound:"))
    sounds = Path(folder) / "sounds"
    sounds.mkdir()
    (sounds / "welcome.wav").write_bytes(speech(1.0))
    result = run("explain", folder, "--from", "07400 123457", "--to", "020 7946 0000", "--press", "1")

    assert result.exit_code == 0, result.output
    assert "pressed 1:" in result.output
    assert "now rings: alice" in result.output.partition("pressed 1:")[2]
    more = run("explain", folder, "--from", "07400 123457", "--to", "020 7946 0000", "--press", "1", "--press", "2")
    assert more.output.splitlines()[-1] == "pressed 2: there is no menu to press it in"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("", "the menu is played again, 3 times at most"),
        (", invalid: welcome", "plays welcome, the menu is played again, 3 times at most"),
        (", invalid: welcome, tries: 1", "plays welcome"),
    ],
)
def test_explain_says_when_a_key_means_nothing(run: Run, plan: Plan, more: str, what: str) -> None:
    menu = (
        f"menus:\n  main: {{numbers: 020 7946 0000, prompt: welcome, keys: {{1: sales}}, otherwise: sales{more}}}\n"
    )
    folder = plan(PLAN.replace("inbound:", f"{menu}inbound:"))
    (Path(folder) / "sounds").mkdir()
    (Path(folder) / "sounds" / "welcome.wav").write_bytes(speech(1.0))
    result = run("explain", folder, "--from", "07400 123457", "--to", "020 7946 0000", "--press", "7")

    after = result.output.partition("pressed 7:")[2]
    assert f"because: 7 means nothing in the menu main: {what}; menu main: nothing was chosen" in after
    assert "now rings: alice" in after


def test_explain_reads_a_phone_code_as_people_write_it(run: Run, plan: Plan) -> None:
    folder = plan(PLAN + 'codes: {forward: "*55"}\n')
    result = run("explain", folder, "--by", "alice", "--to", "*55 07400 123456")

    assert "internal: *55 is the code for forward" in result.output


def test_explain_tells_an_internal_call_to_its_end(run: Run, plan: Plan) -> None:
    told = json.loads(run("explain", plan(PLAN), "--by", "alice", "--to", "020 7946 0100", "--json").output)

    assert told["to"] == "department"
    assert told["then"][0]["steps"] == ["ring alice", "voicemail"]


@pytest.fixture
def decided(run: Run, plan: Plan, tmp_path: Path) -> str:
    """A call of Sales in the store with the plan it was decided by. Its id."""
    folder = plan(PLAN)
    digest = json.loads(run("explain", folder, "--from", "1", "--to", "020 7946 0100", "--json").output)["dialplan"]
    call = record("c1", dialplan=digest, inputs=DecisionInputs(caller="07400 123457", called="020 7946 0100"))

    async def fill(store: Store) -> None:
        await store.save_calls([call])
        await store.save_dialplan(digest, {"acme.yaml": PLAN}, MONDAY)

    in_store(tmp_path, fill)
    return "c1"


def test_explain_tells_a_recorded_call_under_a_plan(run: Run, plan: Plan, decided: str) -> None:
    other = plan(PLAN.replace("from: withheld", "from: +44 7400*"))

    result = run("explain", other, "--call", decided)

    assert result.exit_code == 0, result.output
    assert "  1. reject as busy" in result.output


def test_explain_tells_a_recorded_call_under_the_plan_it_was_decided_by(run: Run, plan: Plan, decided: str) -> None:
    plan(PLAN.replace("from: withheld", "from: +44 7400*"))  # the plan has changed since

    result = run("explain", "--call", decided, "--then")

    assert result.exit_code == 0, result.output
    assert "  1. ring Alice Ng" in result.output
    assert json.loads(run("explain", "--call", decided, "--then", "--json").output)["steps"][0] == "ring alice"


def test_explain_says_that_no_such_call_is_recorded(run: Run, plan: Plan, decided: str) -> None:
    result = run("explain", plan(PLAN), "--call", "c9")

    assert (result.exit_code, result.output.partition(";")[0]) == (1, "no call 'c9' is recorded")


def test_diff_tells_which_recorded_calls_change(run: Run, tmp_path: Path, plan: Plan, decided: str) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(PLAN.replace("from: withheld", "from: +44 7400*"))
    result = run("diff", plan(PLAN), str(new))

    assert result.exit_code == 1, result.output
    assert result.output.startswith("1 of 1 calls change:\n1 are refused  (acme.yaml:10: departments.sales -> ")
    as_json = json.loads(run("diff", plan(PLAN), str(new), "--json").output)
    assert (as_json["changed"], as_json["groups"][0]["examples"][0]["id"]) == (1, "c1")


def test_diff_says_that_nothing_changes(run: Run, plan: Plan, decided: str) -> None:
    folder = plan(PLAN)

    result = run("diff", folder, folder)

    assert (result.exit_code, result.output) == (0, "0 of 1 calls change\n")


def test_diff_reads_calls_of_the_period_only_from_a_file_too(
    run: Run, plan: Plan, decided: str, tmp_path: Path
) -> None:
    lines = tmp_path / "calls.jsonl"
    lines.write_text(run("calls", "--json").output)
    folder = plan(PLAN)

    assert run("diff", folder, folder, "--calls", str(lines)).output == "0 of 1 calls change\n"
    assert run("diff", folder, folder, "--calls", str(lines), "--until", "2026-11-01").output.startswith("0 of 0")
    assert run("diff", folder, folder, "--since", "2026-11-30").output.startswith("0 of 0")
    lines.write_text("not a call\n")
    assert run("diff", folder, folder, "--calls", str(lines)).exit_code == 2


def test_diff_of_a_plan_with_faults_ends_with_2(run: Run, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text("company: Acme\n")

    assert run("diff", plan(PLAN), str(tmp_path / "new.yaml")).exit_code == 2


WRONG_USE = {
    "no such folder": ("check", "/nowhere"),
    "neither from nor by": ("explain", "PLAN", "--to", "600"),
    "from and by": ("explain", "PLAN", "--to", "600", "--from", "1", "--by", "alice"),
    "withhold an inbound call": ("explain", "PLAN", "--to", "600", "--from", "1", "--withhold"),
    "no such person": ("explain", "PLAN", "--to", "600", "--by", "alise"),
    "no such department": ("explain", "PLAN", "--to", "600", "--by", "alice", "--department", "sails"),
    "no moment": ("explain", "PLAN", "--to", "600", "--by", "alice", "--at", "tomorrow"),
    "nothing that can be dialled": ("explain", "PLAN", "--to", "six hundred", "--by", "alice"),
    "from no number": ("explain", "PLAN", "--to", "600", "--from", "anybody"),
    "no day": ("calls", "--since", "yesterday"),
    "no such country": ("calls", "--country", "England"),
    "no such type of number": ("calls", "--type", "mobil"),
    "charges of no such country": ("charges", "--country", "XX"),
    "explained without a plan": ("explain", "--from", "1", "--to", "600"),
    "a recorded call that is described too": ("explain", "PLAN", "--call", "c1", "--to", "600"),
    "a plan of then and one of now": ("explain", "PLAN", "--call", "c1", "--then"),
    "then without a call": ("explain", "--from", "1", "--to", "600", "--then"),
    "a trunk for an outgoing call": ("explain", "PLAN", "--by", "alice", "--to", "600", "--trunk", "voipco"),
    "no such trunk": ("explain", "PLAN", "--from", "1", "--to", "600", "--trunk", "voipcoo"),
    "nobody to pause": ("explain", "PLAN", "--from", "1", "--to", "600", "--paused", "alise"),
    "nothing to switch": ("explain", "PLAN", "--from", "1", "--to", "600", "--switched", "sails=open"),
    "no such position": ("explain", "PLAN", "--from", "1", "--to", "600", "--switched", "sales=ajar"),
    "nothing to compare with": ("diff", "PLAN", "/nowhere"),
    "no such command": ("chekc", "PLAN"),
    "settings that are not there": ("calls", "--settings", "/nowhere.toml"),
}


@pytest.mark.parametrize("arguments", WRONG_USE.values(), ids=WRONG_USE)
def test_wrong_usage_ends_with_2(run: Run, plan: Plan, arguments: tuple[str, ...]) -> None:
    folder = plan(PLAN)

    assert run(*(folder if each == "PLAN" else each for each in arguments)).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [("test",), ("explain", "--from", "1", "--to", "2"), ("fallback",)], ids=lambda given: given[0]
)
def test_a_plan_with_faults_ends_every_command_with_1(run: Run, plan: Plan, arguments: tuple[str, ...]) -> None:
    command, *rest = arguments
    result = run(command, plan("company: Acme\n"), *rest)

    assert result.exit_code == 1
    assert "fault" in result.output


def test_schema_is_json_for_editors(run: Run) -> None:
    assert "departments" in json.loads(run("schema").output)["properties"]


def test_fallback_prints_or_writes_the_same_dialplan(run: Run, plan: Plan, tmp_path: Path) -> None:
    folder, file = plan(PLAN), tmp_path / "fallback.conf"
    printed = run("fallback", folder)
    written = run("fallback", folder, "-o", str(file))

    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert "PJSIP/alice" in printed.output
    assert file.read_text() == printed.output


def test_fallback_says_when_it_cannot_write(run: Run, plan: Plan) -> None:
    result = run("fallback", plan(PLAN), "-o", "/nowhere/fallback.conf")

    assert (result.exit_code, result.output) == (
        1,
        "/nowhere/fallback.conf: cannot be written: No such file or directory\n",
    )


# ---- a running installation


def in_store(tmp_path: Path, fill: Callable[[Store], object]) -> None:
    async def filled() -> None:
        store = await open_store(f"sqlite:///{tmp_path}/state/callrouter.db", tmp_path / "state/messages")
        try:
            await fill(store)  # type: ignore[misc]
        finally:
            await store.close()

    asyncio.run(filled())


@pytest.fixture
def recorded(tmp_path: Path) -> None:
    """A call of Sales, answered, and one of Support by somebody with a name made to deceive."""
    support = record("c2", department="support", caller_name="[red]Eve[/]\x1b[31m\n2026", ending=None)
    in_store(tmp_path, lambda store: store.save_calls([record("c1"), support]))


def test_calls_are_listed_with_what_became_of_them(run: Run, recorded: None) -> None:
    result = run("calls")

    assert result.exit_code == 0
    _, *rows = result.output.splitlines()
    assert len(rows) == 2
    assert any("sales" in row and "answered" in row for row in rows)
    assert any("support" in row and "going on" in row for row in rows)


@pytest.mark.parametrize(("by", "who"), [(Party.CALLER, "caller"), (Party.CALLEE, "callee"), (Party.US, "we")])
@pytest.mark.parametrize(("talked_s", "is_marked"), [(2.0, True), (2.1, False)])
def test_a_call_over_within_two_seconds_says_so_and_who_hung_up(
    run: Run, tmp_path: Path, by: Party, who: str, talked_s: float, is_marked: bool
) -> None:
    ended_at = MONDAY + timedelta(seconds=talked_s)
    short = record("c1", answered_at=MONDAY, ended_at=ended_at, ending=endings.answered(by))
    in_store(tmp_path, lambda store: store.save_calls([short]))

    assert (f"answered, over within 2 s: {who} hung up" in run("calls").output) is is_marked


def test_a_call_that_was_recorded_says_so(run: Run, tmp_path: Path) -> None:
    in_store(tmp_path, lambda store: store.save_calls([record("c1", recordings=("callrouter-talk.sales.1.c1.1",))]))

    _, row = run("calls").output.splitlines()
    assert "answered, recorded" in row


def test_a_callers_name_cannot_draw_on_the_terminal(run: Run, recorded: None) -> None:
    result = run("calls", "--department", "support")

    assert "\x1b" not in result.output
    assert "[red]Eve[/]" in result.output


def test_calls_of_a_department_that_there_is_not_names_those_that_there_are(run: Run, recorded: None) -> None:
    result = run("calls", "--department", "suport")

    assert result.exit_code == 0
    assert result.output == (
        'no call is recorded of a department called "suport"; did you mean "support"? known: sales, support\n'
    )
    assert "no call is recorded" not in run("calls", "--department", "support", "--since", "2036-01-01").output


def test_calls_of_one_department_as_json_one_a_line(run: Run, recorded: None) -> None:
    result = run("calls", "--department", "support", "--json")

    assert [json.loads(line)["id"] for line in result.output.splitlines()] == ["c2"]


def test_calls_since_a_day(run: Run, recorded: None) -> None:
    day_after = f"{MONDAY.year}-{MONDAY.month:02}-{MONDAY.day + 2:02}"

    assert run("calls", "--since", day_after, "--json").output == ""


def test_calls_of_a_country_and_of_a_type_of_number(run: Run, tmp_path: Path) -> None:
    mobile = record("c1", caller_country="GB", caller_type="mobile")
    abroad = record("c2", caller_country="FR", caller_type="fixed")
    in_store(tmp_path, lambda store: store.save_calls([mobile, abroad]))

    def listed(*asked: str) -> list[str]:
        return [json.loads(line)["id"] for line in run("calls", "--json", *asked).output.splitlines()]

    assert listed("--country", "fr") == ["c2"]
    assert listed("--type", "mobile") == ["c1"]
    assert listed("--type", "mobile", "--country", "FR") == []


def test_voicemails_tell_whether_their_mail_went_out(run: Run, tmp_path: Path) -> None:
    in_store(tmp_path, lambda store: store.keep(speech(62), facts("vm-1")))

    listed, as_json = run("voicemails"), run("voicemails", "--json")

    assert "waiting" in listed.output
    assert "1:02" in listed.output
    assert json.loads(as_json.output)["delivery"]["state"] == "waiting"


def test_migrate_makes_the_tables(run: Run, tmp_path: Path) -> None:
    result = run("migrate")

    assert (result.exit_code, result.output) == (0, "the store is of this version\n")
    assert (tmp_path / "state/callrouter.db").exists()


def test_a_store_that_refuses_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    result = run("calls")

    assert result.exit_code == 1
    assert "state" in result.output


def test_settings_with_faults_end_with_1_and_all_of_them(run: Run, plan: Plan) -> None:
    result = run("serve", plan(PLAN), CALLROUTER_ARI_LANE="both", CALLROUTER_HTTP_LISTEN="x")

    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in result.output.splitlines()] == [
        "ari.password",
        "CALLROUTER_ARI_LANE",
        "smtp.host",
        "smtp.sender",
        "CALLROUTER_HTTP_LISTEN",
    ]


async def asked_to_call(
    run: Run, tmp_path: Path, *arguments: str, command: str = "call", ending: Ending | None = None
) -> tuple[Result, list[tuple[str, str, str | None]]]:
    """`callrouter call` against a router that knows alice only, and whose calls end at once, as `ending`."""
    placed: list[tuple[str, str, str | None]] = []

    def place(by: str, to: str, department: str | None) -> CallId:
        if by != "alice":
            raise ValueError(f'nobody is called "{by}"')
        placed.append((by, to, department))
        return CallId("c9")

    async def past(_: CallId) -> CallRecord | None:
        return replace(record(0), person="alice", called_number="+442071838750", legs=(), ending=ending)

    token = token_in(tmp_path / "state" / "token")
    desk = CallDesk(hang_up=lambda call_id, _: call_id == "c9", live=lambda *_: None, past=past)
    app = console_app(dict, Metrics([]), [dialling_route(Door(token), place), *desk.routes(Door(token))])
    async with listening(app, "127.0.0.1", 0) as port:
        environ = {"CALLROUTER_HTTP_LISTEN": f"127.0.0.1:{port}"}
        return await asyncio.to_thread(run, command, *arguments, **environ), placed


async def test_call_has_the_router_ring_a_person_first(run: Run, tmp_path: Path) -> None:
    result, placed = await asked_to_call(run, tmp_path, "--by", "alice", "--to", "020 7183 8750")

    assert (result.exit_code, result.output) == (0, "rings alice, then 020 7183 8750; call c9\n")
    assert placed == [("alice", "020 7183 8750", None)]


@pytest.mark.parametrize(
    ("ending", "code", "told"),
    [
        (endings.answered(Party.CALLEE), 0, "outcome answered, by callee, cause 16, talked_s "),
        (endings.unanswered((LegResult.BUSY,)), 1, "outcome busy, by us, cause 17, talked_s "),
        (None, 1, "placed: by alice, called +442071838750"),
    ],
    ids=["they talked", "busy", "cut off"],
)
async def test_call_tells_how_it_gets_on_until_it_is_over(
    run: Run, tmp_path: Path, ending: Ending | None, code: int, told: str
) -> None:
    result, _ = await asked_to_call(
        run, tmp_path, "--by", "alice", "--to", "020 7183 8750", "--follow", ending=ending
    )

    assert result.exit_code == code
    assert told in result.output.splitlines()[-1]


async def test_hang_up_ends_a_call(run: Run, tmp_path: Path) -> None:
    result, _ = await asked_to_call(run, tmp_path, "c9", command="hang-up")
    assert (result.exit_code, result.output) == (0, "call c9 is ended\n")

    result, _ = await asked_to_call(run, tmp_path, "../c9", command="hang-up")
    assert (result.exit_code, result.output) == (1, "no such call is going on\n")


async def test_call_tells_why_the_router_refused(run: Run, tmp_path: Path) -> None:
    result, _ = await asked_to_call(run, tmp_path, "--by", "eve", "--to", "1")

    assert (result.exit_code, result.output) == (1, 'nobody is called "eve"\n')


def test_call_says_that_no_router_runs(run: Run, tmp_path: Path) -> None:
    token_in(tmp_path / "state" / "token")
    result = run("call", "--by", "alice", "--to", "1", CALLROUTER_HTTP_LISTEN="127.0.0.1:1")

    assert result.exit_code == 1
    assert result.output.startswith("no answer from the router at 127.0.0.1:1: ")


def test_call_without_the_token_names_the_file(run: Run, tmp_path: Path) -> None:
    result = run("call", "--by", "alice", "--to", "1")

    assert result.exit_code == 1
    assert str(tmp_path / "state" / "token") in result.output


# ---- what the running router is asked


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A running service's doors; what it logs would stand among what a command prints."""
    with capture_logs():
        async with Desk(token=token_in(tmp_path / "state" / "token")).open() as desk:
            yield desk


async def told(run: Run, desk: Desk, *arguments: str) -> Result:
    return await asyncio.to_thread(run, *arguments, CALLROUTER_HTTP_LISTEN=f"127.0.0.1:{desk.port}")


async def test_a_department_is_closed_and_opened_by_command(run: Run, desk: Desk) -> None:
    result = await told(run, desk, "switch", "sales", "closed", "--until", "18:00")
    assert result.exit_code == 0, result.output
    assert "department:sales" in result.output and "closed" in result.output
    switch = desk.state.situation.switches["department:sales"]
    assert switch.set_by.endswith(" by command")
    assert switch.until == TUESDAY.replace(hour=18)
    assert " 2026-11-24 18:00 UTC" in result.output, "by the company's clock"
    assert "department:support" in (await told(run, desk, "switches")).output

    as_json = json.loads((await told(run, desk, "switch", "sales", "follow", "--json")).output)
    assert as_json["department:sales"]["switch"] is None


async def test_trunks_are_listed_with_their_channels_and_why_calls_pass_one_over(run: Run, desk: Desk) -> None:
    opened = Breaker(failures=3, opened_at=TUESDAY)
    desk.state.trunks["voipco"] = TrunkState(channels=7, breaker=opened, is_online=True)

    rows = (await told(run, desk, "trunks")).output.splitlines()
    assert "voipco" in rows[1] and " 7 " in rows[1] and "online" in rows[1]
    assert "voipco fails: open for another 30 s" in rows[1]
    assert "backup" in rows[2] and "closed" in rows[2] and "not known" in rows[2]
    as_json = json.loads((await told(run, desk, "trunks", "--json")).output)
    assert (as_json["voipco"]["channels"], as_json["backup"]["not_taken"]) == (7, "")


async def test_people_are_listed_and_set_by_command(run: Run, desk: Desk) -> None:
    assert "paused: lunch" in (await told(run, desk, "pause", "alice", "--reason", "lunch")).output
    await told(run, desk, "log-out", "bob", "sales")
    await told(run, desk, "forward", "carol", "202", "--when", "busy")
    listed = (await told(run, desk, "people")).output.splitlines()
    assert "paused: lunch" in listed[1]
    assert "support" in listed[2] and "sales" not in listed[2]
    assert "busy: 202" in listed[3]

    await told(run, desk, "resume", "alice")
    await told(run, desk, "log-in", "bob")
    await told(run, desk, "forward", "carol", "off", "--when", "busy")
    assert desk.state.situation.standings == {}


async def test_a_pin_that_was_guessed_at_is_unlocked_by_command(run: Run, desk: Desk) -> None:
    alice = replace(desk.plan.people["alice"], pin=Pin(env="PIN_OF_ALICE"))
    desk.plan = replace(desk.plan, people={**desk.plan.people, "alice": alice})
    desk.state.keep_pin("alice", PinStanding(wrong=6))

    assert (await told(run, desk, "unlock", "alice")).exit_code == 0
    assert desk.state.pins == {}


async def test_a_command_says_what_is_known_when_it_is_refused(run: Run, desk: Desk) -> None:
    result = await told(run, desk, "pause", "alise")

    assert result.exit_code == 1
    assert 'did you mean "alice"?' in result.output


async def test_reload_says_what_is_in_force(run: Run, desk: Desk) -> None:
    result = await told(run, desk, "reload")

    assert (result.exit_code, result.output) == (0, "Acme Ltd: dial plan abc is in force, 3 tests passed\n")


async def test_reload_of_a_plan_with_faults_tells_them_all(run: Run, desk: Desk) -> None:
    faults = ["acme.yaml:3:1: one", "acme.yaml:9:1: two"]
    desk.refuses = Refused("the dial plan is refused; the old one stays", faults)
    result = await told(run, desk, "reload")

    assert result.exit_code == 1
    assert result.output.splitlines() == [*faults, "the dial plan is refused; the old one stays"]


async def test_explain_asks_the_running_router_by_its_people_and_switches(run: Run, desk: Desk) -> None:
    desk.state.stand("alice", Standing(is_paused=True, reason="lunch"), by="alice", what="alice paused")
    call = ("explain", "--running", "--from", "07400 123457", "--to", "020 7946 0100")

    assert "not alice: paused: lunch" in (await told(run, desk, *call)).output
    as_json = json.loads((await told(run, desk, *call, "--switched", "sales=closed", "--json")).output)
    assert as_json["is_open"] is False


def test_changes_are_listed_from_the_store(run: Run, tmp_path: Path) -> None:
    change = Change(at=MONDAY, by="alice by phone", what="sales closed", dialplan="0123456789abcdef")
    in_store(tmp_path, lambda store: store.save_state({}, [change]))

    listed = run("changes")
    assert "sales closed" in listed.output and "0123456789ab\n" in listed.output
    assert json.loads(run("changes", "--json").output)["by"] == "alice by phone"


# ---- itself


def test_help_names_the_exit_codes(run: Run) -> None:
    assert "0 good, 1 faults found" in " ".join(run("--help").output.split())


def test_help_does_not_wait_for_what_commands_need() -> None:
    heavy = "{'aiohttp', 'sqlalchemy', 'pydantic', 'rich', 'yaml', 'phonenumbers', 'structlog'}"
    code = f"import sys, router.cli; print(sorted({heavy} & set(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)

    assert output.stdout == "[]\n"


def test_the_package_runs_as_a_module() -> None:
    output = subprocess.run(
        [sys.executable, "-m", "router", "schema"], capture_output=True, text=True, check=True, timeout=30
    )

    assert json.loads(output.stdout)["title"] == "Dial plan"
