"""YAML text becomes values as they were written, and nothing in a file can hang or break the reading."""

import pytest

from router.dialplan.reading import VALUES_LIMIT, read

SCALARS = {
    "E.164": ("+442079460100", "+442079460100"),
    "a national number": ("020 7946 0100", "020 7946 0100"),
    "a number with a leading zero": ("0777", "0777"),
    "octal in YAML 1.1": ("0o17", "0o17"),
    "hexadecimal": ("0x1F", "0x1F"),
    "a time": ("10:30", "10:30"),
    "sexagesimal in YAML 1.1": ("1:2:3", "1:2:3"),
    "Norway": ("NO", "NO"),
    "yes": ("yes", "yes"),
    "off": ("off", "off"),
    "capital True": ("True", "True"),
    "a date": ("2026-12-25", "2026-12-25"),
    "a date and time": ("2026-11-24 10:00", "2026-11-24 10:00"),
    "an extension": ("600", 600),
    "zero": ("0", 0),
    "a negative number": ("-5", "-5"),
    "a fraction": ("1.5", "1.5"),
    "an exponent": ("1e5", "1e5"),
    "underscores": ("1_000", "1_000"),
    "infinity": (".inf", ".inf"),
    "as many digits as E.164 has": ("123456789012345", 123456789012345),
    "more digits than a number needs": ("1234567890123456", "1234567890123456"),
    "true": ("true", True),
    "false": ("false", False),
    "null": ("null", None),
    "a tilde": ("~", None),
    "nothing": ("", None),
    "quoted digits": ("'600'", "600"),
    "quoted true": ('"true"', "true"),
    "the empty text": ("''", ""),
    "a merge key is a plain key": ("{<<: x}", {"<<": "x"}),
    "keys are text": ("{600: a, true: b, 2026-12-25: c}", {"600": "a", "true": "b", "2026-12-25": "c"}),
}


@pytest.mark.parametrize(("written", "value"), SCALARS.values(), ids=SCALARS.keys())
def test_a_scalar_means_what_is_written(written: str, value: object) -> None:
    reading = read(f"key: {written}".encode(), "acme.yaml")

    assert reading.faults == []
    assert reading.value == {"key": value}
    assert type(reading.value["key"]) is type(value)


def test_each_key_and_value_has_its_place() -> None:
    reading = read("départements:\n  - é: x\n    ü:  [1, y]\n".encode(), "acme.yaml")

    key, value = reading.keys["départements", 0, "ü"], reading.values["départements", 0, "ü", 1]
    assert (key.file, key.line, key.column) == ("acme.yaml", 3, 5)
    assert (value.line, value.column) == (3, 13)
    assert str(value) == "acme.yaml:3: départements[0].ü[1]"


WRONG = {
    "not UTF-8": (b"a: 1\nb: \xff", "acme.yaml:2:4: is not UTF-8; save the file in that encoding"),
    "UTF-16": ("a: 1".encode("utf-16"), "acme.yaml:1:1: is not UTF-8; save the file in that encoding"),
    "a control character": ("é: 1\nüb: \x07".encode(), "acme.yaml:2:5: character 0x07 is not allowed in YAML"),
    "a control character after a byte order mark": (
        b"\xef\xbb\xbfa: \x00",
        "acme.yaml:1:4: character 0x00 is not allowed in YAML",
    ),
    "a key that is a list": (
        b"? [a]\n: 1",
        "acme.yaml:1:3: a key must be a plain word; is a brace before this not closed?",
    ),
    "a key that is an alias": (
        b"*a : 1",
        "acme.yaml:1:1: a key must be a plain word; is a brace before this not closed?",
    ),
    "no end": (
        b"a: 'b",
        "acme.yaml:1:6: while scanning a quoted scalar, found unexpected end of stream (a quote is not closed)",
    ),
    "a key indented less than its neighbours": (
        b"a:\n    b: 1\n  c: 2",
        "acme.yaml:3:3: while parsing a block mapping, did not find expected key "
        "(keys of one entry begin in the same column)",
    ),
    "a key indented more than its neighbours": (
        b"a: 1\n  b: 2",
        "acme.yaml:2:4: mapping values are not allowed in this context "
        '(is this line or the one before indented wrongly? quote text with ": " in it)',
    ),
    "no space after a colon": (
        b"a: 1\nb:2\nc: 3",
        "acme.yaml:3:1: while scanning a simple key, could not find expected ':' "
        "(in the line before: a key is followed by : and a space)",
    ),
    "a list's entry without its dash": (
        b"a:\n  - b\n  c: 1",
        "acme.yaml:3:3: while parsing a block collection, did not find expected '-' indicator "
        "(entries of one list begin in the same column, each with a dash)",
    ),
    "a bracket that stays open": (
        b"a: [b, c\nd: 1",
        "acme.yaml:2:2: while parsing a flow sequence, did not find expected ',' or ']' "
        "(is a bracket, brace or quote before this not closed?)",
    ),
    "a bare star": (
        b"a: {*: b}",
        "acme.yaml:1:6: while scanning an alias, did not find expected alphabetic or numeric character "
        '(quote text that begins with *, such as "*")',
    ),
    "too large": (
        b"#" * 4_000_001,
        "acme.yaml:1:1: the file has 4,000,001 bytes, a dial plan may have 4,000,000: split it",
    ),
}


@pytest.mark.parametrize(("content", "fault"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_yaml_is_one_fault_at_its_place(content: bytes, fault: str) -> None:
    reading = read(content, "acme.yaml")

    assert [str(fault) for fault in reading.faults] == [fault]
    assert reading.value is None


HOSTILE = {
    "nested lists": b"[" * 1_000_000,
    "nested mappings": b"{a: " * 500_000,
    "nested on one line": b"- " * 1_000_000,
    "nested duplicates": b"{a: 1, a: " * 200_000,
    "many values": b"- a\n" * (VALUES_LIMIT + 1),
    "many duplicates": b"a: 1\n" * 200_000,
    "a billion laughs": b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(50)),
    "many anchors": b"&a " * 1_000_000,
    "one long word": b"'" * 3_999_999,
    "many directives": b"%TAG ! x\n" * 100_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_a_fault_and_not_a_hang(content: bytes) -> None:
    assert read(content, "acme.yaml").faults


@pytest.mark.parametrize("content", [b"", b"# nothing yet\n", b"---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_no_fault_of_its_own(content: bytes) -> None:
    reading = read(content, "acme.yaml")

    assert reading.value is None
    assert reading.faults == []


def test_the_first_of_two_equal_keys_is_kept_and_both_are_named() -> None:
    reading = read(b"a: 1\nb: 2\na: {c: 1, c: 2}\n", "acme.yaml")

    assert reading.value == {"a": 1, "b": 2}
    assert [str(fault) for fault in reading.faults] == [
        "acme.yaml:3:1: a: is written twice, first in line 1; keep one",
        "acme.yaml:3:11: a (second).c: is written twice, first in line 3; keep one",
    ]
    assert reading.values["a",].line == 1
