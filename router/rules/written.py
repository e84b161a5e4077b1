"""Numbers as a trunk's carrier writes them, and back: what leaves is read again before it does."""

from router.model.decision import TrunkChoice
from router.model.department import DialPlan, Forwarded, NumberFormat, Trunk
from router.model.number import NumberKind, PhoneNumber


def in_format(number: PhoneNumber, trunk: Trunk) -> str:
    """`number` as the trunk's carrier wants it written. What is no E.164 number stays as it is."""
    if number.kind is not NumberKind.E164:
        return number.value
    digits = number.value[1:]
    if trunk.numbers is NumberFormat.PLUS_E164:
        return number.value
    if trunk.numbers is NumberFormat.E164:
        return digits
    if trunk.numbers is NumberFormat.NATIONAL and trunk.country_code and digits.startswith(trunk.country_code):
        return trunk.national_prefix + digits[len(trunk.country_code) :]
    return "00" + digits


def read_back(text: str, trunk: Trunk) -> PhoneNumber:
    """The number that the trunk's carrier takes `text` for."""
    if trunk.numbers is NumberFormat.PLUS_E164:
        value = text
    elif trunk.numbers is NumberFormat.E164:
        value = f"+{text}"
    elif text.startswith("00"):
        value = f"+{text[2:]}"
    else:
        value = f"+{trunk.country_code}{text.removeprefix(trunk.national_prefix)}"
    return PhoneNumber(kind=NumberKind.E164, value=value, raw=text)


def own_number(trunk: Trunk) -> PhoneNumber:
    """The first number the carrier lets us show on the trunk: the last layer of a caller ID."""
    first = trunk.caller_ids[0]
    return PhoneNumber(kind=NumberKind.E164, value=first.value, raw=first.text)


def objection(choice: TrunkChoice, plan: DialPlan) -> str | None:
    """Why a call must not leave so, None when it may: the last look before the INVITE, at what is sent itself."""
    trunk = plan.trunks.get(choice.trunk)
    if trunk is None:
        return f"no trunk is called {choice.trunk!r}"
    if not trunk.may_show(read_back(choice.asserted, trunk)):
        return f"{choice.asserted or 'no number'} is none of trunk {trunk.key}'s"
    if choice.shown in ("", choice.asserted):
        return None
    if choice.forwarded is not Forwarded.CALLER_WITH_DIVERSION:
        return f"{choice.shown} is not the number that is asserted"
    if choice.forwarded not in trunk.forwarded:
        return f"trunk {trunk.key} does not take a caller's number"
    return None
