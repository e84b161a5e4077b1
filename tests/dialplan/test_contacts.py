"""Lists of contacts: written out, or files beside the plan, with every faulty row told by its line."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dialplan.addressbook import read_csv, read_vcards
from router.dialplan.contacts import FILE_LIMIT, Lists, read_lists
from router.dialplan.numbers import public_number
from router.dialplan.source import gather
from router.model.number import PhoneNumber

PLAN = """
company: Acme Ltd
country: GB
timezone: Europe/London
people: {alice: {name: Alice Ng, phone: PJSIP/alice}, bob: {name: Bob Iyer, phone: PJSIP/bob}}
contacts:
  key-accounts: contacts/key-accounts.csv
"""
CSV = "number,name,owner,ringtone\n"

Read = Callable[..., Lists]


def number(text: str) -> PhoneNumber:
    read = public_number(text, "GB")
    assert read is not None
    return read


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the lists of a plan. files: by their path below the plan's folder."""

    def read(plan: str = PLAN, files: Mapping[str, str | bytes] = MappingProxyType({})) -> Lists:
        (tmp_path / "acme.yaml").write_text(plan, "utf-8")
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_lists(gather(tmp_path), tmp_path)

    return read


def csv_list(read: Read, content: str | bytes) -> Lists:
    return read(files={"contacts/key-accounts.csv": content})


def cards(read: Read, content: str | bytes) -> Lists:
    plan = PLAN.replace("key-accounts.csv", "key-accounts.vcf")
    return read(plan, {"contacts/key-accounts.vcf": content})


def told(lists: Lists) -> list[str]:
    return [str(fault) for fault in lists.faults]


def names(lists: Lists) -> dict[str, str]:
    return {value: contact.name for value, contact in lists.contact_of.items()}


# ---- CSV


def test_a_csv_file_says_who_a_number_belongs_to(read: Read) -> None:
    lists = csv_list(read, CSV + "020 7946 0999,Zoë O'Neil,alice,vip\n+49 30 901820,Telko\n0843*,Robots\n")

    assert told(lists) == []
    zoe = lists.contact_of["+442079460999"]
    assert (zoe.name, zoe.owner, zoe.ringtone) == ("Zoë O'Neil", "alice", "vip")
    listed = lists.lists["key-accounts"].listed
    assert [
        listed.has(number(text)) for text in ("02079460999", "+4930901820", "0843 1234567", "0844 1234567")
    ] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "content",
    [
        "name;number\nBob;020 7946 0999\n",
        "\ufeffnumber,name\r\n020 7946 0999,Bob\r\n",
        "NUMBER , Name\n\n020 7946 0999 , Bob\n  \n",
        'ringtone,number,owner,name\n,"020 7946 0999","","Bob"',
        "number,name\r020 7946 0999,Bob\r",
    ],
    ids=["semicolons, another order", "BOM and CRLF", "capitals and blank lines", "quotes", "CR alone"],
)
def test_a_csv_file_is_read_as_spreadsheets_write_it(read: Read, content: str) -> None:
    assert names(csv_list(read, content)) == {"+442079460999": "Bob"}


def test_a_cell_may_hold_what_separates(read: Read) -> None:
    lists = csv_list(read, CSV + '020 7946 0999,"Iyer, Bob ""Bo""\nLtd",bob\n020 7946 0998,Eve,eve\n')

    assert names(lists) == {"+442079460999": 'Iyer, Bob "Bo" Ltd'}
    assert told(lists) == [
        'contacts/key-accounts.csv:4:1: owner: "eve" is no person; known: alice, bob',
    ], "lines are counted as an editor does"


