"""The shipped plan and the reference of all keys are right."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from router.cli import main
from router.dialplan import routetests
from router.dialplan.load import load
from router.dialplan.parts import Part, keys
from router.dialplan.schema import schema
from router.dialplan.shape import Company
from router.model.plan import Order
from tests.dialplan.conftest import HEAD, SHIPPED, plan_of, write_prompt

README = (SHIPPED / "README.md").read_text("utf-8")
FRONT = (SHIPPED.parent / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", README + FRONT, re.M | re.S)
DECK, SUPPLIERS = re.findall(r"^```csv\n(.*?)^```", README, re.M | re.S)

# What an example leans on, an entry a file; left out where the example brings its own.
AROUND = {
    "trunks.voipco": '{dial: "PJSIP/{number}@voipco", caller_ids: [020 7946 0100 - 0199, +1 212 555 0100]}',
    "trunks.backup": '{dial: "PJSIP/{number}@backup", caller_ids: 020 7946 0100 - 0199}',
    "people.alice": "{name: Alice Ng, phone: PJSIP/alice}",
    "people.bob": "{name: Bob Iyer, phone: PJSIP/bob, mobile: 07400 123456}",
    "people.carol": "{name: Carol Diaz, phone: PJSIP/carol}",
    "people.dave": "{name: Dave Okoro, phone: PJSIP/dave}",
    "schedules.office": '{open: {Mon-Fri: "09:00-17:30"}}',
    "departments.sales": "{name: Sales, numbers: 020 7946 0100, extension: 600, members: [alice, bob], "
    "open: [{ring: members}, voicemail], voicemail: {to: sales@acme.example}}",
    "departments.support": "{name: Support, numbers: 020 7946 0101, caller_id: 020 7946 0101, members: carol, "
    "open: [{reject: busy}]}",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("\n")[0] for example in EXAMPLES])
def test_every_example_of_the_papers_works(example: str, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(example, "utf-8")
    if "\ncompany:" not in f"\n{example}":
        (tmp_path / "head.yaml").write_text(HEAD, "utf-8")
        for name, entry in AROUND.items():
            section, key = name.split(".")
            if not (f"\n  {key}:" in example and f"\n{section}:\n" in f"\n{example}"):
                (tmp_path / f"{name}.yaml").write_text(f"{section}:\n  {key}: {entry}\n", "utf-8")
    (tmp_path / "contacts").mkdir()
    (tmp_path / "contacts/suppliers.csv").write_text(SUPPLIERS, "utf-8")
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates/voipco.csv").write_text(DECK, "utf-8")
    named = ("welcome", "closed", "sales-greeting", "main-menu", "recorded", "call-back")
    for prompt in (*named, "you-have-a-call", "one-or-two", "we-call-back"):
        write_prompt(tmp_path / "sounds" / f"{prompt}.wav")

    plan = plan_of(load(tmp_path))

    assert routetests.run_tests(plan).failed == ()


SHOWN = re.findall(r"^    \$ callrouter ((?:check|explain) dialplans/[^|\n]+)\n((?:    [^$\n].*\n)+)", FRONT, re.M)


@pytest.mark.parametrize(("command", "told"), SHOWN, ids=[command.split()[0] for command, _ in SHOWN])
def test_what_the_front_page_shows_is_what_the_commands_say(
    command: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SHIPPED.parent)

    assert CliRunner().invoke(main, shlex.split(command)).output == re.sub(r"^    ", "", told, flags=re.M)


def test_the_front_page_shows_commands() -> None:
    assert {command.split()[0] for command, _ in SHOWN} == {"check", "explain"}


def test_the_reference_has_examples() -> None:
    assert len(EXAMPLES) >= 10


def every_part(part: type[Part]) -> set[type[Part]]:
    """A part and all that it is made of, by its schema."""
    inner = {each for each in Part.__subclasses__() for name in schema()["$defs"] if each.__name__ == name}
    return {part, *inner}


def test_every_key_is_in_the_reference() -> None:
    for part in every_part(Company):
        for key in keys(part) | part.later:
            assert f"`{key}`" in README or f".{key}`" in README, f"{part.__name__}.{key}"


COMPANIES = ("acme", "shop", "clinic", "world")


@pytest.mark.parametrize("company", COMPANIES)
def test_a_shipped_plan_is_good_and_each_of_its_rules_is_tested(company: str) -> None:
    loaded = load(SHIPPED / company)

    assert loaded.warnings == ()
    report = routetests.run_tests(plan_of(loaded))
    assert report.failed == ()
    assert report.unreached == ()


def test_the_world_s_plan_has_200_numbers_in_three_countries() -> None:
    plan = plan_of(load(SHIPPED / "world"))

    numbers = [
        n
        for places in (plan.people, plan.departments, plan.menus)
        for entry in places.values()
        for n in entry.numbers
    ]
    assert len(numbers) == 200
    assert {number.country for number in numbers} == {"GB", "US", "DE"}


def test_every_department_of_the_shipped_plan_takes_messages_day_and_night() -> None:
    plan = plan_of(load(SHIPPED / "acme"))

    assert all(department.mailbox for department in plan.departments.values())


def test_the_json_schema_is_whole_and_knows_what_is_refused() -> None:
    made = json.loads(json.dumps(schema()))

    text = json.dumps(made)
    for reference in re.findall(r'"#/\$defs/(\w+)"', text):
        assert reference in made["$defs"]
    assert '"null"' not in text
    assert set(made["properties"]) == keys(Company)
    assert made["additionalProperties"] is False
    assert all(part["additionalProperties"] is False for part in made["$defs"].values())
    assert made["$defs"]["RingStep"]["properties"]["order"]["enum"] == [each.value for each in Order]
    record, ring, key = (
        made["$defs"]["Department"]["properties"]["record"],
        made["$defs"]["RingStep"]["properties"]["ring"],
        made["$defs"]["Menu"]["properties"]["keys"]["additionalProperties"],
    )
    assert {"const": "always"} in record["anyOf"]
    assert {"$ref": "#/$defs/RingEntry"} in ring["anyOf"][0]["anyOf"]
    assert [each["type"] for each in key["oneOf"]] == [["string", "integer"], "array"]
    assert "required" not in made, "a file is one of several"
