"""Number patterns as they are written, and what is certain about two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.numbers import public_number
from router.dialplan.patterns import covers, meets, numbers, pattern
from router.model.number import NumberPattern, PatternKind

EXACT, PREFIX, RANGE, COUNTRY = PatternKind.EXACT, PatternKind.PREFIX, PatternKind.RANGE, PatternKind.COUNTRY

WRITTEN = {
    "a number": ("020 7946 0100", "GB", EXACT, "+442079460100", ""),
    "an extension": ("201", "GB", EXACT, "201", ""),
    "a country": ("US", "GB", COUNTRY, "US", ""),
    "withheld": ("withheld", "GB", PatternKind.WITHHELD, "", ""),
    "a prefix": ("+44 843*", "GB", PREFIX, "+44843", ""),
    "a national prefix": ("0843*", "GB", PREFIX, "+44843", ""),
    "a national prefix with brackets": ("(0843) *", "GB", PREFIX, "+44843", ""),
    "every national number": ("0*", "GB", PREFIX, "+44", ""),
    "a prefix behind 00": ("0049 30*", "GB", PREFIX, "+4930", ""),
    "a prefix where no zero is dropped": ("06*", "IT", PREFIX, "+3906", ""),
    "a prefix behind 1": ("1 212*", "US", PREFIX, "+1212", ""),
    "a prefix behind 011": ("011 44*", "US", PREFIX, "+44", ""),
    "a prefix without its 1": ("212*", "US", PREFIX, "+1212", ""),
    "a range, shortened": ("020 7946 0100 - 0199", "GB", RANGE, "+442079460100", "+442079460199"),
    "a range, very short": ("020 7946 0100 – 9", "GB", RANGE, "+442079460100", "+442079460109"),
    "a range, in full": ("020 7946 0100 - 020 7946 0199", "GB", RANGE, "+442079460100", "+442079460199"),
    "a range in E.164": ("+442079460100 - +442079460199", "GB", RANGE, "+442079460100", "+442079460199"),
    "hyphens within a number": ("020-7946-0100", "GB", EXACT, "+442079460100", ""),
}


@pytest.mark.parametrize(("text", "country", "kind", "value", "last"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_pattern_is_read(text: str, country: str, kind: PatternKind, value: str, last: str) -> None:
    read = pattern(text, country, {"201"}) if kind is not RANGE else numbers(text, country)

    assert (read.kind, read.value, read.last, str(read)) == (kind, value, last, text)


REFUSED = [
    "",
    "*",
    "+*",
    "202",
    "12",
    "nuisance",
    "gb",
    "UK",
    "+44 843**",
    "*843",
    "020 7946 0199 - 0100",
    "020 7946 0100 -",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|no range"):
        pattern(text, "GB", {"201"})


def test_kinds_of_numbers_are_not_yet_supported() -> None:
    with pytest.raises(ValueError, match="not yet supported"):
        pattern("premium-rate", "GB", ())


SAMPLES = [
    found
    for text in (
        *("+442079460100", "+442079460150", "+442079460199", "+442079460200", "+448431234567", "+447400123456"),
        *("+12125550100", "+14155550134", "+14165550123", "+4930901820", "+390612345678", "+80012345678"),
    )
    if (found := public_number(text, "GB")) is not None
]
PATTERNS = [
    pattern(text, "GB", ())
    for text in (
        *(
            "020 7946 0100",
            "+1 212 555 0100",
            "020 7946 0100 - 0199",
            "020 7946 0150 - 0250",
            "020 7946 0100 - 0149",
        ),
        *("0*", "020*", "+44 843*", "+1*", "+1212*", "+1416*", "+49*", "GB", "US", "CA", "DE"),
    )
]
SETS = st.lists(st.sampled_from(PATTERNS), max_size=3).map(tuple)


def test_the_samples_are_numbers() -> None:
    assert len(SAMPLES) == 12


@given(SETS, SETS)
def test_what_is_certain_holds_for_every_number(
    ours: tuple[NumberPattern, ...], theirs: tuple[NumberPattern, ...]
) -> None:
    for number in SAMPLES:
        in_ours = not ours or any(one.matches(number) for one in ours)
        in_theirs = not theirs or any(one.matches(number) for one in theirs)
        if in_ours and in_theirs:
            assert meets(ours, theirs)
        if covers(ours, theirs) and in_theirs:
            assert in_ours


APART = [("US", "DE"), ("020*", "+1*"), ("US", "+49*"), ("020 7946 0100", "US"), ("020 7946 0100 - 0149", "+1*")]
WITHIN = [
    ("US", "US"),
    ("+1*", "US"),
    ("0*", "020 7946 0100 - 0199"),
    ("GB", "020 7946 0100 - 0199"),
    ("020 7946 0100 - 0199", "020 7946 0100 - 0149"),
    ("020*", "020 7946 0100"),
    ("+1*", "+1212*"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_patterns_that_cannot_meet_are_known_to_be_apart(one: str, other: str) -> None:
    ours, theirs = (pattern(one, "GB", ()),), (pattern(other, "GB", ()),)

    assert not meets(ours, theirs)
    assert not meets(theirs, ours)


@pytest.mark.parametrize(("wide", "narrow"), WITHIN)
def test_a_pattern_within_another_is_known_to_be_covered(wide: str, narrow: str) -> None:
    assert covers((pattern(wide, "GB", ()),), (pattern(narrow, "GB", ()),))


def test_no_patterns_stand_for_every_number() -> None:
    us = (pattern("US", "GB", ()),)

    assert covers((), us)
    assert not covers(us, ())
    assert meets((), us)