FAULTY = {
    "no such column": ("number,nmae\n", ':1:1: "nmae" is no column; did you mean "name"? known: name, number'),
    "no column of numbers": ("name,owner\n", ':1:1: the column "number" is missing'),
    "a column twice": ("number,name,name\n", ':1:1: two columns are called "name"; keep one'),
    "a column without a name": ("number,,name\n", ":1:1: a column has no name"),
    "nothing at all": ("", ':1:1: the column "number" is missing'),
    "nothing but the header": ("number,name\n", ":1:1: has no numbers in it"),
    "no number": (CSV + ",Bob,,\n", ":2:1: has no number"),
    "a number that is none": (CSV + "+44 12,Bob,,\n", ':2:1: number: "+44 12" is no number in GB'),
    "who hides it": (CSV + "withheld,Bob,,\n", ':2:1: number: "withheld" is no number; a list holds numbers'),
    "another list": (CSV + "key-accounts,Bob,,\n", ':2:1: number: "key-accounts" is no number'),
    "an owner who is nobody": (
        CSV + "020 7946 0999,Bob,alicia,\n",
        ':2:1: owner: "alicia" is no person; did you mean',
    ),
    "a ringtone with more in it": (CSV + '020 7946 0999,Bob,,"a;b"\n', ':2:1: ringtone: "a;b" is no ringtone'),
    "an owner of a prefix": (CSV + "0843*,Bob,alice,\n", ":2:1: 0843* stands for many numbers; only a single one"),
    "too many values": (CSV + "020 7946 0999,Iyer,Bob,,x\n", ":2:1: has 5 values for 4 columns"),
    "a name without end": (CSV + f"020 7946 0999,{'x' * 300},,\n", ":2:1: name: has 300 characters"),
    "a quote that is not closed": (CSV + '020 7946 0999,"Bob,,\n', ":2:1: cannot be read from here on"),
    "not UTF-8": (CSV.encode() + b"020 7946 0999,Zo\xeb,,\n", ":2:1: is not UTF-8; save the file in that encoding"),
}


