"""Numbers, extensions, phones and codes over the whole plan: each leads to one place, and no call comes back."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from router.dialplan import self_test
from router.dialplan.draft import Draft
from router.dialplan.faults import Path
from router.dialplan.numbers import emergency_numbers, is_valid, public_number
from router.dialplan.ring_steps import QueueStep, RingStep
from router.dialplan.short_numbers import short_number
from router.model.department import CallPrefix, Feature
from router.model.number import NumberKind, PhoneNumber
from router.model.people import ForwardWhen

Places = Iterator[tuple[Path, PhoneNumber]]

PLAIN_CODES = frozenset({Feature.PAUSE, Feature.RESUME, Feature.RECORD})  # nothing is dialled after them


def check(plan: Draft) -> None:
    taken = numbers(plan)
    ways_out(plan, taken)
    forwarding(plan)
    labels(plan, taken)
    phones(plan)
    codes(plan)
    self_test.check(plan, taken)


def numbers(plan: Draft) -> Mapping[str, Path]:
    """Every number and extension leads to one place; a number in no known range is only worth a warning."""
    emergency = set(emergency_numbers(plan.context.country)) if plan.context.country else set()
    emergency.update(plan.emergency.numbers if plan.emergency else ())
    taken: dict[str, Path] = {}
    for path, number in _own_numbers(plan):
        if number.value in emergency:
            plan.fault(path, f"{number.value} is an emergency number")
        elif number.value in taken:
            first = plan.source.mark(taken[number.value])
            plan.fault(path, f"{number.value} is already taken in {first}")
        else:
            taken[number.value] = path
            _short_number_too(plan, path, number)
    for path, number in (*_own_numbers(plan), *_shown_numbers(plan), *_called_numbers(plan)):
        if number.kind is NumberKind.E164 and not is_valid(number):
            plan.warn(path, f"{number.value} lies in no range that is known to be given out; is it right?")
    return taken


def _short_number_too(plan: Draft, path: Path, number: PhoneNumber) -> None:
    """An extension goes before what everybody in the country knows by the same digits."""
    countries = [plan.context.country, *(site.country for site in plan.sites.values() if site.country)]
    known = next((country for country in countries if country and short_number(number.value, country)), None)
    if number.kind is NumberKind.EXTENSION and known is not None:
        plan.warn(
            path, f"{number} is also a short number of {known}, which no phone can call while it is an extension"
        )


def _own_numbers(plan: Draft) -> Places:
    for name, person in plan.people.items():
        if person.extension is not None:
            yield ("people", name, "extension"), person.extension
        for index, number in enumerate(person.numbers):
            yield ("people", name, "numbers", index), number
    for section, entries in (("departments", plan.departments), ("menus", plan.menus)):
        for name, entry in entries.items():
            for index, number in enumerate(entry.numbers):
                yield (section, name, "numbers", index), number
            if entry.extension is not None:
                yield (section, name, "extension"), entry.extension
    if plan.parking is not None:
        yield ("parking", "extension"), plan.parking.extension
        for slot in plan.parking.slots:
            yield ("parking", "slots"), slot


def _shown_numbers(plan: Draft) -> Places:
    for section, entries in (("people", plan.people), ("departments", plan.departments)):
        for name, entry in entries.items():
            if entry.caller_id is not None and entry.caller_id.number is not None:
                yield (section, name, "caller_id"), entry.caller_id.number
    for index, rule in plan.caller_ids.items():
        if rule.show is not None and rule.show.number is not None:
            yield ("outbound", "caller_id", index, "show"), rule.show.number
    if plan.emergency is not None and plan.emergency.caller_id is not None:
        yield ("emergency", "caller_id"), plan.emergency.caller_id
    for name, site in plan.sites.items():
        yield ("sites", name, "caller_id"), site.caller_id


def _called_numbers(plan: Draft) -> Places:
    """The numbers outside that calls are sent to."""
    for name, person in plan.people.items():
        if person.mobile is not None:
            yield ("people", name, "mobile"), person.mobile
        for when, number in (person.forward.cases if person.forward else {}).items():
            if number is not None:
                yield ("people", name, "forward", when.value), number
    for listed in plan.step_lists():
        for index, step in enumerate(listed.steps):
            if isinstance(step, RingStep | QueueStep):
                key, entries = ("ring", step.ring) if isinstance(step, RingStep) else ("queue", step.queue)
                for at, entry in enumerate(entries):
                    if entry.who.number is not None:
                        yield (*listed.path, index, key, at), entry.who.number


def ways_out(plan: Draft, taken: Mapping[str, Path]) -> None:
    """A call that is sent outside must not come back to us."""
    for path, number in _called_numbers(plan):
        if number.value in taken and number.kind is NumberKind.E164:
            plan.fault(path, f"{number.value} is the company's own number; the call would come back")


def forwarding(plan: Draft) -> None:
    """Calls are forwarded to somebody, by a trunk that is there, and not round in a circle."""
    person_of = {person.extension.value: name for name, person in plan.people.items() if person.extension}
    always: dict[str, str] = {}
    for name, person in plan.people.items():
        for when, number in (person.forward.cases if person.forward else {}).items():
            path: Path = ("people", name, "forward", when.value)
            if number is None or number.kind is NumberKind.E164:
                if not plan.trunks and plan.is_sound("trunks"):
                    plan.fault(path, "there is no trunk to forward calls by")
            elif (colleague := person_of.get(number.value)) is None:
                if plan.is_sound("people"):
                    plan.fault(path, f"{number} is no person's extension")
            elif colleague == name:
                plan.fault(path, f"{number} is the person's own extension")
            elif when is ForwardWhen.ALWAYS:
                always[name] = colleague
    told: set[str] = set()
    for name in always:
        trail = [name]
        while (following := always.get(trail[-1])) is not None and following not in trail:
            trail.append(following)
        if following == name and told.isdisjoint(trail):
            told.update(trail)
            circle = " -> ".join([*trail, name])
            plan.fault(("people", name, "forward", "always"), f"leads round in a circle: {circle}")


def labels(plan: Draft, taken: Mapping[str, Path]) -> None:
    """A label by number is for one of the company's numbers, each once."""
    for name, department in plan.departments.items():
        seen: set[str] = set()
        for text in department.labels:
            number = public_number(text, plan.context.country)
            if number is None or not plan.is_sound("departments", "menus"):
                continue
            if number.value not in taken:
                plan.fault(("departments", name, "labels", text), "is no number of the company", at_key=True)
            elif number.value in seen:
                plan.fault(("departments", name, "labels", text), "is written twice", at_key=True)
            seen.add(number.value)


