"""A plan without faults -> the model's `DialPlan`, with names resolved and the look-ups made."""

from collections.abc import Mapping

from router.dialplan import departments as written
from router.dialplan import people, shape, tested
from router.dialplan.build_limits import deny_rule, emergency, limits, site
from router.dialplan.build_menus import menu
from router.dialplan.build_schedules import hours
from router.dialplan.build_steps import steps_of
from router.dialplan.caller_ids import local_numbers
from router.dialplan.draft import Draft
from router.dialplan.feeds import Calendars
from router.dialplan.numbers import country_code, national_prefix, public_number
from router.model import department as model
from router.model.number import PhoneNumber
from router.model.own_prompts import ASTERISKS, OwnPrompts
from router.model.pin import Pin
from router.model.rate import RateDeck
from router.model.trunk import BreakerLimits


def build(draft: Draft, head: shape.Head, calendars: Calendars, rates: Mapping[str, RateDeck]) -> model.DialPlan:
    """draft: without faults."""
    trunks = {
        name: _trunk(draft, head.country, name, trunk, rates.get(name)) for name, trunk in draft.trunks.items()
    }
    people = {name: _person(draft, name, person) for name, person in draft.people.items()}
    departments = {name: _department(draft, name, entry) for name, entry in draft.departments.items()}
    sites = {name: site(draft, head.country, name, entry) for name, entry in draft.sites.items()}
    menus = {name: menu(draft, name, entry) for name, entry in draft.menus.items()}
    return model.DialPlan(
        company=head.company,
        country=head.country,
        zone=head.timezone,
        digest=draft.source.digest,
        trunks=trunks,
        people=people,
        schedules={name: hours(draft, head.timezone, name, each) for name, each in draft.schedules.items()},
        feeds=calendars.feeds,
        copies=calendars.copies,
        departments=departments,
        inbound=tuple(_inbound(draft, at, rule) for at, rule in sorted(draft.inbound.items())),
        caller_ids=tuple(_caller_id(draft, at, rule) for at, rule in sorted(draft.caller_ids.items())),
        denied=tuple(deny_rule(draft, at, rule) for at, rule in sorted(draft.denied.items())),
        limits=limits(draft.limits, head.country),
        company_limits=limits(draft.limits.company if draft.limits else None, head.country),
        alerts=tuple(draft.alerts),
        sites=sites,
        routes=_routes(draft),
        emergency=emergency(draft, head.country, sites),
        contacts=draft.contacts.lists,
        contact_of=draft.contacts.contact_of,
        menus=menus,
        codes={code: feature for feature, code in draft.codes.features.items()} if draft.codes else {},
        prefixes={code: prefix for prefix, code in draft.codes.prefixes.items()} if draft.codes else {},
        parking=_parking(draft),
        prompts=OwnPrompts(**draft.prompts.model_dump()) if draft.prompts else ASTERISKS,
        tests=tuple(_test(draft, at, test) for at, test in sorted(draft.tests.items())),
        department_of={number.value: name for name, entry in departments.items() for number in _own(entry)},
        menu_of={number.value: name for name, entry in menus.items() for number in _own(entry)},
        person_of={
            number.value: name
            for name, person in people.items()
            for number in (*person.numbers, *((person.extension,) if person.extension else ()))
        },
        person_at={person.endpoint: name for name, person in people.items()},
        trunk_at={trunk.endpoint: name for name, trunk in trunks.items()},
    )


def _own(entry: model.Department | model.MenuDef) -> tuple[PhoneNumber, ...]:
    return (*entry.numbers, entry.extension) if entry.extension else entry.numbers


def _trunk(draft: Draft, country: str, name: str, trunk: shape.Trunk, rates: RateDeck | None) -> model.Trunk:
    country = trunk.country or country
    return model.Trunk(
        key=name,
        dial=trunk.dial,
        numbers=trunk.numbers,
        caller_ids=tuple(trunk.caller_ids),
        local=local_numbers(trunk.caller_ids),
        forwarded=frozenset(trunk.forwarded),
        country_code=country_code(country),
        national_prefix=national_prefix(country),
        country=trunk.country or "",
        rates=rates,
        channels=trunk.channels,
        causes={int(number): failure for number, failure in trunk.causes.items()},
        progress_s=trunk.progress,
        breaker=BreakerLimits(failures=trunk.breaker.failures, pause_s=trunk.breaker.pause),
        where=draft.source.where(("trunks", name)),
    )


