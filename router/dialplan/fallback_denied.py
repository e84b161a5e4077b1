"""What `outbound.deny` refuses, as a plain dialplan can tell it: by number and by whose phone it is, at every hour.

  callrouter-plan-denies-N  returns 1 for the numbers of the N-th rule, in E.164 without the plus
  callrouter-plan-may-N     leads on what none of some rules refuses, for the people they hold for

A rule with hours holds at all of them, and one that asks for a PIN refuses, since nobody can be asked. Only what
would leave nobody a number is left out: a rule with hours, but without `to`.
"""

from collections.abc import Iterator, Mapping, Sequence

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from router.dialplan import fallback_text as text
from router.model.department import DialPlan, Person
from router.model.limits import DenyRule
from router.model.number import NumberPattern, NumberType, PatternKind
from router.rules.layers import department_for

REFUSES = "callrouter-plan-refuses"
_YES, _NO = "Return(1)", "Return(0)"

# How libphonenumber's tables call what a number is used for.
_USES: Mapping[str, tuple[str, ...]] = {
    NumberType.MOBILE.value: ("mobile",),
    NumberType.FIXED.value: ("fixed_line",),
    NumberType.TOLL_FREE.value: ("toll_free",),
    NumberType.PREMIUM_RATE.value: ("premium_rate",),
    NumberType.SHARED_COST.value: ("shared_cost",),
    NumberType.VOIP.value: ("voip",),
    NumberType.PERSONAL.value: ("personal_number",),
    NumberType.OTHER.value: ("pager", "uan", "voicemail"),
}
_ALL_USES = tuple(use for uses in _USES.values() for use in uses)


def denied_to(person: Person, plan: DialPlan) -> tuple[int, ...]:
    """The rules, by their place in the plan, that refuse some number to the person's phone."""
    department = department_for(person.key, plan)
    return tuple(n for n, rule in enumerate(plan.denied) if _holds(rule, person.key, department))


def _holds(rule: DenyRule, person: str, department: str | None) -> bool:
    if not rule.called and (rule.during or rule.outside):
        return False
    if (rule.departments or rule.people) and not (department in rule.departments or person in rule.people):
        return False
    return person not in rule.except_people and department not in rule.except_departments


def may(n: int) -> str:
    return f"callrouter-plan-may-{n}"


def unless_denied(context: str, rules: Sequence[int], onward: str) -> Iterator[str]:
    """A context that leads on to the context `onward` what none of the rules refuses.

    +44 0909… is no number, but a carrier that drops the zero would make one of it that a rule may refuse.
    """
    steps = [
        step
        for n in rules
        for step in (
            f"Gosub({_denies(n)},${{EXTEN}},1)",
            f'GotoIf($["${{GOSUB_RETVAL}}" = "1"]?{REFUSES},s,1)',
        )
    ]
    zero = f'${{REGEX("^({"|".join(_never_before_zero())})0" ${{EXTEN}})}}'
    yield f"[{context}]"
    yield from text.extension("_X.", f"GotoIf({zero}?{REFUSES},s,1)", *steps, f"Goto({onward},s,1)")
    yield ""


def rules(plan: DialPlan, used: Sequence[int]) -> Iterator[str]:
    """The contexts of these rules."""
    if not used:
        return
    yield f"[{REFUSES}]"
    yield from text.extension("s", "Hangup(21)")
    yield ""
    for n in used:
        yield f"; {text.name(plan.denied[n].name)}"
        yield f"[{_denies(n)}]"
        yield from _numbers(plan.denied[n].called, plan)
        yield ""


def _never_before_zero() -> Iterator[str]:
    """The calling codes of whose numbers none begins with 0, as Italy's do."""
    for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        regions = phonenumbers.region_codes_for_country_code(code)
        tables = [PhoneMetadata.metadata_for_region(region, None) for region in regions if region != "001"]
        examples = [
            getattr(getattr(table, use, None), "example_number", None) or ""
            for table in tables
            for use in _ALL_USES
        ]
        if tables and not any(example.startswith("0") for example in examples):
            yield str(code)


def _denies(n: int) -> str:
    return f"callrouter-plan-denies-{n + 1}"


