"""The directory as vCards, and others' vCards: 2.1 as phones export them, 3.0 (RFC 2426) and 4.0 (RFC 6350).

Names, organisation, numbers and one of our kinds as a category are read; everything else, such as pictures,
is skipped. No library for them is kept up.
"""

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from aircall.calls.phone_numbers import fold_text
from aircall.team.csv_contacts import KINDS, Contact
from aircall.team.entries import Entry

# Octets of a line, by RFC 2426.
MAX_LINE = 75
BEGINNING = re.compile(r"[\ufeff\s]*begin\s*:\s*vcard\s*(?:[\r\n]|$)", re.IGNORECASE)
LINE_BREAK = re.compile("\r\n|\r|\n")
# A group, a name, and parameters, each of which may be quoted.
PROPERTY = re.compile(r'(?:[\w-]+\.)?([A-Za-z0-9-]+)((?:;(?:[^":;]|"[^"]*")*)*):(.*)', re.DOTALL)
PARAMETER = re.compile(r';((?:[^":;]|"[^"]*")*)')
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# A backslash may also be the last character: nothing is matched twice, however long a value is.
PART = re.compile(r"((?:[^\\;]|\\.?)*)(?:;|$)", re.DOTALL)
READ = frozenset({"begin", "end", "fn", "n", "org", "tel", "categories"})


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a card, with its value decoded and not unescaped."""

    line: int
    name: str
    value: str


def is_vcards(text: str) -> bool:
    """Return whether this is the text of a file of vCards."""
    return BEGINNING.match(text) is not None


def read_vcards(text: str) -> Iterator[Contact]:
    """Yield a contact for each card; one that never ends, or does not begin, has a problem."""
    contact: Contact | None = None
    depth = 0
    names: dict[str, str] = {}
    for prop in _properties(text):
        what = prop.value.strip().casefold()
        if prop.name == "begin" and what == "vcard":
            # A card within a card (AGENT) is that of a contact's assistant.
            depth += 1
            if depth == 1:
                contact, names = Contact(prop.line), {}
        elif prop.name == "end" and what == "vcard":
            depth = max(0, depth - 1)
            if contact and depth == 0:
                yield _named(contact, names)
                contact = None
        elif contact and depth == 1:
            _take(contact, names, prop)
    if contact:
        contact.problem = "malformed"
        yield contact


def written_vcards(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the directory as vCards 3.0, one at a time."""
    for entry in entries:
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(entry.name)}", f"N:{_escaped(entry.name)};;;;"]
        if entry.company:
            lines.append(f"ORG:{_escaped(entry.company)}")
        lines += [f"TEL:{_escaped(number)}" for number in entry.numbers]
        lines += [f"CATEGORIES:{entry.kind}", "END:VCARD"]
        yield "".join(f"{_folded(line)}\r\n" for line in lines)


def _properties(text: str) -> Iterator[Property]:
    for line, content in _unfolded(text.removeprefix("\ufeff")):
        found = PROPERTY.fullmatch(content)
        if found and (name := found[1].casefold()) in READ:
            yield Property(line, name, _decoded(found[3], found[2]))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Yield each logical line with its number: lines that begin with a blank continue the one before.

    In quoted-printable a line that ends with an equals sign goes on in the next one.
    """
    parts: list[str] = []
    began = 1
    is_soft = is_quoted = False
    for number, line in enumerate(LINE_BREAK.split(text), 1):
        if parts and is_soft:
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        elif parts and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        else:
            if parts:
                yield began, "".join(parts)
            parts, began = [line], number
            is_quoted = "quoted-printable" in line.partition(":")[0].casefold()
        is_soft = is_quoted and line.endswith("=")
    if parts:
        yield began, "".join(parts)


def _decoded(value: str, parameters: str) -> str:
    charset, is_quoted = "utf-8", False
    for parameter in PARAMETER.findall(parameters):
        name, _, given = parameter.casefold().partition("=")
        given = given.strip('" ')
        if name.strip() == "charset" and given:
            charset = given
        # Version 2.1 also knows encodings without a name.
        is_quoted = is_quoted or "quoted-printable" in (given, name.strip())
    if not is_quoted:
        return value
    octets = quopri.decodestring(value.encode("utf-8", "surrogatepass"))
    try:
        return octets.decode(charset)
    except (LookupError, UnicodeDecodeError, ValueError):
        return octets.decode("cp1252", "replace")


def _take(contact: Contact, names: dict[str, str], prop: Property) -> None:
    if prop.name == "tel":
        contact.numbers.append(_number(prop.value))
    elif prop.name == "categories":
        contact.kind = contact.kind or KINDS.get(fold_text(_unescaped(prop.value)).strip(), "")
    elif prop.name == "n":
        family, given, additional, *_others = [*_parts(prop.value), "", "", ""]
        names.setdefault("n", " ".join(filter(None, (given, additional, family))))
    elif prop.name == "org":
        names.setdefault("org", _parts(prop.value)[0])
    elif prop.name == "fn":
        names.setdefault("fn", _unescaped(prop.value))


def _named(contact: Contact, names: dict[str, str]) -> Contact:
    contact.company = names.get("org", "")
    contact.name = next((text for key in ("fn", "n", "org") if (text := names.get(key, "").strip())), "")
    return contact


def _number(value: str) -> str:
    """Return a number as people write it; a `tel:` address without what follows the number in it."""
    text = _unescaped(value).strip()
    if text[:4].casefold() == "tel:":
        return unquote(text[4:].partition(";")[0])
    return text


def _parts(value: str) -> list[str]:
    return [_unescaped(part).strip() for part in PART.findall(value)]


def _unescaped(value: str) -> str:
    return ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text)


def _folded(line: str) -> str:
    """Return the line in parts of at most MAX_LINE octets, without breaking a character."""
    parts = [""]
    size = 0
    for char in line:
        size += len(char.encode())
        if size > MAX_LINE:
            parts.append("")
            # The blank that begins a continuation.
            size = 1 + len(char.encode())
        parts[-1] += char
    return "\r\n ".join(parts)
