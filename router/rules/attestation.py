"""What a carrier will probably sign for the number of a call (STIR/SHAKEN, ATIS-1000074 5.2.3): a forecast."""

from router.model.decision import Attestation, Level, TrunkChoice
from router.model.department import DialPlan
from router.model.number import NumberKind, PhoneNumber
from router.rules.written import read_back


def predicted(choice: TrunkChoice, called: PhoneNumber, plan: DialPlan) -> Attestation | None:
    """None where nothing is signed: to emergency and short numbers."""
    if called.kind is not NumberKind.E164:
        return None
    trunk = plan.trunks[choice.trunk]
    country = trunk.country or plan.country
    if called.country != country:
        return Attestation(level=Level.C, because=f"it leaves {country} by a gateway, which knows nobody")
    number = read_back(choice.shown or choice.asserted, trunk)
    if not trunk.may_show(number):
        return Attestation(level=Level.B, because=f"trunk {trunk.key} knows us, but {number} is the caller's")
    if not any(number.value in ours for ours in (plan.department_of, plan.person_of, plan.menu_of)):
        return Attestation(level=Level.B, because=f"{number} is on trunk {trunk.key}, but leads to nobody here")
    return Attestation(level=Level.A, because=f"{number} is ours, and on trunk {trunk.key}")
