"""A caller ID is a fault exactly where calls could take a route on which no trunk may show it."""

import pytest

from tests.dialplan.conftest import HEAD, LoadText

PLAN = """
trunks:
  london: {{dial: "PJSIP/{{number}}@london", caller_ids: 020 7946 0100 - 0199}}
  newyork: {{dial: "PJSIP/{{number}}@newyork", caller_ids: "+1 212 555 0100"}}
people:
  alice: {{name: Alice Ng, phone: PJSIP/alice{alice}}}
departments:
  sales: {{name: Sales, numbers: 020 7946 0100{sales}, open: [{{reject: busy}}]}}
outbound:
  caller_id: [{rules}]
  trunks: [{routes}]
"""
ALICE, SALES, RULE = "people.alice.caller_id", "departments.sales.caller_id", "outbound.caller_id[{}].show"
LONDON, NEWYORK = "020 7946 0100", "+1 212 555 0100"

CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "a department on its own trunk": (dict(sales=LONDON, routes="{use: london}"), []),
    "a department on another's trunk": (dict(sales=LONDON, routes="{use: newyork}"), [SALES]),
    "one trunk of the route may": (dict(sales=LONDON, routes="{use: [newyork, london]}"), []),
    "withheld is shown by every trunk": (dict(sales="withheld", routes="{use: newyork}"), []),
    "one of two routes may not": (dict(sales=LONDON, routes="{to: US, use: newyork}, {use: london}"), [SALES]),
    "a person": (dict(alice=NEWYORK, routes="{use: london}"), [ALICE]),
    "a rule speaks first on that route": (
        dict(sales=LONDON, rules=f"{{to: US, show: {NEWYORK}}}", routes="{to: US, use: newyork}, {use: london}"),
        [],
    ),
    "a wider rule speaks first on that route": (
        dict(sales=LONDON, rules="{to: '+1*', show: withheld}", routes="{to: US, use: newyork}, {use: london}"),
        [],
    ),
    "a rule speaks for a part of that route only": (
        dict(sales=LONDON, rules="{to: '+1212*', show: withheld}", routes="{to: US, use: newyork}, {use: london}"),
        [SALES],
    ),
    "one person's rule does not speak for the department": (
        dict(sales=LONDON, rules="{person: alice, show: withheld}", routes="{use: newyork}"),
        [SALES],
    ),
    "one person's rule speaks for that person": (
        dict(alice=LONDON, rules="{person: alice, show: withheld}", routes="{use: newyork}"),
        [],
    ),
    "a department's rule does not speak for a person": (
        dict(alice=LONDON, rules="{department: sales, show: withheld}", routes="{use: newyork}"),
        [ALICE],
    ),
    "a local number for another country than those that cannot be called": (
        dict(sales="020 7946 0900", rules="{to: US, show: local}", routes="{use: [newyork, london]}"),
        [SALES],
    ),
    "a local number for all of that route": (
        dict(sales=LONDON, rules="{to: US, show: local}", routes="{to: US, use: newyork}, {use: london}"),
        [],
    ),
    "local numbers wherever there is one, and calls where there is none": (
        dict(sales="020 7946 0900", rules="{show: local}", routes="{to: US, use: newyork}, {use: london}"),
        [SALES],
    ),
    "local numbers wherever there is one, and calls there only": (
        dict(sales=LONDON, rules="{show: local}", routes="{to: US, use: newyork}, {use: london}"),
        [],
    ),
    "a rule where no call of it goes": (
        dict(rules=f"{{to: DE, show: {LONDON}}}", routes="{to: US, use: newyork}, {use: london}"),
        [],
    ),
    "a rule whose calls take an earlier route": (
        dict(rules=f"{{to: US, show: {NEWYORK}}}", routes="{to: US, use: newyork}, {use: london}"),
        [],
    ),
    "a rule some of whose calls take a later route": (
        dict(rules=f"{{to: '+1*', show: {NEWYORK}}}", routes="{to: US, use: newyork}, {use: london}"),
        [RULE.format(0)],
    ),
    "a rule behind one that takes all its calls": (
        dict(rules=f"{{to: US, show: withheld}}, {{to: US, show: {NEWYORK}}}", routes="{use: london}"),
        [],
    ),
    "a rule behind another department's": (
        dict(
            rules=f"{{department: sales, to: US, show: withheld}}, {{to: US, show: {NEWYORK}}}",
            routes="{use: london}",
        ),
        [RULE.format(1)],
    ),
    "a route that an earlier one takes all calls from": (
        dict(sales=LONDON, routes="{to: '+1*', use: london}, {to: US, use: newyork}, {use: london}"),
        [],
    ),
}


@pytest.mark.parametrize(("written", "paths"), CASES.values(), ids=CASES.keys())
def test_a_caller_id_needs_a_trunk_on_every_route_its_calls_can_take(
    load_text: LoadText, written: dict[str, str], paths: list[str]
) -> None:
    parts = {key: f", caller_id: {written[key]}" if key in written else "" for key in ("alice", "sales")}
    text = PLAN.format(rules=written.get("rules", ""), routes=written["routes"], **parts)

    loaded = load_text(HEAD + text.lstrip())

    assert [fault.path for fault in loaded.faults] == paths
