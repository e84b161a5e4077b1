"""What may be called and where the phones stand, as written -> the model's."""

from collections.abc import Mapping

from router.dialplan.draft import Draft
from router.dialplan.emergency import Site
from router.dialplan.limits import DenyRule, Limits, Unusual
from router.dialplan.numbers import emergency_numbers
from router.dialplan.rates import currency_of
from router.dialplan.scalars import Amount
from router.model import limits as model
from router.model.department import Emergency
from router.model.number import listed
from router.model.rate import Money


def emergency(draft: Draft, country: str, sites: Mapping[str, model.Site]) -> Emergency:
    """draft: without faults."""
    entry = draft.emergency
    return Emergency(
        numbers=_emergency_numbers(country, sites).union(entry.numbers if entry else ()),
        caller_id=entry.caller_id if entry else None,
        alert=tuple(entry.alert) if entry else (),
    )


def _emergency_numbers(country: str, sites: Mapping[str, model.Site]) -> frozenset[str]:
    """Of the company's country and of every site's: a visitor dials what is known at home."""
    return emergency_numbers(country).union(*(emergency_numbers(site.country) for site in sites.values()))


def site(draft: Draft, country: str, name: str, entry: Site) -> model.Site:
    return model.Site(
        key=name,
        caller_id=entry.caller_id,
        location=entry.location,
        country=entry.country or country,
        where=draft.source.where(("sites", name)),
        test_number=entry.test_number or "",
    )


def limits(entry: Limits | None, country: str) -> model.Limits:
    """Minutes become seconds, and money the company's where it does not say whose."""
    if entry is None:
        return model.NO_LIMITS
    foreign, premium = entry.foreign_minutes_a_day, entry.premium_minutes_a_day
    return model.Limits(
        concurrent=entry.concurrent,
        per_minute=entry.per_minute,
        longest_s=entry.longest,
        foreign_s=None if foreign is None else foreign * 60.0,
        premium_s=None if premium is None else premium * 60.0,
        spend=_money(entry.spend_a_day, country),
        unusual=_unusual(entry.unusual),
        prompt=entry.play,
    )


def _money(entry: Amount | None, country: str) -> Money | None:
    if entry is None:
        return None
    return Money(amount=entry.value, currency=entry.currency or currency_of(country) or "")


def _unusual(entry: Unusual | None) -> model.Unusual | None:
    if entry is None:
        return None
    return model.Unusual(outside=tuple(entry.outside), calls=entry.calls, called=tuple(entry.to))


def deny_rule(draft: Draft, at: int, rule: DenyRule) -> model.DenyRule:
    return model.DenyRule(
        path=draft.source.where(("outbound", "deny", at)),
        name=rule.name or f"{listed(rule.to) or 'every number'} {'needs a PIN' if rule.pin else 'is denied'}",
        called=tuple(rule.to),
        departments=tuple(rule.departments),
        people=tuple(rule.people),
        except_departments=tuple(rule.except_departments),
        except_people=tuple(rule.except_people),
        during=tuple(rule.during),
        outside=tuple(rule.outside),
        pin=rule.pin,
        prompt=rule.play,
    )