def _numbers(patterns: Sequence[NumberPattern], plan: DialPlan) -> Iterator[str]:
    """Single numbers and prefixes are extensions, which Asterisk finds at once; the others are asked one by one."""
    if not patterns or any(pattern.kind is PatternKind.ANY for pattern in patterns):
        yield from text.extension("_X.", _YES)
        return
    extensions: dict[str, None] = {}
    asked: dict[str, None] = {}
    for pattern in _flat(patterns):
        digits = pattern.value.removeprefix("+")
        match pattern.kind:
            case PatternKind.EXACT if pattern.value.startswith("+"):
                extensions[digits] = None
            case PatternKind.PREFIX:
                extensions[f"_{digits}!"] = None
            case PatternKind.RANGE:
                asked[_between(digits, pattern.last.removeprefix("+"))] = None
            case PatternKind.COUNTRY:
                asked |= dict.fromkeys(_of_country(pattern.value, plan))
            case PatternKind.FOREIGN:
                asked |= dict.fromkeys(_of_others(pattern.value.split(), plan))
            case PatternKind.TYPE:
                asked |= dict.fromkeys(_of_type(pattern.value))
    for extension in extensions:
        yield from text.extension(extension, _YES)
    yield from text.extension("_X.", *(f"ExecIf({condition}?{_YES})" for condition in asked), _NO)


def _flat(patterns: Sequence[NumberPattern]) -> Iterator[NumberPattern]:
    """With the numbers of a list in the list's place."""
    for pattern in patterns:
        if pattern.among is None:
            yield pattern
            continue
        for number in sorted(pattern.among.numbers):
            yield NumberPattern(kind=PatternKind.EXACT, value=number)
        yield from pattern.among.others


def _between(first: str, last: str) -> str:
    return f"$[${{LEN(${{EXTEN}})}} = {len(first)} & ${{EXTEN}} >= {first} & ${{EXTEN}} <= {last}]"


def _of_country(country: str, plan: DialPlan) -> Iterator[str]:
    """By its calling code; where other countries share that with ours, by what the country has given out."""
    code = phonenumbers.country_code_for_region(country)
    is_shared_with_us = country != plan.country and code == phonenumbers.country_code_for_region(plan.country)
    regions = phonenumbers.region_codes_for_country_code(code)
    if not is_shared_with_us and country == regions[0]:
        yield f'$["${{EXTEN:0:{len(str(code))}}}" = "{code}"]'
    else:
        yield from _given_out(country, _ALL_USES)


def _of_others(homes: Sequence[str], plan: DialPlan) -> Iterator[str]:
    """By the calling code; of the countries that share one of ours, by what they have given out."""
    codes = sorted({phonenumbers.country_code_for_region(country) for country in homes})
    others = (f'"${{EXTEN:0:{len(str(code))}}}" != "{code}"' for code in codes)
    yield f"$[{' & '.join(others)}]"
    for code in codes:
        for region in phonenumbers.region_codes_for_country_code(code):
            if region not in homes:
                yield from _given_out(region, _ALL_USES)


def _of_type(word: str) -> Iterator[str]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        yield from _given_out(region, _USES.get(word, ()))
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        yield from _used(PhoneMetadata.metadata_for_nongeo_region(code, None), _USES.get(word, ()))


def _given_out(region: str, uses: Sequence[str]) -> Iterator[str]:
    yield from _used(PhoneMetadata.metadata_for_region(region, None), uses)


def _used(metadata: PhoneMetadata | None, uses: Sequence[str]) -> Iterator[str]:
    """As POSIX has it: of what is beyond it the tables use two things only."""
    for use in uses:
        table = getattr(metadata, use, None)
        pattern = table.national_number_pattern if table is not None else None
        if metadata is not None and pattern and pattern != "NA":
            posix = pattern.replace("(?:", "(").replace(r"\d", "[0-9]")
            end = (
                "" if use == "premium_rate" else "$"
            )  # digits behind a premium number: networks charge without them
            yield f'${{REGEX("^{metadata.country_code}({posix}){end}" ${{EXTEN}})}}'
