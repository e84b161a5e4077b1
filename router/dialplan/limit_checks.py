"""Denied numbers, limits and sites over the whole plan: each says something, and help comes to every site."""

from router.dialplan.caller_ids import may_show
from router.dialplan.draft import Draft


def check(plan: Draft) -> None:
    denied(plan)
    limits(plan)
    sites(plan)


def denied(plan: Draft) -> None:
    """Nobody can be denied help or a colleague, so a rule for these alone means something else."""
    emergency = plan.emergency.numbers if plan.emergency else ()
    for at, rule in plan.denied.items():
        if rule.to and all(pattern.value in emergency for pattern in rule.to):
            plan.fault(("outbound", "deny", at, "to"), "emergency numbers cannot be denied")
        elif rule.is_internal:
            plan.fault(("outbound", "deny", at, "to"), "extensions cannot be denied; only calls by a trunk are")


def limits(plan: Draft) -> None:
    """Whom to tell of a limit that is reached is asked for where there is one."""
    of_people = any(person.limits for person in plan.people.values())
    is_limited = plan.limits or of_people or any(entry.limits for entry in plan.departments.values())
    if plan.alerts and not is_limited and plan.is_sound("limits", "people", "departments"):
        plan.fault(("alerts",), "there are no limits to tell of; add limits: or leave it out")


def sites(plan: Draft) -> None:
    """A site's number calls back the phones there: it belongs to that country, and a trunk may show it."""
    for name, site in plan.sites.items():
        number, country = site.caller_id, site.country or plan.context.country
        if number.country is not None and country and number.country != country:
            plan.fault(("sites", name, "caller_id"), f"{number} is no number of {country}, where the site is")
        elif plan.is_sound("trunks") and not any(may_show(trunk, number) for trunk in plan.trunks.values()):
            known = ", ".join(plan.trunks) or "none"
            plan.fault(("sites", name, "caller_id"), f"{number} may be shown on no trunk; known: {known}")
