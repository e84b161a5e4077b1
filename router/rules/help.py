"""How a call for help leaves: by any trunk, before every rule, and so that who answers can call back."""

from router.model.decision import CallerIdDecision, CallTo, TrunkChoice
from router.model.department import ShownNumber, Trunk
from router.model.limits import Site
from router.model.number import PhoneNumber
from router.rules import trunks
from router.rules.layers import department_for
from router.rules.leaving import Leaving
from router.rules.written import in_format, own_number


def for_help(leaving: Leaving) -> CallerIdDecision:
    """Each trunk shows the emergency number or, where it may not, its own."""
    plan, called, site = leaving.plan, leaving.call.called, _site(leaving)
    if not plan.trunks:
        return leaving.refused(f"{called} is an emergency number, but there is no trunk")
    leaving.note("emergency", True, f"{called} is an emergency number")
    wanted = plan.emergency.caller_id
    if site is not None:
        leaving.note(site.where, True, f"the phone stands at {site.key}: {site.location}")
        wanted = site.caller_id
    country = site.country if site is not None else plan.country
    ways = trunks.for_help(plan, country, wanted, leaving.situation, leaving.at)
    shown = [wanted if wanted is not None and trunk.may_show(wanted) else own_number(trunk) for trunk in ways]
    return CallerIdDecision(
        to=CallTo.EMERGENCY,
        called=called,
        because=f"{called} is an emergency number: any trunk, before every rule",
        dialplan=plan.digest,
        department=department_for(leaving.call.by, plan),
        shown=ShownNumber(number=shown[0]),
        name=plan.company,
        rule="emergency",
        trunks=tuple(_choice(leaving, trunk, number) for trunk, number in zip(ways, shown, strict=True)),
        reached=("emergency",),
    )


def _site(leaving: Leaving) -> Site | None:
    person = leaving.plan.people.get(leaving.call.by or "")
    return leaving.plan.sites.get(leaving.call.site or (person.site if person is not None else None) or "")


def _choice(leaving: Leaving, trunk: Trunk, number: PhoneNumber) -> TrunkChoice:
    """Never withheld: who answers must be able to call back."""
    written = in_format(number, trunk)
    leaving.note(trunk.where, True, f"shows {written}")
    dial = trunk.dial.replace("{number}", leaving.call.called.value)
    return TrunkChoice(trunk=trunk.key, dial=dial, shown=written, asserted=written)
