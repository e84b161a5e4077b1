"""The self-test of emergency calls: decided as a call for help from a site, but to the site's test number."""

from dataclasses import replace
from datetime import datetime

from router.model.call import CallId, OutboundCall
from router.model.decision import CallerIdDecision
from router.model.department import DialPlan
from router.model.limits import Site
from router.model.number import NumberKind, PhoneNumber
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.rules.caller_id import choose_caller_id

RULE = "emergency.test"


def call_from(call_id: CallId, site: Site, at: datetime) -> OutboundCall:
    number = site.test_number
    called = PhoneNumber(kind=NumberKind.EMERGENCY, value=number, raw=number, country=site.country)
    return OutboundCall(id=call_id, by=None, called=called, placed_at=at, site=site.key)


def self_test(
    call: OutboundCall,
    plan: DialPlan,
    at: datetime,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
    *,
    traced: bool = False,
) -> CallerIdDecision:
    """call: as `call_from` makes it."""
    decision = choose_caller_id(call, plan, at, situation, traced=traced)
    because = f"{call.called} is the test number of the site {call.site}"
    return replace(decision, because=decision.refused or because, rule=RULE)
