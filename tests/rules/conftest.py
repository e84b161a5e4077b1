"""Dial plans as values, built in a line: what the YAML would say, without YAML."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from router.model.department import (
    CallerIdRule,
    Department,
    DialPlan,
    Emergency,
    InboundRule,
    Mailbox,
    NumberFormat,
    Person,
    ShownNumber,
    Trunk,
    TrunkRule,
)
from router.model.hours import BusinessHours, DayException, Span
from router.model.number import NumberKind, NumberPattern, PatternKind, PhoneNumber
from router.model.plan import Music, Order, Play, Reject, RejectCause
from router.model.steps import DepartmentStep, HopStep, Member, RingStep, VoicemailStep

LONDON = ZoneInfo("Europe/London")
OPEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday morning
CLOSED = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)  # the same evening

_COUNTRIES = {"+44": "GB", "+1": "US", "+33": "FR", "+49": "DE", "+353": "IE"}


def public(value: str) -> PhoneNumber:
    """ "+442079460100" -> an E.164 number with its country."""
    country = next((country for prefix, country in _COUNTRIES.items() if value.startswith(prefix)), None)
    return PhoneNumber(kind=NumberKind.E164, value=value, raw=value, country=country)


def extension(value: str) -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.EXTENSION, value=value, raw=value)


def emergency(value: str) -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.EMERGENCY, value=value, raw=value)


def invalid(value: str) -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.INVALID, value=value, raw=f"{value};x")


def pattern(text: str) -> NumberPattern:
    """ "+44843*", "+442079460100 - +442079460199", "GB", "withheld", "any", or a number or extension."""
    if text in ("any", "withheld"):
        return NumberPattern(kind=PatternKind(text), text=text)
    if text.endswith("*"):
        return NumberPattern(kind=PatternKind.PREFIX, value=text[:-1], text=text)
    if " - " in text:
        first, _, last = text.partition(" - ")
        return NumberPattern(kind=PatternKind.RANGE, value=first, last=last, text=text)
    if text.isalpha():
        return NumberPattern(kind=PatternKind.COUNTRY, value=text, text=text)
    return NumberPattern(kind=PatternKind.EXACT, value=text, text=text)


def patterns(texts: Iterable[str]) -> tuple[NumberPattern, ...]:
    return tuple(map(pattern, texts))


def shows(value: str | None) -> ShownNumber:
    """A caller ID as a rule, a person or a department names it; None for withheld."""
    return ShownNumber(number=public(value) if value else None)


def span(text: str) -> Span:
    """ "09:00-17:30"; "24:00" is midnight, as in the YAML."""
    opens, _, closes = text.partition("-")
    return Span(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes.replace("24:00", "00:00")))


def hours(
    week: Mapping[str, str] | None = None,
    exceptions: Mapping[date, str] | None = None,
    zone: ZoneInfo = LONDON,
    name: str = "office",
) -> BusinessHours:
    """week: {"Fri": "22:00-02:00, 12:00-13:00"}; exceptions: {date(2026, 12, 25): ""}, where "" is closed."""

    def spans(text: str) -> tuple[Span, ...]:
        return tuple(span(part) for part in text.split(", ") if part)

    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return BusinessHours(
        name=name,
        zone=zone,
        week=tuple(spans((week or {}).get(day, "")) for day in days),
        exceptions={day: DayException(spans=spans(text)) for day, text in (exceptions or {}).items()},
    )


OFFICE = hours({day: "09:00-17:30" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")}, {date(2026, 12, 25): ""})

PLAY, VOICEMAIL = Play(sound="acme/welcome"), VoicemailStep()


def ring(*people: str, for_s: float = 20.0) -> RingStep:
    members = tuple(Member(person=key) for key in people)
    return RingStep(members=members, for_s=for_s, order=Order.TOGETHER, each_s=None, music=Music.RINGING)


def hop(department: str) -> HopStep:
    return HopStep(department=department)


def reject(cause: str = "busy") -> Reject:
    return Reject(cause=RejectCause(cause))


def person(
    key: str, ext: str | None = None, *, department: str | None = None, caller_id: ShownNumber | None = None
) -> Person:
    return Person(
        key=key,
        name=key.capitalize(),
        endpoint=f"PJSIP/{key}",
        extension=extension(ext) if ext else None,
        department=department,
        caller_id=caller_id,
        where=f"people.{key}",
    )


def department(
    key: str,
    *numbers: str,
    open: tuple[DepartmentStep, ...] = (VOICEMAIL,),
    closed: tuple[DepartmentStep, ...] = (),
    hours: str | None = None,
    members: tuple[str, ...] = (),
    ext: str | None = None,
    caller_id: ShownNumber | None = None,
) -> Department:
    return Department(
        key=key,
        name=key.capitalize(),
        numbers=tuple(map(public, numbers)),
        members=members,
        open=open,
        closed=closed,
        hours=hours,
        extension=extension(ext) if ext else None,
        caller_id=caller_id,
        mailbox=Mailbox(to=(f"{key}@acme.example",), greeting=f"acme/{key}", longest_s=120.0),
        where=f"departments.{key}",
    )


def trunk(
    key: str,
    *caller_ids: str,
    numbers: NumberFormat = NumberFormat.PLUS_E164,
    country_code: str = "44",
    national_prefix: str = "0",
) -> Trunk:
    return Trunk(
        key=key,
        dial=f"PJSIP/{{number}}@{key}",
        numbers=numbers,
        caller_ids=patterns(caller_ids),
        country_code=country_code,
        national_prefix=national_prefix,
        where=f"trunks.{key}",
    )


def inbound(name: str, *do: DepartmentStep, callers: Iterable[str] = (), called: Iterable[str] = ()) -> InboundRule:
    return InboundRule(path=f"inbound.{name}", name=name, callers=patterns(callers), called=patterns(called), do=do)


def caller_id_rule(
    name: str,
    show: str | None,
    *,
    department: str | None = None,
    person: str | None = None,
    called: Iterable[str] = (),
) -> CallerIdRule:
    return CallerIdRule(
        path=f"caller_id.{name}", department=department, person=person, called=patterns(called), show=shows(show)
    )


def trunk_rule(name: str, *use: str, called: Iterable[str] = ()) -> TrunkRule:
    return TrunkRule(path=f"routes.{name}", called=patterns(called), use=use)


def dial_plan(
    *,
    trunks: Iterable[Trunk] = (),
    people: Iterable[Person] = (),
    schedules: Iterable[BusinessHours] = (OFFICE,),
    departments: Iterable[Department] = (),
    inbound: Iterable[InboundRule] = (),
    caller_ids: Iterable[CallerIdRule] = (),
    routes: Iterable[TrunkRule] | None = None,
    emergency_caller_id: str | None = "+442079460100",
) -> DialPlan:
    """A plan with its look-ups made, as the loader makes them. routes: None for every trunk in order."""
    trunks, people, departments = tuple(trunks), tuple(people), tuple(departments)
    if routes is None:
        routes = (trunk_rule("all", *(trunk.key for trunk in trunks)),) if trunks else ()
    own = [(n, d.key) for d in departments for n in (*d.numbers, d.extension) if n is not None]
    return DialPlan(
        company="Acme Ltd",
        country="GB",
        zone=LONDON,
        digest="digest",
        trunks={trunk.key: trunk for trunk in trunks},
        people={person.key: person for person in people},
        schedules={schedule.name: schedule for schedule in schedules},
        departments={department.key: department for department in departments},
        inbound=tuple(inbound),
        caller_ids=tuple(caller_ids),
        routes=tuple(routes),
        emergency=Emergency(
            numbers=frozenset({"999", "112"}),
            caller_id=public(emergency_caller_id) if emergency_caller_id else None,
        ),
        department_of={number.value: key for number, key in own},
        person_of={n.value: p.key for p in people for n in (*p.numbers, *filter(None, [p.extension]))},
        person_at={p.endpoint: p.key for p in people},
        trunk_at={t.endpoint: t.key for t in trunks},
    )