def phones(plan: Draft) -> None:
    """A phone is one person's, an endpoint one trunk's: a call must say who places it and where it comes from."""
    trunk_at: dict[str, str] = {}
    for name, trunk in plan.trunks.items():
        endpoint = trunk.dial.rpartition("@")[2]
        first = trunk_at.setdefault(endpoint, name)
        if first != name:
            plan.fault(("trunks", name, "dial"), f'"{endpoint}" is already the endpoint of trunk "{first}"')
    person_at: dict[str, str] = {}
    for name, person in plan.people.items():
        first = person_at.setdefault(person.phone, name)
        if first != name:
            plan.fault(("people", name, "phone"), f'"{person.phone}" is already the phone of "{first}"')
        trunk_name = trunk_at.get(person.phone.removeprefix("PJSIP/"))
        if trunk_name is not None:
            plan.fault(("people", name, "phone"), f'"{person.phone}" is the endpoint of trunk "{trunk_name}"')


def codes(plan: Draft) -> None:
    """What is dialled must say one thing: no code twice, and none that could be another with digits after it."""
    written: list[tuple[Feature | CallPrefix, str]] = []
    if plan.codes:
        written = [*plan.codes.features.items(), *plan.codes.prefixes.items()]
    for (first, one), (second, other) in combinations(written, 2):
        path: Path = ("codes", second.value)
        if one == other:
            plan.fault(path, f"{other} is already the code for {first.value}")
            continue
        for (feature, code), longer in (((first, one), other), ((second, other), one)):
            if longer.startswith(code) and feature not in PLAIN_CODES:
                plan.fault(path, f"{longer} could be {code} ({feature.value}) with digits after it; choose another")
