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


def self_test(
    call_id: CallId, site: Site, plan: DialPlan, at: datetime, situation: Situation = NOTHING_KNOWN_AT_ALL
) -> CallerIdDecision:
    """Raises ValueError for a site without a test number."""
    number = site.test_number
    if not number:
        raise ValueError(f"the site {site.key} has no test_number: its country has none, or the plan does not say")
    called = PhoneNumber(kind=NumberKind.EMERGENCY, value=number, raw=number, country=site.country)
    call = OutboundCall(id=call_id, by=None, called=called, placed_at=at, site=site.key)
    decision = choose_caller_id(call, plan, at, situation)
    return replace(decision, because=decision.refused or f"{number} is the test number of the site {site.key}")
