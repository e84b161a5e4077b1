"""Which numbers a pattern in a rule or in a trunk's `caller_ids:` fits, and what of a string may be dialled."""

from dataclasses import replace

import pytest

from router.model.number import NumberList, NumberPattern, NumberType, PatternKind, PhoneNumber, dialable
from tests.rules.conftest import emergency, extension, invalid, pattern, public

FITS = [
    pytest.param("+442079460100", public("+442079460100"), True, id="exact: the same number"),
    pytest.param("+442079460100", public("+442079460101"), False, id="exact: its neighbour"),
    pytest.param("+442079460100", public("+4420794601000"), False, id="exact: a longer number"),
    pytest.param("600", extension("600"), True, id="exact: an extension"),
    pytest.param("600", extension("6000"), False, id="exact: a longer extension"),
    pytest.param("600", invalid("600"), False, id="exact: garbage whose digits are an extension's"),
    pytest.param("+44843*", public("+448430000001"), True, id="prefix: below it"),
    pytest.param("+44843*", public("+448440000001"), False, id="prefix: beside it"),
    pytest.param("+44843*", public("+44843"), True, id="prefix: nothing but the prefix"),
    pytest.param("+4*", public("+4420794601"), True, id="prefix: short"),
    pytest.param("20*", extension("201"), False, id="prefix: never an extension"),
    pytest.param("+44*", invalid("+44843"), False, id="prefix: never garbage"),
    pytest.param("11*", emergency("112"), False, id="prefix: never an emergency number"),
    pytest.param("+442079460100 - +442079460199", public("+442079460100"), True, id="range: its first"),
    pytest.param("+442079460100 - +442079460199", public("+442079460199"), True, id="range: its last"),
    pytest.param("+442079460100 - +442079460199", public("+442079460099"), False, id="range: one before"),
    pytest.param("+442079460100 - +442079460199", public("+442079460200"), False, id="range: one after"),
    pytest.param("+442079460100 - +442079460199", public("+4420794601500"), False, id="range: a digit too many"),
    pytest.param("+442079460100 - +442079460199", public("+44207946015"), False, id="range: a digit too few"),
    pytest.param("200 - 299", extension("250"), False, id="range: never an extension"),
    pytest.param("GB", public("+442079460100"), True, id="country: its number"),
    pytest.param("GB", public("+33140205050"), False, id="country: another's"),
    pytest.param("GB", PhoneNumber(kind=public("+44").kind, value="+44"), False, id="country: not known"),
    pytest.param("GB", extension("201"), False, id="country: an extension has none"),
    pytest.param("any", public("+442079460100"), True, id="any: a number"),
    pytest.param("any", extension("201"), True, id="any: an extension"),
    pytest.param("any", invalid(""), True, id="any: garbage"),
    pytest.param("withheld", public("+442079460100"), False, id="withheld: not a number that is shown"),
]


@pytest.mark.parametrize(("text", "number", "fits"), FITS)
def test_a_pattern_fits(text: str, number: PhoneNumber, fits: bool) -> None:
    assert pattern(text).matches(number) is fits


@pytest.mark.parametrize("text", ["+442079460100", "600", "+44*", "+441 - +449", "GB"])
def test_a_caller_without_a_number_fits_no_pattern_of_numbers(text: str) -> None:
    assert not pattern(text).matches(None)
    assert not pattern(text).matches(None, withheld=True)


def test_withheld_fits_who_hides_the_number_and_not_who_merely_has_none() -> None:
    assert pattern("withheld").matches(None, withheld=True)
    assert not pattern("withheld").matches(None, withheld=False)


def test_any_fits_a_caller_without_a_number() -> None:
    assert pattern("any").matches(None)
    assert pattern("any").matches(None, withheld=True)


def test_a_pattern_speaks_as_it_was_written() -> None:
    assert str(NumberPattern(kind=PatternKind.PREFIX, value="+44843", text="+44 843*")) == "+44 843*"
    assert str(NumberPattern(kind=PatternKind.PREFIX, value="+44843")) == "+44843"
    assert str(NumberPattern(kind=PatternKind.WITHHELD)) == "withheld"


def test_a_number_is_the_same_however_it_was_written() -> None:
    number = public("+442079460100")
    written = PhoneNumber(kind=number.kind, value=number.value, raw="020 7946 0100", country=None)
    assert written == number
    assert {written, number} == {number}
    assert extension("600") != invalid("600")


def test_a_number_that_is_none_says_so() -> None:
    assert str(invalid("")) == "no number"


def use(word: str) -> NumberPattern:
    return NumberPattern(kind=PatternKind.TYPE, value=word, text=word)


USES = [
    ("mobile", NumberType.MOBILE, True),
    ("mobile", NumberType.FIXED, False),
    ("mobile", NumberType.FIXED_OR_MOBILE, True),
    ("fixed", NumberType.FIXED_OR_MOBILE, True),
    ("toll-free", NumberType.FIXED_OR_MOBILE, False),
    ("toll-free", NumberType.TOLL_FREE, True),
    ("mobile", NumberType.OTHER, False),
    ("mobile", None, False),
]


@pytest.mark.parametrize(("word", "its", "fits"), USES)
def test_a_word_fits_numbers_of_that_use(word: str, its: NumberType | None, fits: bool) -> None:
    assert use(word).matches(replace(public("+447400123456"), type=its)) is fits
    assert not use(word).matches(None)


def test_a_list_fits_each_of_its_numbers_prefixes_and_words() -> None:
    listed = NumberList(numbers=frozenset({"+442079460999"}), others=(pattern("+44843*"), use("toll-free")))
    entry = NumberPattern(kind=PatternKind.CONTACTS, value="nuisance", text="nuisance", among=listed)

    fits = (public("+442079460999"), public("+448431234567"), replace(public("+44800"), type=NumberType.TOLL_FREE))
    assert all(entry.matches(number) for number in fits)
    assert not any(entry.matches(number) for number in (public("+442079460998"), extension("600"), None))


def test_unknown_fits_who_has_no_usable_number_and_does_not_hide_it() -> None:
    unknown = NumberPattern(kind=PatternKind.UNKNOWN)

    assert unknown.matches(None) and unknown.matches(invalid("12"))
    assert not unknown.matches(None, withheld=True)
    assert not unknown.matches(public("+442079460999"))


DIALABLE = [
    pytest.param("+44 (0)20 7946-0100", "+4402079460100", id="punctuation goes"),
    pytest.param("*67#", "*67#", id="feature codes stay"),
    pytest.param('1"; ${SHELL(rm)} <b>2', "12", id="nothing of a dialplan, a shell or HTML"),
    pytest.param("../../3", "3", id="nothing of a path"),
    pytest.param("4\r\nVia: x5", "45", id="nothing of a header"),
    pytest.param("١٢٣７", "", id="only the ten digits of ASCII"),
    pytest.param("9" * 100, "9" * 40, id="at most forty characters"),
]


@pytest.mark.parametrize(("text", "kept"), DIALABLE)
def test_what_may_be_dialled(text: str, kept: str) -> None:
    assert dialable(text) == kept
