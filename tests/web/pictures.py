"""What a page's charts and tables tell, beside what the calls themselves do."""

from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tests.support.person import Person
from tests.support.sandbox import Call

ZONE = "America/St_Johns"
LABELS = {
    ("inbound", "answered"): "Answered",
    ("outbound", "answered"): "Answered",
    ("inbound", "missed"): "Missed",
    ("outbound", "missed"): "No answer",
    ("inbound", "voicemail"): "Voicemail",
    ("outbound", "voicemail"): "Voicemail",
}


def local_time(call: Call) -> datetime:
    """When the call came, by the viewer's clock."""
    return datetime.fromisoformat(call["created_at"]).astimezone(ZoneInfo(ZONE))


def label_of(call: Call) -> str:
    """The word that the pictures have for a call of this type."""
    return LABELS.get((call["direction"], call["call_type"]), "Unknown")


def table(person: Person, selector: str) -> dict[str, dict[str, int]]:
    """The table by the heads of its rows and columns."""
    names = [head.get_text(strip=True) for head in person.page.select(f"{selector} thead th")]
    rows = {}
    for row in person.page.select(f"{selector} tbody tr"):
        head, *cells = (cell.get_text(strip=True) for cell in row.select("th, td"))
        rows[head] = {name: int(cell.replace(",", "")) for name, cell in zip(names[1:], cells, strict=True)}
    return rows


def totals(person: Person) -> dict[str, int]:
    """The totals by their labels."""
    names = [name.get_text(strip=True) for name in person.page.select(".totals dt")]
    numbers = [number.get_text(strip=True) for number in person.page.select(".totals__number")]
    return {name: int(number.replace(",", "")) for name, number in zip(names, numbers, strict=True)}


def day_name(day: date) -> str:
    """The day as the tables name it."""
    return f"{day:%a} {day.day} {day:%b} {day.year}"


def days_of(calls: list[Call]) -> dict[str, Counter[str]]:
    """How many calls of each label came on each day."""
    days: dict[str, Counter[str]] = {}
    for call in calls:
        name = day_name(local_time(call).date())
        days.setdefault(name, Counter()).update([label_of(call), "All"])
    return days


def without_nothing(rows: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The rows and cells that count any call."""
    found = {name: {key: number for key, number in row.items() if number} for name, row in rows.items()}
    return {name: row for name, row in found.items() if row}
