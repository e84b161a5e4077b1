"""The company under load: 1,000 numbers, 200 departments, 400 people, as a dial plan and as Asterisk's endpoints.

Each department has five numbers and two people who ring in turn: at 100 calls a second its next call may come
before the last one ended, and then reaches the second person.
"""

import json
from pathlib import Path

from tests.support.asterisk import ROOT

NUMBERS = 1_000  # +44 20 7946 0000 to 0999: all of Ofcom's range for drama
DEPARTMENTS = 200
PEOPLE = 2 * DEPARTMENTS
RULES = 20


def number(index: int) -> str:
    """The number with this index, in E.164; it belongs to department `index % DEPARTMENTS`."""
    return f"+442079460{index % NUMBERS:03d}"


def desk(index: int) -> str:
    """The endpoint of the person with this index; they sit in department `index // 2`."""
    return f"desk{index % PEOPLE:03d}"


def caller(index: int) -> str:
    """A caller's number, another one for each call of a run."""
    return f"+4474{index:08d}"


def write_plan(folder: Path) -> Path:
    """The dial plan as a folder of files, as an administrator would keep it."""
    folder.mkdir(parents=True)
    company = {
        "company": "Acme Ltd",
        "country": "GB",
        "timezone": "Europe/London",
        "trunks": {
            "carrier": {
                "dial": "PJSIP/{number}@carrier",
                "numbers": "+e164",
                "caller_ids": ["020 7946 0000 - 0999"],
            }
        },
        "schedules": {"always": {"open": {"Mon-Sun": "00:00-24:00"}, "except": {"2026-12-25": "closed"}}},
        "inbound": [
            {"name": f"nuisance callers {rule}", "from": [f"+44 843 {rule:03d}*"], "do": [{"reject": "busy"}]}
            for rule in range(RULES)
        ],
        "outbound": {
            "caller_id": [
                {"department": _key(rule), "to": "US", "show": number(DEPARTMENTS + rule)} for rule in range(RULES)
            ],
            "trunks": [{"use": ["carrier"]}],
        },
        "emergency": {"numbers": [999, 112], "caller_id": number(0)},
    }
    people = {
        desk(index): {"name": f"Person {index}", "phone": f"PJSIP/{desk(index)}", "extension": 2000 + index}
        for index in range(PEOPLE)
    }
    for name, part in (
        ("company", company),
        ("people", {"people": people}),
        ("departments", {"departments": {_key(index): _department(index) for index in range(DEPARTMENTS)}}),
    ):
        # JSON is YAML; a line for each entry, as people write it.
        (folder / f"{name}.yaml").write_text(json.dumps(part, indent=1))
    return folder


def _key(index: int) -> str:
    return f"department{index:03d}"


def _department(index: int) -> object:
    return {
        "name": f"Department {index}",
        "numbers": [number(each) for each in range(index, NUMBERS, DEPARTMENTS)],
        "extension": 6000 + index,
        "caller_id": number(index),
        "members": [desk(2 * index), desk(2 * index + 1)],
        "hours": "always",
        "open": [{"ring": "members", "order": "in-turn", "each": "10s", "for": "20s"}, "voicemail"],
        "closed": ["voicemail"],
        "voicemail": {"to": [f"department{index:03d}@acme.example"]},
    }


def write_configuration(folder: Path, *, carrier: str, native: str, phones: str) -> Path:
    """`asterisk-conf/` as it is shipped, with this company's endpoints and the way past the router added.

    carrier, native: ADDRESS:PORT from which calls come to the router, or to Dial(). phones: where all desks answer.
    """
    folder.mkdir(parents=True)
    for file in (ROOT / "asterisk-conf").glob("*.conf"):
        (folder / file.name).write_text(file.read_text())
    with (folder / "pjsip.conf").open("a") as pjsip:
        pjsip.write(_trunk("carrier", carrier, "callrouter-inbound") + _trunk("native", native, "native"))
        for index in range(PEOPLE):
            name = desk(index)
            pjsip.write(f"[{name}](phone)\naors={name}\n[{name}]\ntype=aor\ncontact=sip:{name}@{phones}\n")
    with (folder / "extensions.conf").open("a") as extensions:
        extensions.write("\n[native]\nexten => _desk.,1,Dial(PJSIP/${EXTEN},20,i)\n same => n,Hangup()\n")
    return folder


def _trunk(name: str, address: str, context: str) -> str:
    return (
        f"\n[{name}](trunk)\naors={name}\ncontext={context}\n"
        f"[{name}]\ntype=aor\ncontact=sip:{address}\n"
        f"[{name}]\ntype=identify\nendpoint={name}\nmatch={address}\n"
    )
