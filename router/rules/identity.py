"""What the phones that ring are shown as the caller's name."""

from router.model.caller import CallerId
from router.model.contact import Contact
from router.model.department import DialPlan
from router.model.number import NumberKind, PhoneNumber


def contact_of(number: PhoneNumber | None, plan: DialPlan) -> Contact | None:
    """Who a number belongs to, as the plan's contacts know it."""
    if number is None or number.kind is not NumberKind.E164:
        return None
    return plan.contact_of.get(number.value)


def caller_name(caller: CallerId, plan: DialPlan, looked_up: str = "") -> str:
    """The caller's name: the contacts' before one that was looked up before the one the trunk sent; "" for none."""
    contact = contact_of(caller.number, plan)
    return (contact.name if contact else "") or looked_up or caller.name


def shown_name(caller: CallerId, plan: DialPlan, label: str = "", looked_up: str = "") -> str:
    """What stands where a phone shows a name, such as "Sales: Bob"; "" for nothing.

    label: of the department or number that was called. Without a name the number stands behind it, or why there is
    none: many phones show one line only.
    """
    name = caller_name(caller, plan, looked_up)
    return f"{label}: {name or caller.shown}" if label else name
