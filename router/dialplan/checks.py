"""What takes more than one entry to judge: names given twice, rules that are never reached.

Each check looks only at entries that are good by themselves and says nothing where a faulty one might be the cause.
"""

from collections.abc import Mapping

from router.dialplan import limit_checks, number_checks, schedule_checks
from router.dialplan.draft import SECTIONS, Draft
from router.dialplan.faults import Path
from router.dialplan.parts import Kind
from router.dialplan.values import MEMBERS, OWNER


def check(plan: Draft) -> None:
    """Notes every fault and warning that concerns more than one entry."""
    names(plan)
    number_checks.check(plan)
    schedule_checks.check(plan)
    limit_checks.check(plan)
    rules(plan)
    way_out(plan)


def names(plan: Draft) -> None:
    """A step or a rule names people, departments, menus and lists alike, so a name is one of them."""
    taken: dict[str, Kind] = {}
    for section in ("people", "departments", "menus", "contacts"):
        kind = SECTIONS[section]
        for name in plan.context.names.get(kind, ()):
            first = taken.setdefault(name, kind)
            if first is not kind:
                plan.fault((section, name), f"a {first.value} has this name too; it could mean either", at_key=True)
            if name == MEMBERS:
                plan.fault((section, name), '"members" means a department\'s own members', at_key=True)
            if name == OWNER:
                plan.fault((section, name), '"owner" means who looks after the caller', at_key=True)


def rules(plan: Draft) -> None:
    """Rules are read from the top, so one that fits everything ends the list; for trunks one must."""
    _everything(plan, ("inbound",), {at: rule.is_unconditional for at, rule in plan.inbound.items()})
    _everything(
        plan,
        ("outbound", "caller_id"),
        {at: rule.takes_all for at, rule in plan.caller_ids.items()},
    )
    _everything(plan, ("outbound", "deny"), {at: rule.is_unconditional for at, rule in plan.denied.items()})
    everything = {at: not rule.to for at, rule in plan.routes.items()}
    _everything(plan, ("outbound", "trunks"), everything)
    if everything and plan.is_sound("outbound") and not everything[max(everything)]:
        path = ("outbound", "trunks", max(everything), "to")
        plan.fault(path, "the last rule must fit every number: leave out its to:, or add a rule without one")


def _everything(plan: Draft, path: Path, everything: Mapping[int, bool]) -> None:
    first = next((at for at in sorted(everything) if everything[at]), None)
    if first is not None and first < max(everything):
        plan.fault(
            (*path, first + 1), f"is never reached: the rule before it ({path[-1]}[{first}]) fits every call"
        )


def way_out(plan: Draft) -> None:
    """A company that cannot call out is worth a warning."""
    if not plan.trunks and plan.is_sound("trunks"):
        plan.warn((), "there are no trunks: nobody can call out, not even an emergency number")
