"""Number patterns as they are written, and what is certain about two of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.numbers import public_number
from router.dialplan.patterns import RESERVED, covers, meets, numbers, pattern
from router.model.number import NumberList, NumberPattern, NumberType, PatternKind

EXACT, PREFIX, RANGE, COUNTRY = PatternKind.EXACT, PatternKind.PREFIX, PatternKind.RANGE, PatternKind.COUNTRY
TYPE = PatternKind.TYPE

WRITTEN = {
    "a number": ("020 7946 0100", "GB", EXACT, "+442079460100", ""),
    "an extension": ("201", "GB", EXACT, "201", ""),
    "a country": ("US", "GB", COUNTRY, "US", ""),
    "foreign numbers": ("foreign", "GB", PatternKind.FOREIGN, "GB", ""),
    "withheld": ("withheld", "GB", PatternKind.WITHHELD, "", ""),
    "unknown": ("unknown", "GB", PatternKind.UNKNOWN, "", ""),
    "mobiles": ("mobile", "GB", TYPE, "mobile", ""),
    "fixed lines": ("fixed", "GB", TYPE, "fixed", ""),
    "premium-rate numbers": ("premium-rate", "GB", TYPE, "premium-rate", ""),
    "a vanity number": ("0800-FLOWERS", "GB", EXACT, "+448003569377", ""),
    "a vanity number, North America": ("1-800-FLOWERS", "US", EXACT, "+18003569377", ""),
    "a list of contacts": ("key-accounts", "GB", PatternKind.CONTACTS, "key-accounts", ""),
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
    lists = {"key-accounts": NumberList(numbers=frozenset({"+442079460999"}))}
    read = pattern(text, country, {"201"}, lists) if kind is not RANGE else numbers(text, country)

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
    with pytest.raises(ValueError, match=r"no number|no range|no country"):
        pattern(text, "GB", {"201"})


def test_a_word_that_stands_for_nothing_is_told_what_is_known() -> None:
    known = r"did you mean \"nuisance\"\? known: fixed, foreign, key-accounts, mobile, nuisance, .*voip"
    with pytest.raises(ValueError, match=known):
        pattern("nuisances", "GB", (), {"nuisance": NumberList(), "key-accounts": NumberList()})


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("UK", '"UK" is no country; write its ISO 3166-1 code, such as GB, DE or US'),
        ("GBR", '"GBR" is no country'),
        ("020 7946 0100-0199", "a range has spaces round its hyphen: 020 7946 0100 - 0199"),
    ],
)
def test_what_was_meant_is_guessed_in_words_only(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=re.escape(what)):
        pattern(text, "GB", ())


def test_every_word_for_callers_is_reserved() -> None:
    """A list called "mobile" would be either this or that."""
    assert {"mobile", "toll-free", "withheld", "unknown"} <= RESERVED
    assert all(pattern(word, "GB", (), {word: NumberList()}).kind is not PatternKind.CONTACTS for word in RESERVED)


FITS = [
    ("mobile", "+447400123456", True),
    ("mobile", "+442079460100", False),
    ("fixed", "+442079460100", True),
    ("mobile", "+12125550100", True),
    ("fixed", "+12125550100", True),
    ("toll-free", "+448003569377", True),
    ("toll-free", "+18003569377", True),
    ("premium-rate", "+499001234567", True),
    ("shared-cost", "+491805123456", True),
    ("voip", "+445612345678", True),
    ("personal", "+447012345678", True),
    ("foreign", "+33140205050", True),
    ("foreign", "+88213300655", True),
    ("foreign", "+442079460100", False),
    ("mobile", "+447700900123", False),  # fiction: no range that is given out
]


@pytest.mark.parametrize(("word", "number", "fits"), FITS)
def test_a_word_fits_numbers_of_that_use(word: str, number: str, fits: bool) -> None:
    read = public_number(number, "GB")

    assert read is not None
    assert pattern(word, "GB", ()).matches(read) is fits


def test_a_list_fits_its_numbers_and_prefixes() -> None:
    listed = NumberList(numbers=frozenset({"+442079460999"}), others=(pattern("0843*", "GB", ()),))
    entry = pattern("nuisance", "GB", (), {"nuisance": listed})

    assert [entry.matches(public_number(text, "GB")) for text in ("020 7946 0999", "0843 123 4567", "0844 1")] == [
        True,
        True,
        False,
    ]
    assert not entry.matches(None, withheld=True)


def test_unknown_fits_who_sends_no_usable_number_and_does_not_hide_it() -> None:
    unknown = pattern("unknown", "GB", ())

    assert unknown.matches(None)
    assert not unknown.matches(None, withheld=True)
    assert not unknown.matches(public_number("020 7946 0999", "GB"))


SAMPLES = [
    found
    for text in (
        *("+442079460100", "+442079460150", "+442079460199", "+442079460200", "+448431234567", "+447400123456"),
        *("+12125550100", "+14155550134", "+14165550123", "+4930901820", "+390612345678", "+80012345678"),
        *("+448003569377", "+18003569377", "+499001234567", "+445612345678", "+447012345678", "+447700900123"),
    )
    if (found := public_number(text, "GB")) is not None
]
LISTS = {
    "few": NumberList(numbers=frozenset({"+442079460150", "+12125550100"})),
    "more": NumberList(numbers=frozenset({"+442079460150", "+12125550100", "+447400123456"})),
    "mixed": NumberList(numbers=frozenset({"+12125550100"}), others=(pattern("+44 843*", "GB", ()),)),
    "free": NumberList(others=(pattern("toll-free", "GB", ()), pattern("DE", "GB", ()))),
    "empty": NumberList(),
    "long": NumberList(numbers=frozenset(f"+4420794{number:05}" for number in range(60_000, 60_900))),
}
PATTERNS = [
    pattern(text, "GB", (), LISTS)
    for text in (
        *(
            "020 7946 0100",
            "+1 212 555 0100",
            "020 7946 0100 - 0199",
            "020 7946 0150 - 0250",
            "020 7946 0100 - 0149",
        ),
        *("0*", "020*", "+44 843*", "+1*", "+1212*", "+1416*", "+49*", "GB", "US", "CA", "DE"),
        *("mobile", "fixed", "toll-free", "premium-rate", "voip", "personal", "withheld", "unknown"),
        *LISTS,
        "foreign",
    )
]
PATTERNS.append(pattern("foreign", "GB", (), sites=("DE", "US")))
SETS = st.lists(st.sampled_from(PATTERNS), max_size=3).map(tuple)


def test_the_samples_are_numbers() -> None:
    assert len(SAMPLES) == 18
    assert {sample.type for sample in SAMPLES} > {NumberType.MOBILE, NumberType.FIXED, NumberType.TOLL_FREE, None}


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


APART = [
    ("US", "DE"),
    ("020*", "+1*"),
    ("US", "+49*"),
    ("020 7946 0100", "US"),
    ("020 7946 0100 - 0149", "+1*"),
    ("mobile", "toll-free"),
    ("mobile", "020 7946 0100"),
    ("withheld", "mobile"),
    ("unknown", "GB"),
    ("unknown", "withheld"),
    ("few", "DE"),
    ("few", "toll-free"),
    ("empty", "GB"),
    ("empty", "more"),
]
WITHIN = [
    ("US", "US"),
    ("+1*", "US"),
    ("0*", "020 7946 0100 - 0199"),
    ("GB", "020 7946 0100 - 0199"),
    ("020 7946 0100 - 0199", "020 7946 0100 - 0149"),
    ("020*", "020 7946 0100"),
    ("+1*", "+1212*"),
    ("mobile", "mobile"),
    ("mobile", "07400 123456"),
    ("withheld", "withheld"),
    ("unknown", "unknown"),
    ("more", "few"),
    ("more", "07400 123456"),
    ("mixed", "+44 843*"),
    ("free", "DE"),
    ("free", "free"),
    ("long", "long"),
    ("020 7946*", "020 7946 0100"),
    ("DE", "empty"),
    ("DE", "+49 30*"),
    ("foreign", "foreign"),
    ("foreign", "FR"),
    ("foreign", "+33*"),
    ("foreign", "+882*"),
    ("foreign", "+33 1 40 20 50 50"),
    ("foreign", "DE"),
]
UNSURE = [
    ("GB", "long"),
    ("few", "020*"),
    ("mobile", "+44 7*"),
    ("US", "few"),
    ("GB", "+44 20*"),
    ("US", "+1 212*"),
    ("foreign", "GB"),
    ("foreign", "+44 20*"),
    ("foreign", "+3*"),
    ("foreign", "mobile"),
    ("FR", "foreign"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_patterns_that_cannot_meet_are_known_to_be_apart(one: str, other: str) -> None:
    ours, theirs = (pattern(one, "GB", (), LISTS),), (pattern(other, "GB", (), LISTS),)

    assert not meets(ours, theirs)
    assert not meets(theirs, ours)


@pytest.mark.parametrize(("wide", "narrow"), WITHIN)
def test_a_pattern_within_another_is_known_to_be_covered(wide: str, narrow: str) -> None:
    assert covers((pattern(wide, "GB", (), LISTS),), (pattern(narrow, "GB", (), LISTS),))


@pytest.mark.parametrize(("wide", "narrow"), UNSURE)
def test_what_is_not_certain_is_not_called_covered(wide: str, narrow: str) -> None:
    assert not covers((pattern(wide, "GB", (), LISTS),), (pattern(narrow, "GB", (), LISTS),))


def test_no_patterns_stand_for_every_number() -> None:
    us = (pattern("US", "GB", ()),)

    assert covers((), us)
    assert not covers(us, ())
    assert meets((), us)
