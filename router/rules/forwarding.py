"""What the called party of a forwarded call is shown: the caller's number, ours with the caller's name, or ours."""

from router.model.call import OutboundCall
from router.model.department import DialPlan, Forwarded, Trunk
from router.model.number import NumberKind


def forwarded_as(
    call: OutboundCall, plan: DialPlan, department: str | None, trunk: Trunk, *, is_hidden: bool
) -> Forwarded | None:
    """None for a call that is not forwarded. is_hidden: ours is withheld, and so is not told as who diverts.

    A caller who hides the number, or whose number did not come, has none that could be shown.
    """
    if call.caller is None:
        return None
    of_department = plan.departments.get(department or "")
    wanted = of_department.forwarded if of_department else Forwarded.OWN_WITH_NAME
    number = call.caller.number
    is_known = number is not None and number.kind is NumberKind.E164
    if wanted is Forwarded.CALLER_WITH_DIVERSION and (is_hidden or not is_known):
        wanted = Forwarded.OWN_WITH_NAME
    return wanted if wanted in trunk.forwarded else Forwarded.OWN
