"""Numbers at the door: emergency first, then extensions, then public numbers by the company's country."""

from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.numbers import (
    clean_name,
    country_at,
    emergency_numbers,
    is_valid,
    public_number,
    read_caller,
    read_number,
)
from router.model.caller import CallerId, Presentation
from router.model.department import DialPlan, Parking
from router.model.number import NumberKind, NumberType, PhoneNumber
from tests.dialplan.conftest import HEAD, LoadText, plan_of
from tests.rules.conftest import extension as inner
from tests.rules.conftest import trunk

E164, EXTENSION, EMERGENCY, INVALID = (
    NumberKind.E164,
    NumberKind.EXTENSION,
    NumberKind.EMERGENCY,
    NumberKind.INVALID,
)


@pytest.fixture
def plan(load_text: LoadText) -> DialPlan:
    text = """
    people: {alice: {name: Alice Ng, phone: PJSIP/alice, extension: 201}}
    departments:
      sales: {name: Sales, numbers: [020 7946 0100, "+1 212 555 0100"], extension: 600, open: [{reject: busy}]}
    emergency: {numbers: 101}
    """
    return plan_of(load_text(HEAD + text.replace("\n    ", "\n")))


CALLED = {
    "E.164": ("+442079460100", E164, "+442079460100"),
    "E.164 without plus": ("442079460100", E164, "+442079460100"),
    "E.164 behind 00": ("00442079460100", E164, "+442079460100"),
    "national": ("02079460100", E164, "+442079460100"),
    "national, as people write": ("(020) 7946-0100", E164, "+442079460100"),
    "our number of another country without plus": ("12125550100", E164, "+12125550100"),
    "another country": ("+49 30 901820", E164, "+4930901820"),
    "another country behind 00": ("004930901820", E164, "+4930901820"),
    "a vanity number": ("0800 FLOWERS", E164, "+448003569377"),
    "a vanity number with a hyphen": ("0800-FLOWERS", E164, "+448003569377"),
    "another country's vanity number": ("+1-800-FLOWERS", E164, "+18003569377"),
    "a range newer than the metadata": ("07700 900123", E164, "+447700900123"),
    "emergency": ("999", EMERGENCY, "999"),
    "emergency, Europe": ("112", EMERGENCY, "112"),
    "emergency by the plan": ("101", EMERGENCY, "101"),
    "emergency with a space": ("9 99", EMERGENCY, "999"),
    "a person's extension": ("201", EXTENSION, "201"),
    "a department's extension": ("600", EXTENSION, "600"),
    "another country's emergency number": ("911", INVALID, "911"),
    "nobody's extension": ("202", INVALID, "202"),
    "emergency and more": ("9991", INVALID, "9991"),
    "a code and emergency": ("*67999", INVALID, "*67999"),
    "a feature code and a number": ("*6702079460100", INVALID, "*6702079460100"),
    "without its area code": ("7946 0100", INVALID, "79460100"),
    "too long": ("0207946010099", INVALID, "0207946010099"),
    "not ours, without plus": ("12125550101", INVALID, "12125550101"),
    "with an extension": ("020 7946 0100 x12", INVALID, "0207946010012"),
    "a word before the number": ("Fax 020 7946 0100", INVALID, "02079460100"),
    "O for the first 0": ("O20 7946 0100", INVALID, "2079460100"),
    "O for another 0": ("020 7946 O100", INVALID, "0207946100"),
    "l for 1": ("020 7946 010l", INVALID, "0207946010"),
    "an accent": ("020 7946 010é", INVALID, "0207946010"),
    "a URI": ("sip:0207946@evil.example", INVALID, "0207946"),
    "a telephone URI": ("tel:+442079460100;phone-context=x", INVALID, "+442079460100"),
    "a word": ("alice", INVALID, ""),
    "a dialplan variable": ("${EXTEN}", INVALID, ""),
    "an injection": ("0207946\r\nX: 1&PJSIP/1", INVALID, "020794611"),
    "nothing": ("", INVALID, ""),
    "a plus": ("+", INVALID, "+"),
    "endless": ("0" * 10_000, INVALID, "0" * 40),
}


@pytest.mark.parametrize(("text", "kind", "value"), CALLED.values(), ids=CALLED.keys())
def test_a_called_number_is_read(plan: DialPlan, text: str, kind: NumberKind, value: str) -> None:
    number = read_number(text, plan)

    assert number == PhoneNumber(kind=kind, value=value)
    assert number.raw == text[:80]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("020 7946 0100", "GB"),
        ("+1 212 555 0100", "US"),
        ("+1 416 555 0100", "CA"),
        ("+800 1234 5678", "001"),
        ("+44 7700 900123", "GB"),
    ],
)
def test_a_public_number_knows_its_country(text: str, country: str) -> None:
    number = public_number(text, "GB")

    assert number is not None
    assert number.country == country


USES = {
    "a mobile": ("07400 123456", NumberType.MOBILE),
    "a fixed line": ("020 7946 0100", NumberType.FIXED),
    "North America's, which may be either": ("+1 212 555 0100", NumberType.FIXED_OR_MOBILE),
    "toll-free": ("0800-FLOWERS", NumberType.TOLL_FREE),
    "toll-free, of no country": ("+800 1234 5678", NumberType.TOLL_FREE),
    "premium-rate": ("+49 900 1234567", NumberType.PREMIUM_RATE),
    "premium-rate, with digits behind it": ("+49 900 1234567 890", NumberType.PREMIUM_RATE),
    "shared-cost": ("+49 180 5123456", NumberType.SHARED_COST),
    "VoIP": ("056 1234 5678", NumberType.VOIP),
    "personal": ("070 1234 5678", NumberType.PERSONAL),
    "a pager": ("07640 123456", NumberType.OTHER),
    "a range that is not given out": ("07700 900123", None),
}


