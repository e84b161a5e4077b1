"""What phones are shown as the caller's name."""

from dataclasses import replace

import pytest

from router.model.caller import CallerId, Presentation, display_name
from router.model.contact import Contact
from router.rules.identity import caller_name, shown_name
from tests.rules.acme import MOBILE, acme
from tests.rules.conftest import extension, invalid

BOB = Contact(number=MOBILE, name="Bob")
PLAN = replace(acme(), contact_of={MOBILE.value: BOB, "12": replace(BOB, name="Twelve")})
STRANGERS = acme()
NAMELESS = replace(acme(), contact_of={MOBILE.value: replace(BOB, name="", ringtone="vip")})
MINE = CallerId(number=MOBILE, name="ROBERT")
PLAIN = CallerId(number=MOBILE)
HIDDEN = CallerId(number=None, presentation=Presentation.WITHHELD)
NOBODY = CallerId(number=None, presentation=Presentation.UNAVAILABLE)
ALICE = CallerId(number=extension("201"), name="Alice Ng")

SHOWN = {
    "as the trunk sent it": (MINE, STRANGERS, "", "", "ROBERT"),
    "contacts know better": (MINE, PLAN, "", "", "Bob"),
    "contacts before what was looked up": (MINE, PLAN, "", "Robert Iyer", "Bob"),
    "looked up before what the trunk sent": (MINE, STRANGERS, "", "Robert Iyer", "Robert Iyer"),
    "a contact without a name": (MINE, NAMELESS, "", "", "ROBERT"),
    "a contact without a name, looked up": (MINE, NAMELESS, "", "Robert Iyer", "Robert Iyer"),
    "nothing is known": (PLAIN, STRANGERS, "", "", ""),
    "with a label": (MINE, PLAN, "Sales", "", "Sales: Bob"),
    "a label, no name": (PLAIN, STRANGERS, "Sales", "", "Sales: +447400123457"),
    "a label, withheld": (HIDDEN, PLAN, "Sales", "", "Sales: withheld"),
    "a label, no number": (NOBODY, PLAN, "Sales", "", "Sales: unknown"),
    "withheld": (HIDDEN, PLAN, "", "", ""),
    "a colleague": (ALICE, PLAN, "Sales", "", "Sales: Alice Ng"),
    "garbage is nobody's number": (CallerId(number=invalid("12")), PLAN, "", "", ""),
}


@pytest.mark.parametrize(("caller", "plan", "label", "looked_up", "name"), SHOWN.values(), ids=SHOWN.keys())
def test_phones_are_shown(caller: CallerId, plan: object, label: str, looked_up: str, name: str) -> None:
    assert shown_name(caller, plan, label, looked_up) == name  # type: ignore[arg-type]


def test_the_record_has_the_name_without_the_label() -> None:
    assert caller_name(MINE, PLAN) == "Bob"


HARMLESS = {
    "plain": ("Sales: Zoë O'Neil 李", "Sales: Zoë O'Neil 李"),
    "quotes": ('Bob" <sip:900@evil.example>, "x', "Bob sip:900@evil.example x"),
    "a backslash": ("Bob\\", "Bob"),
    "parameters": ("Bob;tag=1", "Bobtag=1"),
    "another header": ("Bob\r\nX-Evil: 1", "BobX-Evil: 1"),
    "what turns the line round": ("\u202egro.live", "gro.live"),
    "NUL and half a letter": ("B\0o\ud800b", "Bob"),
    "endless": ("x" * 10_000, "x" * 60),
    "blanks": ("  Bob   Iyer  ", "Bob Iyer"),
    "nothing": ('"";', ""),
}


@pytest.mark.parametrize(("text", "name"), HARMLESS.values(), ids=HARMLESS.keys())
def test_a_name_cannot_leave_its_quotes(text: str, name: str) -> None:
    assert display_name(text) == name
