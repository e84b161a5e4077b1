"""What a called party is shown, how its phone rings, and a caller's name that comes while it does.

A callee is shown CONNECTEDLINE of its channel. Set before the INVITE it is in From. Set later, without the "i" that
keeps it inside, Asterisk sends it on as P-Asserted-Identity: by UPDATE, also to a phone that still rings, if it has
said 180 and allows UPDATE; another learns it when it answers. The phone's endpoint needs `send_pai` for it.
"""

from collections.abc import Awaitable

import structlog

from router.ari.errors import AriError
from router.ari.models import Event
from router.calls.call import Call
from router.calls.leg import Leg
from router.model.caller import Presentation, display_name
from router.model.decision import TrunkChoice
from router.model.number import NumberKind, dialable
from router.model.plan import Queue, Ring
from router.rules.identity import caller_name, contact_of, shown_name
from router.rules.written import objection

log = structlog.get_logger()

_NOBODY = "anonymous"  # as RFC 3323 has it; a name beside it is ours, not the caller's


def ring_phone(call: Call, leg: Leg, step: Ring | Queue) -> None:
    """Asks for a leg to a phone, which shows who calls and rings as the step wants it."""
    leg.label = step.label
    leg.shows = shown_name(call.calling, call.plan, step.label, call.looked_up)
    call.legs.start(leg, variables=shown_to_phones(call, step), originator=call.channel.id)


def shown_to_phones(call: Call, step: Ring | Queue) -> dict[str, str]:
    """The variables of a leg to a phone. The number is the caller's own; one who hides it stays hidden."""
    caller = call.calling
    name = display_name(shown_name(caller, call.plan, step.label, call.looked_up))
    shown = {}
    if step.ringtone:
        shown["PJSIP_HEADER(add,Alert-Info)"] = f"<http://127.0.0.1>;info={step.ringtone}"
    if caller.presentation is Presentation.WITHHELD and not name:
        shown["CONNECTEDLINE(pres,i)"] = "prohib"
        return shown
    number = dialable(caller.number.raw) or caller.number.value if caller.number else ""
    if number or name:
        shown["CONNECTEDLINE(all,i)"] = f'"{name}" <{number or _NOBODY}>'
    return shown


def shown_by_trunk(choice: TrunkChoice, name: str) -> dict[str, str]:
    """The variables of a leg by a trunk. name: "" for none. A caller's own number goes with ours in Diversion.

    Withheld: From is anonymous, and where the trunk has `send_pai` and `trust_id_outbound` the number is asserted
    to the carrier with `Privacy: id` (RFC 3325).
    """
    if not choice.shown:  # a name gives away as much as a number
        return {"CONNECTEDLINE(all,i)": f'"" <{choice.asserted}>', "CONNECTEDLINE(pres,i)": "prohib"}
    shown = {"CONNECTEDLINE(all,i)": f'"{display_name(name)}" <{choice.shown}>'}
    if choice.shown != choice.asserted:
        shown["REDIRECTING(from-num,i)"] = choice.asserted
        shown["REDIRECTING(reason,i)"] = "cfu"
        shown["REDIRECTING(count,i)"] = "1"
    return shown


def may_leave(call: Call, choice: TrunkChoice) -> bool:
    """The last look before the INVITE. False only by a fault of ours; then the trunk is left out."""
    why = objection(choice, call.plan)
    if why is not None:
        log.error("caller ID refused", trunk=choice.trunk, because=why)
        call.note(f"passes over {choice.trunk}: {why}")
    return why is None


def look_up(call: Call) -> None:
    """Has the caller's name looked up beside the call, unless it is known or there is no number to ask for."""
    number, name_of = call.calling.number, call.exchange.name_of
    contact = contact_of(number, call.plan)
    if name_of is None or number is None or number.kind is not NumberKind.E164 or (contact and contact.name):
        return
    call.errands.run(_looked_up(call, name_of(number.value)))


async def _looked_up(call: Call, asked: Awaitable[str]) -> None:
    name = await asked
    if not name or call.caller.hangup.gone is not None:
        return
    call.looked_up = name
    call.note(f"looked up: {name}")
    call.save(caller_name=caller_name(call.calling, call.plan, name))

    def tell(_: Event | None = None) -> None:
        for leg in call.legs:
            _tell(call, leg)

    call.watchers.append(tell)  # a phone that does not ring yet is told when it does
    tell()


def _tell(call: Call, leg: Leg) -> None:
    """Shows the phone the name, where it was shown another: only once it rings does it take one."""
    if leg.label is None or leg.rang_at is None or not leg.is_alive or leg.is_cancelled:
        return
    name = shown_name(call.calling, call.plan, leg.label, call.looked_up)
    if name != leg.shows:
        leg.shows = name
        call.errands.run(_show(call, leg, name))


async def _show(call: Call, leg: Leg, name: str) -> None:
    try:
        await call.ari.channels.set_channel_var(leg.id, variable="CONNECTEDLINE(name)", value=display_name(name))
    except AriError as error:
        log.info("name not shown", leg=leg.endpoint, error=str(error))
