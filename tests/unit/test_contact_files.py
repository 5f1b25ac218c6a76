"""Contacts of other programs' files: CSV of Google, Outlook and Excel, vCards of phones; and our own."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.csv_cells import FORMULA_BEGINNINGS
from aircall.team.csv_contacts import Contact, ContactFileError, decoded, read_csv, written_csv
from aircall.team.entries import Draft, Entry, InvalidEntryError, Kind
from aircall.team.vcards import is_vcards, read_vcards, written_vcards

GOOGLE = """\
First Name,Last Name,Organization Name,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Value
Marie,Dupont,Acme,marie@acme.example,Mobile,+33 6 12 34 56 78 ::: +33 1 89 39 39 46,+33 1 00 00 00 01
,,Globex,,Work,+34 911 23 45 67,
"""
OUTLOOK_FR = """\
Prénom;Nom;Société;Adresse de messagerie;Téléphone (bureau);Téléphone mobile\r
Émile;Zola;"Éditions ""Nana""\r
et fils";emile@example.com;01 89 39 39 46;+33612345678\r
\r
;Hugo;;;;+33612345679\r
"""
PHONE_21 = """\
BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=47=61=72=63=C3=AD=61;=4A=6F=73=C3=A9;;;\r
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4A=6F=73=C3=A9 =\r
=47=61=72=63=C3=AD=61\r
TEL;CELL;PREF:+34911234567\r
TEL;X-Custom(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=46=6F=6F):0612345678\r
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD\r
 TEL:+1000000000\r
\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\r
ORG:Acme;Einkauf\r
TEL;WORK:+49 30 123456\r
END:VCARD\r
"""
PHONE_30 = """\
BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 17.0//EN
N:Dupont;Marie;Anne;Mme;
FN:Marie Anne Dupont\\, Acheteuse principale de toute l'Eur
 ope
ORG:Dupont\\; Fils & Cie;Achats
item1.TEL;type=pref:+33 1 89 39 39 46
item1.X-ABLabel:Standard
TEL;type="CELL:x":+33612345678
CATEGORIES:Colleague
END:VCARD
"""
PHONE_40 = """\
begin:vcard
VERSION:4.0
FN;LANGUAGE=fr:Support FR
TEL;VALUE=uri;TYPE="voice,work":tel:+33-1-89-39-39-46;ext=5
AGENT:BEGIN:VCARD
END:vcard
"""


def contacts(text: str) -> list[tuple[int, str, str, str, list[str]]]:
    """Line, name, company, kind and numbers of each contact of a file."""
    found = read_vcards(text) if is_vcards(text) else read_csv(text)
    return [(one.line, one.name, one.company, one.kind, one.numbers) for one in found if not one.problem]


def entry(name: str, *numbers: str, company: str = "", kind: Kind = Kind.CALLER) -> Entry:
    """An entry with these texts."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Entry(
        id=1, version=1, name=name, company=company, kind=kind, numbers=numbers, updated_at=at, updated_by=""
    )


