"""Denied numbers, limits and sites over the whole plan: each says something, and help comes to every site."""

from collections.abc import Iterator, Sequence

from router.dialplan.caller_ids import may_show
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.limits import Limits
from router.dialplan.parts import UNKNOWN_COUNTRY
from router.dialplan.rates import currency_by, currency_of

_OF_ALL = ("concurrent", "per_minute", "foreign_minutes_a_day", "premium_minutes_a_day")


def check(plan: Draft) -> None:
    denied(plan)
    limits(plan)
    money(plan)
    sites(plan)


def denied(plan: Draft) -> None:
    """Nobody can be denied help or a colleague, so a rule for these alone means something else."""
    emergency = plan.emergency.numbers if plan.emergency else ()
    for at, rule in plan.denied.items():
        if rule.to and all(pattern.value in emergency for pattern in rule.to):
            plan.fault(("outbound", "deny", at, "to"), "emergency numbers cannot be denied")
        elif rule.is_internal:
            plan.fault(("outbound", "deny", at, "to"), "extensions cannot be denied; only calls by a trunk are")
        if rule.pin and plan.is_sound("people") and not any(person.pin for person in plan.people.values()):
            what = "nobody has a PIN, so that nobody could type it; give people theirs with pin:"
            plan.fault(("outbound", "deny", at, "pin"), what)


def limits(plan: Draft) -> None:
    """Whom to tell of a limit that is reached is asked for where there is one."""
    is_limited = any(_limits(plan))
    if plan.limits is not None and plan.limits.company is not None:
        beyond(plan, plan.limits.company)
    if plan.alerts and not is_limited and plan.is_sound("limits", "people", "departments"):
        plan.fault(("alerts",), "there are no limits to tell of; add limits: or leave it out")


def beyond(plan: Draft, company: Limits) -> None:
    """What one may use alone and all together may not is never reached."""
    for path, limits in _limits(plan):
        for key in _OF_ALL:
            own, together = getattr(limits, key), getattr(company, key)
            if own is not None and together is not None and own > together:
                plan.warn((*path, key), f"is never reached: limits.company.{key} is less, {together}")
        own, together = limits.spend_a_day, company.spend_a_day
        if own is not None and together is not None and own.value > together.value:
            plan.warn(
                (*path, "spend_a_day"), f"is never reached: limits.company.spend_a_day is less, {together.value}"
            )


def _limits(plan: Draft) -> Iterator[tuple[Path, Limits]]:
    if plan.limits is not None:
        yield ("limits",), plan.limits
        if plan.limits.company is not None:
            yield ("limits", "company"), plan.limits.company
    for name, person in plan.people.items():
        if person.limits is not None:
            yield ("people", name, "limits"), person.limits
    for name, entry in plan.departments.items():
        if entry.limits is not None:
            yield ("departments", name, "limits"), entry.limits


def money(plan: Draft) -> None:
    """What is spent can be counted: of every route by the rates of some trunk, all in the limit's currency."""
    country = plan.context.country
    if country == UNKNOWN_COUNTRY or not plan.is_sound("trunks", "outbound"):
        return
    routes: dict[Path, list[str]] = {("outbound", "trunks", at): route.use for at, route in plan.routes.items()}
    routes = routes or {("trunks",): list(plan.trunks)}
    for path, limit in _limits(plan):
        if limit.spend_a_day is None:
            continue
        at: Path = (*path, "spend_a_day")
        currency = limit.spend_a_day.currency or currency_of(country)
        if currency is None:
            plan.fault(at, f"in which currency? none is known for {country}; write it, such as 50 EUR")
            continue
        for place, use in routes.items():
            _counts(plan, at, currency, plan.source.where(place), use)


def _counts(plan: Draft, at: Path, currency: str, where: str, use: Sequence[str]) -> None:
    of_trunk = {name: currency_by(plan, plan.trunks[name]) for name in use if plan.trunks[name].rates is not None}
    if not of_trunk:
        what = f"calls by {where} could not be counted: no rates for {', '.join(use) or 'any trunk'}"
        plan.fault(at, what)
    for name, other in of_trunk.items():
        if other is not None and other != currency:
            plan.fault(at, f"is in {currency}, but the rates of the trunk {name} are in {other}")


def sites(plan: Draft) -> None:
    """A site's number calls back the phones there: it belongs to that country, and a trunk may show it."""
    for name, site in plan.sites.items():
        number, country = site.caller_id, site.country or plan.context.country
        if number.country is not None and country and number.country != country:
            plan.fault(("sites", name, "caller_id"), f"{number} is no number of {country}, where the site is")
        elif plan.is_sound("trunks") and not any(may_show(trunk, number) for trunk in plan.trunks.values()):
            known = ", ".join(plan.trunks) or "none"
            plan.fault(("sites", name, "caller_id"), f"{number} may be shown on no trunk; known: {known}")
        elif plan.is_sound("trunks") and country not in {
            trunk.country or plan.context.country for trunk in plan.trunks.values()
        }:
            plan.warn(
                ("sites", name), f"no trunk has country: {country}; who calls for help there may get it elsewhere"
            )
