"""How calls leave by the fallback dialplan: emergency calls by any trunk, others by those of the last rule."""

from collections.abc import Iterator

from router.dialplan import fallback_denied as denied
from router.dialplan import fallback_text as text
from router.model.department import DialPlan, NumberFormat, Person, ShownNumber, Trunk
from router.model.number import PhoneNumber
from router.rules.layers import department_for
from router.rules.trunks import for_help
from router.rules.written import in_format, own_number

_WITHHELD = "withheld"


def emergency(number: str, plan: DialPlan) -> Iterator[str]:
    """From any phone; one that stands at a site goes to the context of that site."""
    for person in plan.people.values():
        if (site := plan.sites.get(person.site or "")) is not None:
            yield _if_from(person, text.help_at(site.key), "${EXTEN}")
    yield from _help(number, plan, plan.emergency.caller_id, plan.country)


def help_at_sites(plan: DialPlan) -> Iterator[str]:
    """The extension is the emergency number."""
    for key in dict.fromkeys(person.site for person in plan.people.values()):
        if (site := plan.sites.get(key or "")) is None:
            continue
        yield f"[{text.help_at(site.key)}]"
        yield from text.extension("_X!", *_help("${EXTEN}", plan, site.caller_id, site.country))
        yield ""


def _help(number: str, plan: DialPlan, shown: PhoneNumber | None, country: str) -> Iterator[str]:
    """The next trunk is tried whatever the one before came to."""
    trunks = for_help(plan, country, shown)
    for n, trunk in enumerate(trunks, 1):
        written = in_format(shown if shown and trunk.may_show(shown) else own_number(trunk), trunk)
        yield from _route(n, trunk, number, f"{text.name(plan.company)} <{written}>", written)
        yield f"Set(CALLROUTER_NEXT_{n}={text.AFTER_EVERYTHING})"
    yield from _dialled(len(trunks))


def public(plan: DialPlan) -> Iterator[str]:
    """Who calls decides what is denied and what is shown; people of whom both are the same share their contexts."""
    trunks = [plan.trunks[key] for key in plan.routes[-1].use] if plan.routes else []
    shows: dict[str, ShownNumber | None] = {}
    gates: dict[tuple[tuple[int, ...], str], str] = {}
    steps = ["Set(CALLROUTER_E164=${EXTEN})"]
    for person in plan.people.values():
        shown = _shown(person, plan)
        context = f"callrouter-plan-shows-{_label(shown)}"
        shows[context] = shown
        rules = denied.denied_to(person, plan)
        if not rules:
            steps.append(_if_from(person, context, "s"))
            continue
        gate = gates.setdefault((rules, context), denied.may(len(gates) + 1))
        steps.append(_if_from(person, gate, "${EXTEN}"))
    yield "; The extension is the number called, in E.164 without its plus."
    yield "[callrouter-plan-public]"
    yield from text.extension("_X.", *steps, "Hangup(21)")
    yield ""
    for (rules, context), gate in gates.items():
        yield from denied.unless_denied(gate, rules, context)
    yield from denied.rules(plan, sorted({n for rules, _ in gates for n in rules}))
    for context, shown in shows.items():
        yield f"[{context}]"
        yield from text.extension("s", *_routes(trunks, shown, text.name(plan.company)))
        yield ""


def _if_from(person: Person, context: str, extension: str) -> str:
    channel = f"{text.dial(person.endpoint)}-"
    return f'GotoIf($["${{CHANNEL(name):0:{len(channel)}}}" = "{channel}"]?{context},{extension},1)'


def _shown(person: Person, plan: DialPlan) -> ShownNumber | None:
    """The person's own, else the department's; None for the trunk's."""
    department = department_for(person.key, plan)
    return person.caller_id or (plan.departments[department].caller_id if department else None)


def _label(shown: ShownNumber | None) -> str:
    if shown is None:
        return "the-trunks-own"
    return shown.number.value.removeprefix("+") if shown.number else _WITHHELD


def _routes(trunks: list[Trunk], shown: ShownNumber | None, name: str) -> Iterator[str]:
    """A trunk that may not show the number is passed over."""
    count = 0
    for trunk in trunks:
        number = shown.number if shown and shown.number else own_number(trunk)
        if number is None or not trunk.may_show(number):
            continue
        count += 1
        asserted = in_format(number, trunk)
        # A phone that asks for privacy gets it (RFC 3323); the carrier still learns the number.
        identity = f'${{IF($["${{CALLERID(pres):0:6}}" = "prohib"]?:{name} <{asserted}>)}}'
        hidden = shown is not None and shown.number is None
        yield from _route(count, trunk, _called_on(trunk), "" if hidden else identity, asserted)
    yield from _dialled(count) if count else ("Hangup(21)",)


def _route(n: int, trunk: Trunk, called: str, identity: str, asserted: str) -> Iterator[str]:
    yield f"Set(CALLROUTER_DIAL_{n}={called.join(text.dial(part) for part in trunk.dial.split('{number}'))})"
    yield f"Set(CALLROUTER_SHOWN_{n}={identity})"
    yield f"Set(CALLROUTER_ASSERTED_{n}={asserted})"


def _dialled(count: int) -> tuple[str, str]:
    return f"Set(CALLROUTER_ROUTES={count})", "Goto(callrouter-routes,s,1)"


def _called_on(trunk: Trunk) -> str:
    """The called number in the trunk's format, computed by Asterisk from CALLROUTER_E164."""
    international = "00${CALLROUTER_E164}"
    match trunk.numbers:
        case NumberFormat.PLUS_E164:
            return "+${CALLROUTER_E164}"
        case NumberFormat.E164:
            return "${CALLROUTER_E164}"
        case NumberFormat.ZERO_ZERO_E164:
            return international
        case NumberFormat.NATIONAL:
            code = trunk.country_code
            national = f"{trunk.national_prefix}${{CALLROUTER_E164:{len(code)}}}"
            return f'${{IF($["${{CALLROUTER_E164:0:{len(code)}}}" = "{code}"]?{national}:{international})}}'
