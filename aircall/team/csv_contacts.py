"""The directory as a CSV file, and others' CSV files: Google's, Outlook's or a spreadsheet's.

Our own file is UTF-8 with commas and has one row for each entry. Its cells are guarded, see
docs/decisions/0020-csv-cells.md.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aircall.calls.phone_numbers import fold_text
from aircall.csv_cells import BYTE_ORDER_MARK, csv_text, guarded, guarded_text, unguarded
from aircall.team.entries import Entry, TeamError

SEPARATORS = (",", ";", "\t")
# Excel's own first line.
SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)
# Headers in English and French, folded, only their letters. There may be several columns of numbers.
HEADERS = {
    "name": "name displayname fullname contact nom nomcomplet nomaffiche contactname caller appelant",
    "first": "firstname givenname prenom",
    "last": "lastname surname familyname nomdefamille",
    "company": "company companyname organization organisation organizationname societe entreprise firm",
    "kind": "kind type genre",
    "number": (
        "number phone phonenumber telephone mobile mobilephone cell cellphone tel businessphone homephone"
        " primaryphone workphone companymainphone phonevalue numero numerodetelephone telephoneportable"
        " portable telephonemobile telephoneprofessionnel telephonebureau telephonedomicile telmobile"
        " telbureau telephoneprive"
    ),
}
FIELD_OF = {header: name for name, headers in HEADERS.items() for header in headers.split()}
KINDS = {
    "caller": "caller", "line": "line", "colleague": "colleague",
    "appelant": "caller", "client": "caller", "ligne": "line", "collegue": "colleague",
}  # fmt: skip


class ContactFileError(TeamError):
    """The whole file cannot be read. `reason` is "empty", "too_large", "too_many", "encoding" or "header"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Contact:
    """A contact of a file as it is written there; `line` is its first one. Empty: the file does not say."""

    line: int
    name: str = ""
    company: str = ""
    kind: str = ""
    numbers: list[str] = field(default_factory=list)
    # Why the row cannot be read at all; empty if it can.
    problem: str = ""


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, or else the code page of Western Windows."""
    has_mark = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if has_mark else ["utf-8-sig", "cp1252"]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ContactFileError("encoding")


def read_csv(text: str) -> Iterator[Contact]:
    """Yield a contact for each row that is not empty. Raises ContactFileError without number and name."""
    skipped = 0
    if found := SEPARATOR_LINE.match(text):
        text, skipped = text[found.end() :], 1
    separator, columns = _header(text, found[1] if found else "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    next(reader)
    while True:
        line = skipped + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Contact(line, problem="malformed")
            continue
        if any(cell.strip() for cell in row):
            yield _contact(line, row, columns)


def written_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the directory as a CSV file in parts: a row for each entry, a column for each of its numbers."""
    rows = list(entries)
    width = max((len(entry.numbers) for entry in rows), default=1)
    headers = ["number", *(f"number_{place}" for place in range(2, width + 1))]
    yield BYTE_ORDER_MARK + csv_text([["name", "company", "kind", *headers]])
    for entry in rows:
        texts = [guarded_text(text) for text in (entry.name, entry.company, entry.kind)]
        numbers = [guarded(number) for number in entry.numbers]
        yield csv_text([[*texts, *numbers, *[""] * (width - len(numbers))]])


def _header(text: str, separator: str) -> tuple[str, list[str]]:
    """Return the separator, and the field of each column; empty for a column that is none of ours."""
    best: tuple[str, list[str]] = ("", [])
    for candidate in separator or SEPARATORS:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=candidate), [])
        except csv.Error:
            continue
        columns = [_field(cell) for cell in header]
        if len([name for name in columns if name]) > len([name for name in best[1] if name]):
            best = (candidate, columns)
    if "number" not in best[1] or not {"name", "first", "last", "company"} & set(best[1]):
        raise ContactFileError("header")
    return best


def _field(header: str) -> str:
    plain = re.sub(r"[\W\d_]+", "", fold_text(unguarded(header)))
    return FIELD_OF.get(plain, "")


def _contact(line: int, row: Sequence[str], columns: Sequence[str]) -> Contact:
    cells: dict[str, list[str]] = {}
    for name, cell in zip(columns, row, strict=False):
        if name and (text := unguarded(cell).strip()):
            cells.setdefault(name, []).append(text)
    first, last, whole, company, kind = (
        " ".join(cells.get(name, ())) for name in ("first", "last", "name", "company", "kind")
    )
    # In French the column beside the first name is just "Nom".
    name = " ".join(filter(None, (first, last or whole))) if first else whole or last
    # Google puts several numbers into one cell.
    numbers = [part for cell in cells.get("number", ()) for part in cell.split(":::")]
    return Contact(
        line=line,
        name=name or company,
        company=company,
        # Other programs' types are none of ours.
        kind=KINDS.get(fold_text(kind), ""),
        numbers=numbers,
    )
