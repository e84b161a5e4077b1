"""ACME, the company of most tests, and calls to and from it.

Sales (alice, bob) keeps office hours, Support (carol, bob) never closes; voipco and backup are their trunks.
"""

from collections.abc import Iterable
from dataclasses import replace

from router.model.call import CallId, InboundCall, OutboundCall
from router.model.caller import CallerId, Presentation
from router.model.decision import CallerIdDecision
from router.model.department import (
    CallerIdRule,
    Department,
    DialPlan,
    InboundRule,
    NumberFormat,
    Person,
    Trunk,
    TrunkRule,
)
from router.model.number import PhoneNumber
from router.rules.caller_id import choose_caller_id
from tests.rules.conftest import (
    OPEN,
    PLAY,
    VOICEMAIL,
    department,
    dial_plan,
    person,
    public,
    ring,
    shows,
    trunk,
)

PEOPLE = (person("alice", "201"), person("bob", "202"), person("carol", "203"))
SALES = department(
    "sales",
    "+442079460100",
    ext="600",
    hours="office",
    members=("alice", "bob"),
    open=(PLAY, ring("alice", "bob"), VOICEMAIL),
    closed=(VOICEMAIL,),
    caller_id=shows("+442079460100"),
)
SUPPORT = department(
    "support",
    "+442079460101",
    ext="601",
    members=("carol", "bob"),
    open=(ring("carol", "bob"), VOICEMAIL),
    caller_id=shows("+442079460101"),
)
SALES_SILENT = [replace(SALES, caller_id=None), SUPPORT]  # nobody names a number
VOIPCO = trunk("voipco", "+442079460100 - +442079460199", "+12125550100")
BACKUP = trunk("backup", "+442079460100 - +442079460199", numbers=NumberFormat.NATIONAL)


def acme(
    *,
    inbound: Iterable[InboundRule] = (),
    caller_ids: Iterable[CallerIdRule] = (),
    people: Iterable[Person] = PEOPLE,
    departments: Iterable[Department] = (SALES, SUPPORT),
    trunks: Iterable[Trunk] = (VOIPCO, BACKUP),
    routes: Iterable[TrunkRule] | None = None,
    emergency_caller_id: str | None = "+442079460100",
) -> DialPlan:
    """ACME, with the parts a test is about replaced."""
    return dial_plan(
        trunks=trunks,
        people=people,
        departments=departments,
        inbound=inbound,
        caller_ids=caller_ids,
        routes=routes,
        emergency_caller_id=emergency_caller_id,
    )


MOBILE = public("+447400123457")


def arriving(
    called: PhoneNumber | str = "+442079460100",
    caller: PhoneNumber | str | None = MOBILE,
    *,
    withheld: bool = False,
    internal: bool = False,
) -> InboundCall:
    """A call to `called`, from outside unless it is internal. caller: None when the trunk sent no number."""
    identity = CallerId(
        number=None if withheld else public(caller) if isinstance(caller, str) else caller,
        presentation=Presentation.WITHHELD
        if withheld
        else Presentation.ALLOWED
        if caller
        else Presentation.UNAVAILABLE,
    )
    return InboundCall(
        id=CallId("c1"),
        caller=identity,
        called=public(called) if isinstance(called, str) else called,
        arrived_at=OPEN,
        internal=internal,
    )


def leaving(
    called: PhoneNumber | str = "+33140205050",
    by: str | None = "alice",
    *,
    department: str | None = None,
    withhold: bool = False,
) -> OutboundCall:
    """A call that `by` places, None for a phone that is nobody's."""
    return OutboundCall(
        id=CallId("c1"),
        by=by,
        called=public(called) if isinstance(called, str) else called,
        placed_at=OPEN,
        department=department,
        withhold=withhold,
    )


def placed(call: OutboundCall, plan: DialPlan) -> CallerIdDecision:
    """The decision with its trace; the live path, which collects none, must decide the same."""
    traced = choose_caller_id(call, plan, OPEN, traced=True)
    live = choose_caller_id(call, plan, OPEN)
    assert live.trace == ()
    assert live == replace(traced, trace=())
    return traced


def shown(decision: CallerIdDecision) -> str | None:
    """The number the called party sees, "withheld", or None when nothing was decided."""
    if decision.shown is None:
        return None
    return decision.shown.number.value if decision.shown.number else "withheld"


def trunks(decision: CallerIdDecision) -> list[str]:
    return [choice.trunk for choice in decision.trunks]


def trace(decision: CallerIdDecision) -> list[tuple[str, bool, str]]:
    return [(entry.path, entry.matched, entry.because) for entry in decision.trace]
