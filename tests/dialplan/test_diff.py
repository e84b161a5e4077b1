"""Which recorded calls another dial plan would treat otherwise, in which way, and by which rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from router.dialplan.diff import Diff, lines
from router.model.call import CallId, Direction
from router.model.department import DialPlan
from router.model.hours import Position
from router.model.limits import DenyRule
from router.model.pin import Pin
from router.model.record import CallRecord, DecisionInputs
from router.model.steps import VoicemailStep
from tests.rules.acme import BACKUP, PEOPLE, SALES, SUPPORT, VOIPCO, acme
from tests.rules.conftest import OPEN, caller_id_rule, hop, hours, inbound, person, reject, ring, trunk_rule

SALES_NUMBER = "020 7946 0100"
LONGER = replace(SALES, open=(SALES.open[0], ring("alice", "bob", for_s=40.0), *SALES.open[2:]))


def came(n: int = 0, called: str = SALES_NUMBER, caller: str = "07400 123457", **inputs: Any) -> CallRecord:
    """The n-th call from outside, some minutes after the one before."""
    return CallRecord(
        id=CallId(f"c{n}"),
        direction=Direction.INBOUND,
        channel="",
        caller_number=caller,
        caller_name="",
        called_number=called,
        called_raw=called,
        arrived_at=OPEN + timedelta(minutes=7 * n),
        inputs=DecisionInputs(caller=caller, called=called, **inputs),
    )


def went(called: str = "020 7183 8750", by: str = "alice") -> CallRecord:
    call = came(called=called, caller="201", by=by, is_internal=True)
    return replace(call, direction=Direction.OUTBOUND, person=by)


def compared(old: DialPlan, new: DialPlan, *calls: CallRecord) -> Diff:
    diff = Diff(old=old, new=new)
    for call in calls:
        diff.add(call)
    return diff


IN: dict[str, tuple[Callable[[], DialPlan], str]] = {
    "a rule refuses": (lambda: acme(inbound=[inbound("no", reject())]), "are refused"),
    "another department": (lambda: acme(inbound=[inbound("on", hop("support"))]), "reach support, not sales"),
    "nobody's": (lambda: acme(inbound=[inbound("on", ring("carol"))]), "reach no department, not sales"),
    "closed": (lambda: replace(acme(), schedules={"office": hours({})}), "find sales closed"),
    "other people": (
        lambda: acme(departments=(replace(SALES, open=(ring("bob"), VoicemailStep())), SUPPORT)),
        "take other steps",
    ),
    "for longer": (lambda: acme(departments=(LONGER, SUPPORT)), "are treated otherwise"),
}


@pytest.mark.parametrize(("new", "change"), IN.values(), ids=IN)
def test_what_is_different_for_a_caller_is_told(new: Callable[[], DialPlan], change: str) -> None:
    diff = compared(acme(), new(), came())

    assert [(group.change, group.calls) for group in diff.groups] == [(change, 1)]


def test_what_was_refused_may_be_let_through() -> None:
    diff = compared(acme(inbound=[inbound("no", reject())]), acme(), came())

    assert [group.change for group in diff.groups] == ["are no longer refused"]


OUT: dict[str, tuple[dict[str, Any], str]] = {
    "caller ID": ({"caller_ids": [caller_id_rule("us", "+442079460150")]}, "show another caller ID"),
    "hidden": ({"caller_ids": [caller_id_rule("hide", None)]}, "show another caller ID"),
    "trunks": ({"routes": [trunk_rule("all", "backup", "voipco")]}, "take other trunks"),
    "no trunk may show it": (
        {"caller_ids": [caller_id_rule("us", "+12125550100")], "trunks": (BACKUP,)},
        "are refused",
    ),
    "dialled in another way": (
        {"trunks": (replace(VOIPCO, dial="PJSIP/0{number}@voipco"), BACKUP)},
        "are dialled otherwise",
    ),
}


@pytest.mark.parametrize(("changes", "change"), OUT.values(), ids=OUT)
def test_what_is_different_for_an_outgoing_call_is_told(changes: dict[str, Any], change: str) -> None:
    diff = compared(acme(), acme(**changes), went())

    assert [(group.change, group.calls) for group in diff.groups] == [(change, 1)]


def test_a_call_that_is_to_ask_for_a_pin_is_told() -> None:
    rule = DenyRule(path="outbound.deny[0]", name="every number", pin=True)
    asking = acme(people=tuple(replace(each, pin=Pin(env="PIN")) for each in PEOPLE))
    asking = replace(asking, denied=(rule,))

    group = compared(acme(), asking, went()).groups[0]
    assert group.change == "ask for a PIN first"
    assert compared(asking, acme(), went()).groups[0].change == "no longer ask for a PIN"


def test_an_extension_that_is_gone_sends_a_colleague_elsewhere() -> None:
    without = acme(people=(person("alice", "201"), person("bob"), person("carol", "203")))

    assert [group.change for group in compared(acme(), without, went("202")).groups] == ["are refused"]


@pytest.mark.parametrize(
    "call",
    [came(), came(called="nonsense"), went(), went("203"), went("601"), went("999"), went("12", by="nobody")],
    ids=["in", "to no number", "out", "a colleague", "a department", "emergency", "refused"],
)
def test_a_plan_does_not_differ_from_itself(call: CallRecord) -> None:
    diff = compared(acme(), acme(), call)

    assert (diff.calls, diff.changed, diff.groups) == (1, 0, ())


def test_a_rule_that_moved_to_another_line_is_no_change() -> None:
    before = acme(inbound=[inbound("first", reject(), callers=["+44843*"]), inbound("on", hop("support"))])
    moved = replace(before.inbound[1], path="acme.yaml:99: inbound[0]")
    after = replace(before, inbound=(moved, before.inbound[0]))

    assert compared(before, after, came()).changed == 0


def test_calls_are_grouped_by_change_and_rules_with_three_examples_of_each() -> None:
    new = acme(inbound=[inbound("night", hop("support"), called=["+442079460100"])])
    calls = [came(n) for n in range(9300)] + [came(9300, called="020 7946 0101"), went()]

    diff = compared(acme(), new, *calls)

    assert (diff.calls, diff.changed) == (9302, 9300)
    (group,) = diff.groups
    assert (group.old_rule, group.new_rule) == ("departments.sales", "inbound.night")
    assert [example.id for example in group.examples] == ["c0", "c1", "c2"]
    first, grouped, when, old, new_words, *_ = lines(diff)
    assert first == "9,300 of 9,302 calls change:"
    assert grouped == "9,300 reach support, not sales  (departments.sales -> inbound.night)"
    assert when == "    Tue 24 Nov 2026 10:00 07400 123457 to 020 7946 0100 (c0)"
    assert old == "      old: sales (open): play, ring alice bob, voicemail"
    assert new_words == "      new: support (open): ring carol bob, voicemail"


def test_a_change_that_the_short_form_hides_is_told_in_full() -> None:
    *_, old, new = lines(compared(acme(), acme(departments=(LONGER, SUPPORT)), came()))

    assert "for 20 s" in old and "for 40 s" in new


def test_nothing_changes_in_one_line() -> None:
    assert list(lines(compared(acme(), acme(), came(), went()))) == ["0 of 2 calls change"]


def test_the_circumstances_of_a_call_are_those_it_came_in() -> None:
    """Sales was closed by hand, so that new opening hours would have changed nothing."""
    call = came(switches={"department:sales": Position.CLOSED})

    assert compared(acme(), replace(acme(), schedules={"office": hours({})}), call).changed == 0
