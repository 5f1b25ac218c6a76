"""Calls with all that trips a client up: no two alike, each odd value beside ordinary ones.

Nothing here breaks the API's format: such values come from lines, callers and people, not from a broken API.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from sandbox.calls import CallJson, NoteJson, format_time
from sandbox.generated import GeneratedCalls

# A country's digits, and how many follow them.
COUNTRIES: Final = (
    ("1212", 7),
    ("33", 9),
    ("39066", 7),
    ("4420", 8),
    ("4930", 8),
    ("5511", 9),
    ("813", 8),
    ("91", 10),
    ("883510", 9),
)
SHORT_NUMBERS = ("3900", "112", "15", "611", "*100#", "36", "0", "118218")
WITHHELD = ("anonymous", "Anonymous", "Restricted", "unknown", "private", "unavailable", "+266696687", "")
TEXTS = (
    '=HYPERLINK("http://example.com","Refund")',
    "<script>alert(1)</script> <b>bold</b> &amp; {{ 7 * 7 }}",
    "العميل يريد استرداد المبلغ قبل الغد",
    "‮evil‬ and back again",
    "👩‍👩‍👧‍👦 called about 🏳️‍🌈, twice",
    "Z̸͓̈a̷̗͋l̵̢̛g̴̙̏o̶͖͝",
    "折り返しお電話ください。担当は佐藤です。",
    "\t two\r\nlines\n\n\nand \u2028 a \u00a0 gap \u200b",
    "nul \u0000, bell \u0007, half of a pair \ud83d",
    "' OR 1=1; -- \\ %s %(name)d",
    "Unbroken" * 60,
    "A long story. " * 3_500,
    " ",
    "null",
)
# Every how many calls something is odd: primes, so that all that is odd meets.
ODD_CALLER, ODD_LINE, ODD_TEXT, ODD_TIME, ODD_DURATION = 3, 5, 2, 7, 11
DURATIONS_MS = (0, 1, 999, 3_600_000, 359_999_000, 604_800_000)
DEFAULT_COUNT = 1_000
DAY = timedelta(days=1)


class AwkwardCalls(GeneratedCalls):
    """Generated calls, each with its own line and caller, and odd numbers, texts, times and durations."""

    def __init__(self, count: int, seed: int, started_at: datetime) -> None:
        super().__init__(count, seed, started_at)
        self._times = odd_times(started_at)

    def __getitem__(self, index: int, /) -> CallJson:
        call = super().__getitem__(index)
        end = "from" if call["direction"] == "inbound" else "to"
        odd: CallJson = {**call, "via": line(index)}
        odd[end] = caller(index)  # type: ignore[literal-required]  # one of two keys
        if index % ODD_TEXT == 0:
            odd["notes"] = [self._note(call, index), *call["notes"]]
        if index % ODD_TIME == 0:
            odd["created_at"] = self._times[index // ODD_TIME % len(self._times)]
        if index % ODD_DURATION == 0:
            odd["duration"] = DURATIONS_MS[index // ODD_DURATION % len(DURATIONS_MS)]
        return odd

    @staticmethod
    def _note(call: CallJson, index: int) -> NoteJson:
        return {"id": str(uuid5(NAMESPACE_OID, call["id"])), "content": TEXTS[index // ODD_TEXT % len(TEXTS)]}


def number(index: int) -> str:
    """Return a number of some country, another for each index."""
    prefix, digits = COUNTRIES[index % len(COUNTRIES)]
    # A prime step visits every number once before one comes again.
    return f"+{prefix}{index * 7_368_787 % 10**digits:0{digits}}"


def caller(index: int) -> str:
    """Return the other end's number: SIP, short, withheld or badly written for every third call."""
    if index % ODD_CALLER:
        return number(index)
    turn, kind = divmod(index // ODD_CALLER, 4)
    if kind == 0:
        return f"sip:caller-{index}@example.com;transport=tls"
    if kind == 1:
        return SHORT_NUMBERS[turn % len(SHORT_NUMBERS)]
    if kind == 2:
        return WITHHELD[turn % len(WITHHELD)]
    digits = number(index)[1:]
    return (f"00{digits}", f"{digits[:2]} {digits[2:5]}-{digits[5:]}", f"tel:+{digits};ext={index}")[turn % 3]


def line(index: int) -> str:
    """Return the call's own line: a SIP address for every fifth call."""
    return number(index + 1) if index % ODD_LINE else f"sip:line-{index}@pbx.example.com"


def odd_times(now: datetime) -> list[str]:
    """Return times that are easily misread: ties, edges of days and of summer time, long ago, ahead."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    summer = [f"{now.year}-{day}.000Z" for day in ("03-29T00:59:59", "03-29T01:00:00", "10-25T00:30:00")]
    return [
        *(format_time(midnight - timedelta(milliseconds=back)) for back in (0, 0, 0, 1)),
        format_time(now + timedelta(seconds=2)),
        format_time(now + DAY),
        *summer,
        "2024-02-29T23:59:59.999Z",
        "1999-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00.000Z",
    ]