def _person(draft: Draft, name: str, person: people.Person) -> model.Person:
    cases = person.forward.cases if person.forward else {}
    forward = {when: number or person.mobile for when, number in cases.items()}
    return model.Person(
        key=name,
        name=person.name,
        endpoint=person.phone,
        extension=person.extension,
        numbers=tuple(person.numbers),
        department=person.department,
        caller_id=person.caller_id,
        mobile=person.mobile,
        email=person.email,
        forward={when: number for when, number in forward.items() if number is not None},
        limits=limits(person.limits, draft.context.country),
        site=person.site,
        pin=Pin(**person.pin.model_dump()) if person.pin else None,
        where=draft.source.where(("people", name)),
    )


def _department(draft: Draft, name: str, entry: written.Department) -> model.Department:
    box = entry.voicemail
    return model.Department(
        key=name,
        name=entry.name,
        numbers=tuple(entry.numbers),
        members=tuple(entry.members),
        open=steps_of(draft, entry.open, entry.members),
        closed=steps_of(draft, entry.closed or (), entry.members),
        hours=entry.hours,
        extension=entry.extension,
        caller_id=entry.caller_id,
        forwarded=entry.forwarded or model.Forwarded.OWN_WITH_NAME,
        mailbox=model.Mailbox(to=tuple(box.to), greeting=box.greeting, longest_s=box.longest) if box else None,
        wrap_up_s=entry.wrap_up or 0.0,
        label=entry.label or "",
        labels=_labels(draft, entry),
        ringtone=entry.ringtone or "",
        recording=_recording(entry.record) if entry.record else None,
        limits=limits(entry.limits, draft.context.country),
        where=draft.source.where(("departments", name)),
    )


def _recording(record: written.Recording) -> model.Recording:
    return model.Recording(always=record.always, announce=record.announce, keep_days=record.keep)


def _labels(draft: Draft, entry: written.Department) -> Mapping[str, str]:
    read = ((public_number(text, draft.context.country), label) for text, label in entry.labels.items())
    return {number.value: label for number, label in read if number is not None}


def _parking(draft: Draft) -> model.Parking | None:
    parking = draft.parking
    if parking is None:
        return None
    return model.Parking(
        extension=parking.extension,
        slots=parking.slots,
        for_s=parking.for_,
        where=draft.source.where(("parking",)),
    )


def _inbound(draft: Draft, at: int, rule: shape.InboundRule) -> model.InboundRule:
    return model.InboundRule(
        path=draft.source.where(("inbound", at)),
        name=rule.name,
        callers=tuple(rule.from_),
        called=tuple(rule.to),
        do=steps_of(draft, rule.do, ()),
        trunks=tuple(rule.trunk),
        during=tuple(rule.during),
        outside=tuple(rule.outside),
        states=dict(rule.when),
        verified=tuple(rule.verified),
    )


def _caller_id(draft: Draft, at: int, rule: shape.CallerIdRule) -> model.CallerIdRule:
    return model.CallerIdRule(
        path=draft.source.where(("outbound", "caller_id", at)),
        department=rule.department,
        person=rule.person,
        called=tuple(rule.to),
        show=rule.show,
        trunks=tuple(rule.trunk),
    )


def _routes(draft: Draft) -> tuple[model.TrunkRule, ...]:
    """The rules as written; without any, one route over all trunks in the order written."""
    if draft.routes or not draft.trunks:
        return tuple(
            model.TrunkRule(
                path=draft.source.where(("outbound", "trunks", at)),
                called=tuple(rule.to),
                use=tuple(rule.use),
                share=dict(rule.share),
                cheapest=rule.order,
            )
            for at, rule in sorted(draft.routes.items())
        )
    return (model.TrunkRule(path=draft.source.where(("trunks",)), called=(), use=tuple(draft.trunks)),)


def _test(draft: Draft, at: int, test: tested.RouteTest) -> model.RouteTest:
    call, expect = test.call, test.expect
    shown = None
    if expect.caller_id is not None:
        shown = expect.caller_id.number.value if expect.caller_id.number else "withheld"
    return model.RouteTest(
        name=test.name,
        path=draft.source.where(("tests", at)),
        at=call.at,
        called=call.to,
        caller=call.from_,
        by=call.by,
        department=call.department,
        withhold=call.withhold,
        expect_department=expect.department,
        expect_open=expect.open,
        expect_steps=tuple(expect.steps) if expect.steps is not None else None,
        expect_caller_id=shown,
        expect_trunks=tuple(expect.trunks) if expect.trunks is not None else None,
        expect_refused=expect.refused,
        expect_pin=expect.pin,
        press=tuple(call.press),
        trunk=call.trunk,
        verified=call.verified,
        caller_name=call.name or "",
        switches=dict(call.switched),
        paused=tuple(call.paused),
        expect_rings=tuple(expect.rings) if expect.rings is not None else None,
        expect_name=expect.name,
        expect_ringtone=expect.ringtone,
    )