def test_contacts_of_google_are_read() -> None:
    marie, globex = contacts(GOOGLE)

    assert marie[:4] == (2, "Marie Dupont", "Acme", "")
    assert [number.strip() for number in marie[4]] == [
        "+33 6 12 34 56 78",
        "+33 1 89 39 39 46",
        "+33 1 00 00 00 01",
    ]
    assert globex == (3, "Globex", "Globex", "", ["+34 911 23 45 67"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_contacts_of_a_french_outlook_are_read_in_every_encoding(encoding: str) -> None:
    emile, hugo = contacts(decoded(OUTLOOK_FR.encode(encoding)))

    assert emile == (2, "Émile Zola", 'Éditions "Nana"\r\net fils', "", ["01 89 39 39 46", "+33612345678"])
    # Its line in the file, though rows before it had more than one, or none.
    assert hugo == (5, "Hugo", "", "", ["+33612345679"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("first_line", ["", "sep={}\r\n"])
def test_every_separator_is_found(separator: str, first_line: str) -> None:
    rows = ["Name,Phone,Type", "A B,+331,ligne", "C,+332,friend"]
    text = first_line.format(separator) + "\r\n".join(row.replace(",", separator) for row in rows)

    shift = 1 if first_line else 0
    assert contacts(text) == [(2 + shift, "A B", "", "line", ["+331"]), (3 + shift, "C", "", "", ["+332"])]


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "Marie,+33612345678", "name,email\nMarie,m@example.com", "number\n+33612345678", "\x00" * 9],
)
def test_a_file_without_a_header_of_names_and_numbers_is_refused(text: str) -> None:
    with pytest.raises(ContactFileError) as refused:
        contacts(text)

    assert refused.value.reason == "header"


def test_a_row_that_cannot_be_read_has_a_problem_and_the_others_are_read() -> None:
    text = f"name,number\nA,+331\nB,{'9' * 200_000}\nC,+333\n"

    found = list(read_csv(text))

    assert [(one.line, one.name, one.problem) for one in found] == [
        (2, "A", ""),
        (3, "", "malformed"),
        (4, "C", ""),
    ]


def test_cards_of_a_phone_of_version_2_1_are_read() -> None:
    assert contacts(PHONE_21) == [
        (1, "José García", "", "", ["+34911234567", "0612345678"]),
        (12, "Jörg Müller", "Acme", "", ["+49 30 123456"]),
    ]


def test_cards_of_version_3_0_are_read() -> None:
    name = "Marie Anne Dupont, Acheteuse principale de toute l'Europe"
    numbers = ["+33 1 89 39 39 46", "+33612345678"]
    assert contacts(PHONE_30) == [(1, name, "Dupont; Fils & Cie", "colleague", numbers)]
    assert contacts("\ufeff" + PHONE_30.replace("\n", "\r")) == contacts(PHONE_30)


def test_cards_of_version_4_0_are_read() -> None:
    assert contacts(PHONE_40) == [(1, "Support FR", "", "", ["+33-1-89-39-39-46"])]


def test_a_long_name_that_ends_in_a_backslash_is_read_at_once() -> None:
    (card,) = contacts("BEGIN:VCARD\nN:" + "a" * 1_000_000 + "\\\nEND:VCARD\n")

    assert len(card[1]) == 1_000_001


def test_a_card_that_never_ends_has_a_problem() -> None:
    found = list(read_vcards(f"{PHONE_40}BEGIN:VCARD\nFN:Marie\n"))

    assert [(one.line, one.problem) for one in found] == [(1, ""), (7, "malformed")]


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    list(read_vcards(f"BEGIN:VCARD\n{text}\nEND:VCARD\n"))
    list(read_csv(f"name,number\n{text}"))


NAMES = st.text(
    st.sampled_from("'=+-@;,\\:\"aé\u4e2d 1") | st.characters(codec="utf-8"), min_size=1, max_size=100
)


@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(Kind)), max_size=5))
def test_our_own_files_are_read_as_they_were_written(texts: list[tuple[str, str, Kind]]) -> None:
    entries = []
    for place, (name, company, kind) in enumerate(texts):
        numbers = [f"+3360000000{place}", f"+3361000000{place}"][: 1 + place % 2]
        try:
            draft = Draft.of(name=name, company=company, kind=kind, numbers=numbers)
        except InvalidEntryError:
            continue
        entries.append(entry(draft.name, *draft.numbers, company=draft.company, kind=draft.kind))
    wanted = [(one.name, one.company, one.kind, one.numbers) for one in entries]

    as_csv = read_csv(decoded("".join(written_csv(entries)).encode()))
    as_cards = read_vcards("".join(written_vcards(entries)))

    assert [as_written(contact) for contact in as_csv] == wanted
    assert [as_written(contact) for contact in as_cards] == wanted


def as_written(contact: Contact) -> tuple[str, str, Kind, tuple[str, ...]]:
    draft = Draft.of(name=contact.name, company=contact.company, kind=contact.kind, numbers=contact.numbers)
    return draft.name, draft.company, draft.kind, draft.numbers


def test_no_cell_of_our_file_is_a_formula() -> None:
    entries = [entry("=cmd|' /C calc'!A0", "+33189393946", company="@SUM(1;2)"), entry("a;=1", "+1")]

    rows = list(csv.reader(io.StringIO("".join(written_csv(entries)).removeprefix("\ufeff"), newline="")))

    assert rows[0] == ["name", "company", "kind", "number"]
    formulas = [cell for row in rows for cell in row if cell[:1] in FORMULA_BEGINNINGS]
    # What has only digits after its sign does no harm.
    assert formulas == ["+33189393946", "+1"]
    assert rows[2][0] == "a;'=1"


def test_lines_of_our_cards_are_short_enough() -> None:
    (card,) = written_vcards([entry("É" * 120, "+33189393946")])

    assert max(len(line.encode()) for line in card.split("\r\n")) <= 75
    assert contacts(card)[0][1] == "É" * 120
