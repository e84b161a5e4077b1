"""What ringing phones show: the contacts' name, the department's label, its ring; and names that come late."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from router.model.contact import Contact
from router.model.department import DialPlan
from router.model.ending import Outcome
from tests.calls.house import SALES_NUMBER, Placed, only, place
from tests.rules.acme import MOBILE, SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, ring
from tests.support.fake_asterisk import OUTBOUND
from tests.support.phones import Caller, answers, never_answers, unregistered

RING = ring("alice", for_s=20.0)
CALLER = Caller(number=MOBILE.value, name="ROBERT", talks_for_s=5.0)
BOB = Contact(number=MOBILE, name="Bob Iyer", ringtone="vip")
ALERT = "Alert-Info"


def plan(*contacts: Contact, **sales: Any) -> DialPlan:
    return replace(only(RING, VOICEMAIL, **sales), contact_of={each.number.value: each for each in contacts})


def rung(plan: DialPlan, caller: Caller = CALLER, **more: Any) -> Placed:
    return place(plan=plan, caller=caller, phones={"alice": answers()}, **more)


def shown(call: Placed, who: str = "alice") -> list[tuple[str, str]]:
    return [(each.name, each.number) for each in call.leg(who).shown]


def test_the_contacts_name_is_shown_in_place_of_the_trunks_and_kept_in_the_record() -> None:
    call = rung(plan(BOB))

    assert shown(call) == [("Bob Iyer", MOBILE.value)]
    assert call.record.caller_name == "Bob Iyer"
    assert call.record.inputs.name == "ROBERT", "decided again, the call is to find what came"


def test_the_departments_label_stands_before_the_name() -> None:
    call = rung(plan(label="Sales"))

    assert shown(call) == [("Sales: ROBERT", MOBILE.value)]
    assert call.record.caller_name == "ROBERT"


def test_a_number_may_have_a_label_of_its_own() -> None:
    call = rung(plan(label="Sales", labels={SALES_NUMBER: "Sales UK"}), replace(CALLER, name=""))

    assert shown(call) == [(f"Sales UK: {MOBILE.value}", MOBILE.value)]


@pytest.mark.parametrize(
    ("contacts", "sales", "ring_as"),
    [((BOB,), {}, "vip"), ((BOB,), {"ringtone": "sales"}, "vip"), ((), {"ringtone": "sales"}, "sales")],
    ids=["the contact's", "the contact's before the department's", "the department's"],
)
def test_phones_ring_as_the_caller_or_the_department_wants(
    contacts: tuple[Contact, ...], sales: dict[str, str], ring_as: str
) -> None:
    call = rung(plan(*contacts, **sales))

    assert call.leg("alice").headers[ALERT] == f"<http://127.0.0.1>;info={ring_as}"


def test_phones_ring_as_ever_when_nothing_is_wanted() -> None:
    assert ALERT not in rung(plan()).leg("alice").headers


def test_a_withheld_caller_stays_withheld_behind_a_label() -> None:
    hidden = replace(CALLER, withheld=True)

    labelled, plain = rung(plan(BOB, label="Sales"), hidden), rung(plan(BOB), hidden)

    assert shown(labelled) == [("Sales: withheld", "anonymous")]
    assert [each.presentation for each in plain.leg("alice").shown] == ["prohib_not_screened"]
    for call in (labelled, plain):
        assert MOBILE.value not in repr(call.leg("alice").shown)
        assert "Bob" not in repr(call.leg("alice").shown) and "ROBERT" not in repr(call.leg("alice").shown)
        assert ALERT not in call.leg("alice").headers, "nor does a ring give them away"


def test_a_caller_without_a_number_is_shown_as_one() -> None:
    nobody = replace(CALLER, number="", name="")

    assert shown(rung(plan(label="Sales"), nobody)) == [("Sales: unknown", "anonymous")]
    assert shown(rung(plan(), nobody)) == [("", "")]


def test_a_name_cannot_become_anything_else() -> None:
    evil = replace(CALLER, name='Bob" <sip:900@evil.example>;x, "')

    assert shown(rung(plan(label="Sales"), evil)) == [("Sales: Bob sip:900@evil.examplex", MOBILE.value)]


def test_a_colleague_is_shown_by_extension_with_the_label_of_whom_they_called() -> None:
    departments = (SALES, replace(SUPPORT, label="Support"))
    call = place(
        to="601",
        plan=acme(departments=departments),
        door=OUTBOUND,
        endpoint="alice",
        phones={"carol": answers(), "bob": unregistered()},
        caller=Caller(number="alice", talks_for_s=3.0),
    )

    assert shown(call, "carol") == [("Support: Alice", "201")]


# ---- names that are looked up


class Directory:
    """Another system: knows names, slowly."""

    def __init__(self, name: str = "Robert Iyer", after_s: float = 0.2) -> None:
        self.name = name
        self.after_s = after_s
        self.asked: list[str] = []

    async def name_of(self, number: str) -> str:
        self.asked.append(number)
        await asyncio.sleep(self.after_s)
        return self.name


def looked_up(directory: Directory, the_plan: DialPlan, caller: Caller = CALLER, **more: Any) -> Placed:
    return rung(the_plan, caller, name_of=directory.name_of, **more)


def test_a_name_that_is_looked_up_follows_to_the_phone_that_rings() -> None:
    call = looked_up(Directory(), plan(label="Sales"))

    assert shown(call) == [("Sales: ROBERT", MOBILE.value), ("Sales: Robert Iyer", MOBILE.value)]
    assert call.record.caller_name == "Robert Iyer"
    assert any(line.what == "looked up: Robert Iyer" for line in call.record.trace)


def test_looking_up_delays_nobody() -> None:
    quick, slow = looked_up(Directory(after_s=0.0), plan()), looked_up(Directory(after_s=2.0), plan())

    rang = [call.leg("alice").rang_at_s or 0.0 for call in (quick, slow)]
    began = [call.line.began_at_s for call in (quick, slow)]
    assert rang[0] - began[0] == pytest.approx(rang[1] - began[1], abs=0.05)


def test_a_name_that_comes_before_the_phone_rings_is_shown_once_it_does() -> None:
    """A phone takes a name only once it rings: what is set between INVITE and 180 is lost."""
    call = looked_up(Directory(after_s=0.02), plan(), latency_s=0.01)

    assert shown(call)[-1] == ("Robert Iyer", MOBILE.value)


def test_a_phone_that_is_rung_later_shows_the_name_at_once() -> None:
    departments = (replace(SALES, open=(ring("alice", for_s=5.0), ring("bob")), hours=None, closed=()),)
    call = place(
        plan=acme(departments=departments),
        caller=CALLER,
        phones={"alice": never_answers(), "bob": answers()},
        name_of=Directory().name_of,
    )

    assert shown(call, "bob") == [("Robert Iyer", MOBILE.value)]


def test_a_name_that_comes_during_the_talk_is_shown_then() -> None:
    call = looked_up(Directory(after_s=4.0), plan())

    assert shown(call)[-1] == ("Robert Iyer", MOBILE.value)
    assert call.outcome is Outcome.ANSWERED


def test_a_phone_that_shows_the_name_already_is_told_nothing() -> None:
    call = looked_up(Directory(name="ROBERT"), plan())

    assert shown(call) == [("ROBERT", MOBILE.value)]


def test_the_voicemail_has_the_name() -> None:
    call = place(
        plan=only(VOICEMAIL),
        caller=replace(CALLER, talks_for_s=None),
        name_of=Directory().name_of,
    )

    (message,) = call.house.kept.messages
    assert (call.outcome, message.caller_name) == (Outcome.VOICEMAIL, "Robert Iyer")


NEVER = {
    "who hides the number": (plan(), replace(CALLER, withheld=True)),
    "who has none": (plan(), replace(CALLER, number="")),
    "whose number is none": (plan(), replace(CALLER, number="12")),
    "whom the contacts know": (plan(BOB), CALLER),
}


@pytest.mark.parametrize(("the_plan", "caller"), NEVER.values(), ids=NEVER.keys())
def test_nobody_is_looked_up(the_plan: DialPlan, caller: Caller) -> None:
    directory = Directory()
    looked_up(directory, the_plan, caller)

    assert directory.asked == []


def test_a_contact_without_a_name_is_looked_up() -> None:
    directory = Directory()
    call = looked_up(directory, plan(replace(BOB, name="")))

    assert directory.asked == [MOBILE.value]
    assert call.record.caller_name == "Robert Iyer"


@pytest.mark.parametrize("after_s", [0.0, 0.2, 30.0])
def test_a_caller_who_hangs_up_meanwhile_leaves_nothing_behind(after_s: float) -> None:
    call = looked_up(Directory(after_s=after_s), plan(), replace(CALLER, hangs_up_after_s=0.2))

    assert call.outcome is Outcome.ABANDONED


def test_a_name_that_is_not_known_changes_nothing() -> None:
    call = looked_up(Directory(name=""), plan())

    assert shown(call) == [("ROBERT", MOBILE.value)]
    assert call.record.caller_name == "ROBERT"