@pytest.mark.parametrize(("text", "use"), USES.values(), ids=USES.keys())
def test_a_public_number_knows_what_it_is_used_for(text: str, use: NumberType | None) -> None:
    number = public_number(text, "GB")

    assert number is not None
    assert number.type is use


FORMS = (
    "+442079460100",
    "+44 (20) 7946-0100",
    "00442079460100",
    "0044 20 7946 0100",
    "02079460100",
    "020/7946 0100",
)


@pytest.mark.parametrize("form", FORMS)
def test_every_written_form_of_a_number_meets(plan: DialPlan, form: str) -> None:
    number = read_number(form, plan)

    assert plan.department_of[number.value] == "sales"
    assert number == public_number("+442079460100", "GB")
    assert number.raw == form


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.booleans(), st.text(" -.()", max_size=3))
def test_a_number_is_the_same_number_in_each_of_its_forms(country: str, abroad: bool, filler: str) -> None:
    """As the country's own people write it, and as one dials it from there with the country's code."""
    example = phonenumbers.example_number(country)
    if example is None:
        return
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    form = e164[:3] + filler + e164[3:] if abroad else national

    read, plainly = public_number(form, country), public_number(e164, "GB")

    assert read is not None
    assert (read, read.country, read.type) == (plainly, plainly and plainly.country, plainly and plainly.type)
    assert read.value == e164


def test_a_number_is_read_for_the_country_of_the_trunk_it_came_by(plan: DialPlan) -> None:
    """A German carrier writes 030 901820, and calls from its country by their national form too."""
    trunks = {
        "telko": replace(trunk("telko", "+4930901820"), country="DE"),
        "voipco": trunk("voipco", "+442079460100"),
    }
    plan = replace(plan, trunks=trunks)

    assert read_number("030901820", plan, "telko").value == "+4930901820"
    assert read_number("02079460100", plan, "voipco").value == "+442079460100"
    assert [country_at(plan, key) for key in ("telko", "voipco", None, "gone")] == ["DE", "GB", "GB", "GB"]


def test_menus_and_parking_places_have_extensions_too(plan: DialPlan) -> None:
    parking = Parking(extension=inner("700"), slots=tuple(inner(str(slot)) for slot in range(701, 704)), for_s=60.0)
    plan = replace(plan, menu_of={"650": "main", "+12125550199": "main"}, parking=parking)

    assert [read_number(text, plan).kind for text in ("650", "700", "703")] == [EXTENSION] * 3
    assert read_number("704", plan).kind is INVALID
    assert read_number("12125550199", plan).value == "+12125550199", "a carrier that leaves out the plus"


def test_a_number_may_be_possible_without_being_valid() -> None:
    fiction, real = public_number("07700 900123", "GB"), public_number("07400 123456", "GB")

    assert fiction is not None
    assert real is not None
    assert not is_valid(fiction)
    assert is_valid(real)


SHOWN = {
    "a national number": ("02079460100", "", "+442079460100", Presentation.ALLOWED),
    "E.164 without plus from abroad": ("12125550100", "", "+12125550100", Presentation.ALLOWED),
    "with what its carrier says of it": (
        "+12125550100;verstat=TN-Validation-Passed",
        "",
        "+12125550100",
        Presentation.ALLOWED,
    ),
    "a short number": ("12345", "", "12345", Presentation.ALLOWED),
    "no number": ("", "", None, Presentation.UNAVAILABLE),
    "unknown": ("Unknown", "", None, Presentation.UNAVAILABLE),
    "nothing that can be called": ("bob", "", None, Presentation.UNAVAILABLE),
    "anonymous": ("Anonymous", "", None, Presentation.WITHHELD),
    "restricted": ("restricted", "", None, Presentation.WITHHELD),
}


@pytest.mark.parametrize(("number", "name", "value", "presentation"), SHOWN.values(), ids=SHOWN.keys())
def test_a_callers_number_is_read(number: str, name: str, value: str | None, presentation: Presentation) -> None:
    caller = read_caller(number, name, False, "GB")

    assert (caller.number.value if caller.number else None) == value
    assert caller.presentation is presentation


def test_nothing_of_a_withheld_caller_is_kept() -> None:
    caller = read_caller("+442079460100", "Bob", True, "GB")

    assert caller == CallerId(number=None, name="", presentation=Presentation.WITHHELD)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Bob Iyer", "Bob Iyer"),
        ("  Bob \t\r\n Iyer ", "Bob Iyer"),
        ("Bob\r\nBcc: all@acme.example", "Bob Bcc: all@acme.example"),
        ("Bob\x00\x1b[2J", "Bob[2J"),
        ("\u202egro.live", "gro.live"),
        ("\ue000Bob\ud800", "Bob"),
        ("Zoë Ångström 李", "Zoë Ångström 李"),
        ("x" * 10_000, "x" * 80),
    ],
)
def test_a_callers_name_is_one_harmless_line(name: str, clean: str) -> None:
    assert read_caller("02079460100", name, False, "GB").name == clean == clean_name(name)


@pytest.mark.parametrize(
    ("country", "some"),
    [("GB", {"999", "112"}), ("US", {"911"}), ("AU", {"000"}), ("SE", {"112", "90000"}), ("TA", set())],
)
def test_a_country_has_its_own_emergency_numbers(country: str, some: set[str]) -> None:
    assert some <= emergency_numbers(country)
