"""`callrouter prove`: what it prints, what it writes, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from tests.dialplan.calendar_text import calendar

PLAN = """
company: Acme Ltd
country: GB
timezone: Europe/London
people:
  alice: {name: Alice Ng, phone: PJSIP/alice, extension: 201}
schedules:
  office:
    open: {Mon-Fri: "09:00-17:30"}
    holidays: GB-ENG
departments:
  sales:
    name: Sales
    numbers: 020 7946 0100
    members: alice
    hours: office
    open: [{ring: members, for: 20s}, voicemail]
    closed: [voicemail]
    voicemail: {to: sales@acme.example}
"""
SHADOWED = (
    PLAN
    + """
inbound:
  - {name: all of Britain, from: "+44*", do: [{reject: busy}]}
  - {name: nuisance, from: "+44 843*", do: [{reject: busy}]}
"""
)

Prove = Callable[..., Result]


@pytest.fixture
def prove(tmp_path: Path) -> Prove:
    """Proves a plan from 24 November 2026 on."""

    def run(text: str, *options: str) -> Result:
        (tmp_path / "acme.yaml").write_text(text, "utf-8")
        arguments = ["prove", str(tmp_path), "--from", "2026-11-24", *options]
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    return run


def test_a_good_plan_ends_with_0_and_tells_what_changes_next(prove: Prove) -> None:
    result = prove(PLAN)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "Acme Ltd, Tue 24 Nov 2026 to Wed 29 Dec 2027"
    assert lines[2:7] == [
        "what changes next (Europe/London)",
        "  +442079460100 (Sales)",
        "    Tue 24 Nov 2026 00:00  Sales closed: voicemail",
        "    Tue 24 Nov 2026 09:00  Sales open: ring alice, voicemail",
        "    Tue 24 Nov 2026 17:30  Sales closed: voicemail",
    ]
    assert lines[-1] == "0 faults, 0 warnings, 0 notes"


def test_what_cannot_be_meant_ends_with_1_and_is_told_with_its_place(prove: Prove) -> None:
    result = prove(SHADOWED)
    assert result.exit_code == 1
    assert "rules that never match\n  fault    acme.yaml:23: inbound[1]: never matches: " in result.output
    assert result.output.endswith("1 fault, 0 warnings, 0 notes\n")


def test_what_is_only_to_be_looked_at_ends_with_0(prove: Prove) -> None:
    result = prove(PLAN.replace("    holidays: GB-ENG\n", ""))
    assert result.exit_code == 0
    assert "public holidays\n  warning  acme.yaml:8: schedules.office: is open on Fri 25 Dec 2026" in result.output


def test_a_plan_with_faults_is_refused_as_ever(prove: Prove) -> None:
    result = prove(PLAN.replace("GB-ENG", "GB-EN"))
    assert result.exit_code == 1
    assert 'did you mean "GB-ENG"?' in result.output


@pytest.mark.parametrize("options", [("--days", "0"), ("--from", "soon"), ("--from", "9999-12-01"), ("--ics", "/")])
def test_wrong_usage_ends_with_2(prove: Prove, options: tuple[str, str]) -> None:
    assert prove(PLAN, *options).exit_code == 2


def test_fewer_days(prove: Prove) -> None:
    result = prove(PLAN, "--days", "2")
    assert "Tue 24 Nov 2026 to Thu 26 Nov 2026" in result.output
    assert "Wed 25 Nov 2026 17:30" in result.output
    assert "Thu 26 Nov 2026 09:00" not in result.output


def test_for_programs(prove: Prove) -> None:
    told = json.loads(prove(SHADOWED, "--json").stdout)
    assert (told["company"], told["begins_at"]) == ("Acme Ltd", "2026-11-24T00:00:00Z")
    assert [(each["level"], each["topic"]) for each in told["findings"]] == [("fault", "rules that never match")]
    (coming,) = told["coming"]
    assert coming["numbers"] == ["+442079460100"]
    assert coming["changes"][0] == {"at": "2026-11-24T09:00:00Z", "then": "Sales open: ring alice, voicemail"}


def test_opening_hours_as_a_calendar(prove: Prove, tmp_path: Path) -> None:
    file = tmp_path / "out" / "hours.ics"
    assert prove(PLAN, "--ics", str(file)).exit_code == 1, "the folder is not there"
    file.parent.mkdir()
    assert prove(PLAN, "--ics", str(file)).exit_code == 0
    text = file.read_bytes().decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "DTSTART:20261124T090000Z\r\nDTEND:20261124T173000Z\r\nSUMMARY:Sales open\r\n" in text


def test_a_calendar_beside_the_plan_is_worked_out_for_the_days_that_are_looked_at(
    prove: Prove, tmp_path: Path
) -> None:
    """Whenever the command is run, and however far ahead it looks."""
    (tmp_path / "closed.ics").write_bytes(calendar("SUMMARY:Outing\nDTSTART;VALUE=DATE:20310312"))
    text = PLAN.replace("holidays: GB-ENG", "calendar: closed.ics")
    result = prove(text, "--from", "2031-03-11", "--days", "3")
    assert "Tue 11 Mar 2031 17:30  Sales closed" in result.output
    assert "Wed 12 Mar 2031" not in result.output
    assert "Thu 13 Mar 2031 09:00  Sales open" in result.output


def test_a_calendar_that_cannot_be_read_is_missing_and_said_to_be(prove: Prove) -> None:
    text = PLAN.replace("holidays: GB-ENG", 'calendar: "http://127.0.0.1:1/private-1234.ics"')
    result = prove(text)
    assert result.exit_code == 0
    assert "Cannot connect to host 127.0.0.1:1" in result.output
    assert "its events are not in this proof" in result.output
    assert "1234" not in result.output
    assert "was not read (--offline)" in prove(text, "--offline").output