@pytest.mark.parametrize(("content", "what"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_row_is_told_with_its_line(read: Read, content: str | bytes, what: str) -> None:
    (first, *_) = told(csv_list(read, content))

    assert first.startswith(f"contacts/key-accounts.csv{what}")


def test_every_faulty_row_is_told_at_once_but_not_without_end(read: Read) -> None:
    rows = ["020 7946 0999,Bob,,"] + [f"{at},Bob,," for at in range(60)]
    lists = csv_list(read, CSV + "\n".join(rows))

    assert [fault.line for fault in lists.faults] == [*range(3, 53), 53]
    assert told(lists)[-1].endswith("and 10 more faults below")
    assert names(lists) == {"+442079460999": "Bob"}, "what is good of it is known, so that one fault is one fault"


def test_a_number_listed_twice_is_worth_a_warning_and_the_first_counts(read: Read) -> None:
    lists = csv_list(read, CSV + "020 7946 0999,Bob,,\n+442079460999,Eve,,\n")

    assert [str(warning) for warning in lists.warnings] == [
        "contacts/key-accounts.csv:3:1: +442079460999 is listed twice, first in line 2; this one is not used"
    ]
    assert names(lists) == {"+442079460999": "Bob"}


def test_a_number_of_two_lists_is_who_the_first_says(read: Read) -> None:
    plan = PLAN + "  others: contacts/others.csv\n"
    others = CSV + "020 7946 0999,Robert,,\n020 7946 0998,Eve,,\n"
    first = CSV + "020 7946 0999,Bob,,\n"
    lists = read(plan, {"contacts/key-accounts.csv": first, "contacts/others.csv": others})

    assert names(lists) == {"+442079460999": "Bob", "+442079460998": "Eve"}
    assert lists.numbers["others"].has(number("020 7946 0999"))


def test_a_callers_name_from_a_file_is_one_harmless_line(read: Read) -> None:
    lists = csv_list(read, CSV + '020 7946 0999,"Bob\r\nBcc: all@acme.example\x1b",,\n')

    assert names(lists) == {"+442079460999": "Bob Bcc: all@acme.example"}


# ---- vCard

VCARDS = {
    "2.1, quoted-printable over lines": (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=85ngstr=C3=B6m;Zo=\r\n=C3=AB;;;\r\n"
        "TEL;CELL;PREF:020 7946 0999\r\nEND:VCARD\r\n",
        "Zoë Ångström",
    ),
    "2.1, Latin-1": (
        "BEGIN:VCARD\nVERSION:2.1\nFN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Zo=EB\nTEL;WORK;VOICE:+442079460999\nEND:VCARD\n",
        "Zoë",
    ),
    "3.0, folded and escaped": (
        "BEGIN:VCARD\nVERSION:3.0\nFN:Iyer\\, Bob\n  \\; Ltd\nitem1.TEL;type=CELL:020 7946 0999\nEND:VCARD\n",
        "Iyer, Bob ; Ltd",
    ),
    "3.0, no FN": (
        "BEGIN:VCARD\nVERSION:3.0\nN:Iyer;Bob;;Dr;\nORG:Acme;Sales\nTEL:020 7946 0999\nEND:VCARD\n",
        "Bob Iyer",
    ),
    "3.0, a company": (
        "BEGIN:VCARD\nVERSION:3.0\nN:;;;;\nORG:Acme\\, Inc.;Sales\nTEL:020 7946 0999\nEND:VCARD\n",
        "Acme, Inc.",
    ),
    "4.0, a URI": (
        'begin:vcard\nVERSION:4.0\nFN:Bob\nTEL;VALUE=uri;TYPE="voice,home:x":tel:+44-20-7946-0999\nend:vcard',
        "Bob",
    ),
    "with a picture": (
        "BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nPHOTO;TYPE=JPEG:/9j/4AAQ\n ZJRg==\nTEL:020 7946 0999\nEND:VCARD\n",
        "Bob",
    ),
}


@pytest.mark.parametrize(("content", "name"), VCARDS.values(), ids=VCARDS.keys())
def test_a_vcard_says_who_a_number_belongs_to(read: Read, content: str, name: str) -> None:
    lists = cards(read, content)

    assert told(lists) == []
    assert names(lists) == {"+442079460999": name}


def test_a_card_may_have_several_numbers_or_none(read: Read) -> None:
    content = (
        "BEGIN:VCARD\nFN:Bob\nTEL:020 7946 0999\nTEL:07400 123456\nEND:VCARD\nBEGIN:VCARD\nFN:Eve\nEND:VCARD\n"
    )

    assert names(cards(read, content)) == {"+442079460999": "Bob", "+447400123456": "Bob"}


FAULTY_CARDS = {
    "a number that is none": (
        "BEGIN:VCARD\nFN:Bob\nTEL:*100#\nEND:VCARD\n",
        [':3:1: number: "*100#" is no number'],
    ),
    "an extension": (
        "BEGIN:VCARD\nFN:Bob\nTEL:tel:+442079460999;ext=12\nEND:VCARD\n",
        [':3:1: number: "+442079460999;ext=12" is no number'],
    ),
    "no end": ("BEGIN:VCARD\nFN:Bob\nTEL:020 7946 0999\n", [":1:1: the card has no END:VCARD"]),
    "two begun": (
        "BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nTEL:02079460999\nEND:VCARD\n",
        [":1:1: the card has no END"],
    ),
    "no card": ("<html>\n", [":1:1: expected BEGIN:VCARD"]),
    "nothing": ("", [":1:1: has no numbers in it"]),
}


@pytest.mark.parametrize(("content", "whats"), FAULTY_CARDS.values(), ids=FAULTY_CARDS.keys())
def test_a_faulty_card_is_told_with_its_line(read: Read, content: str, whats: list[str]) -> None:
    faults = told(cards(read, content))

    assert len(faults) == len(whats)
    for fault, what in zip(faults, whats, strict=True):
        assert fault.startswith(f"contacts/key-accounts.vcf{what}")


# ---- written out


def test_a_list_may_be_written_out(read: Read) -> None:
    lists = read('country: GB\ncontacts:\n  nuisance: ["+44 843*", 0870 123 4567, FR]\n  one: 020 7946 0999\n')

    assert told(lists) == []
    nuisance = lists.numbers["nuisance"]
    assert all(nuisance.has(number(text)) for text in ("+448431234567", "08701234567", "+33140205050"))
    assert lists.numbers["one"].has(number("020 7946 0999"))
    assert lists.contact_of == {}


WRONG = {
    "no number": ("nuisance: [12, 0870 123 4567]", 'acme.yaml:3:14: contacts.nuisance[0]: "12" is no number in GB'),
    "another list's name": ("a: [b]", 'contacts.a[0]: "b" is no number, no word for some and no list of contacts'),
    "withheld": ("a: [withheld]", 'contacts.a[0]: "withheld" is no number; a list holds numbers'),
    "no numbers": ("a: []", "contacts.a: expected numbers, or a file ending in .csv or .vcf"),
    "a mapping": ("a: {b: c}", "contacts.a: expected numbers, or a file"),
    "a word for callers": (
        "mobile: [0870 123 4567]",
        'contacts.mobile: "mobile" means something else among callers',
    ),
    "an extension": ('"201": [0870 123 4567]', 'contacts.201: "201" could be an extension'),
    "no name": ("Key Accounts: [0870 123 4567]", 'contacts.Key Accounts: "Key Accounts" is no name'),
    "a file that is not there": ("a: none.csv", 'contacts.a: "none.csv" is not there, or no file'),
    "a folder": ("a: folder.csv", 'contacts.a: "folder.csv" is not there, or no file'),
    "a file of another kind": (
        "a: contacts.xlsx",
        'contacts.a: "contacts.xlsx" is no list; a file of contacts ends in .csv or .vcf',
    ),
    "a file elsewhere": ("a: ../other.csv", 'contacts.a: "../other.csv" must be a path below the plan\'s folder'),
    "an absolute path": ("a: /etc/passwd.csv", 'contacts.a: "/etc/passwd.csv" must be a path below'),
    "a Windows path": ("a: contacts\\a.csv", 'contacts.a: "contacts\\a.csv" must be a path below'),
    "a way out of the folder": ("a: out.csv", 'contacts.a: "out.csv" leads out of the plan\'s folder'),
    "a file that is too long": ("a: long.csv", 'contacts.a: "long.csv" is too long; 4,000,000 bytes are possible'),
    "no list": ("[1, 2]", "contacts: expected names of lists"),
}


@pytest.mark.parametrize(("entry", "what"), WRONG.values(), ids=WRONG.keys())
def test_a_faulty_list_is_told_where_it_stands(read: Read, tmp_path: Path, entry: str, what: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "out.csv").symlink_to("/etc/hostname")
    (tmp_path / "long.csv").write_bytes(b"x" * (FILE_LIMIT + 1))
    written = f"contacts: {entry}" if entry.startswith("[") else f"contacts:\n  {entry}"

    (fault,) = told(read(f"country: GB\n{written}\n"))

    assert what in fault


def test_numbers_are_not_judged_when_the_country_is_faulty(read: Read) -> None:
    assert told(read("country: UK\ncontacts: {a: [0870 1, 12], b: [0870 1]}\n")) == []
    lists = read(PLAN.replace("GB", "UK"), {"contacts/key-accounts.csv": CSV + "12,Bob,alice,\n13,Eve,,\n"})
    assert told(lists) == []
    assert lists.warnings == []


def test_a_files_content_counts_in_the_plans_digest_and_is_kept_with_it(read: Read, tmp_path: Path) -> None:
    digests = []
    for name in ("Bob", "Eve"):
        csv_list(read, CSV + f"020 7946 0999,{name},,\n")
        source = gather(tmp_path)
        read_lists(source, tmp_path)
        assert name in source.files["contacts/key-accounts.csv"]
        digests.append(source.digest)

    assert digests[0] != digests[1]


def test_a_list_of_twenty_thousand_is_read_in_seconds(read: Read) -> None:
    rows = "\n".join(f"+4420{at:08},Customer {at},," for at in range(70_000_000, 70_020_000))
    began = time.perf_counter()
    lists = csv_list(read, CSV + rows + "\n+442079460999,One too many,,\n")

    assert told(lists) == ["contacts/key-accounts.csv:20002:1: more than 20,000 numbers in one list: split it"]
    assert len(lists.contact_of) == 20_000
    assert time.perf_counter() - began < 20.0


@given(st.text(alphabet=st.sampled_from('number,;"\r\n=:BEGIN VCARDTELFN\\0123+'), max_size=200) | st.text())
def test_whatever_is_in_a_file_it_is_read_to_an_end(text: str) -> None:
    read_csv(text)
    read_csv("number,name\n" + text)
    read_vcards(text)
    read_vcards("BEGIN:VCARD\n" + text)
