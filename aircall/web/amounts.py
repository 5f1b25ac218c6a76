"""How many, in the viewer's language: template filters like those of `formatting`. English elsewhere."""

from collections.abc import Sequence
from functools import lru_cache

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal

from aircall.web.language import viewer_locale
from aircall.web.words import gettext as _
from aircall.web.words import ngettext


def count(number: int) -> str:
    """The number with its thousands apart, `94,000`."""
    return number_text(number, viewer_locale())


@lru_cache(maxsize=10_000)
def number_text(number: int, locale: Locale) -> str:
    """The number as it is written in this locale."""
    return format_decimal(number, locale=locale)


def counted_calls(number: int) -> str:
    """How many calls, `1 call` or `94,000 calls`."""
    return ngettext("%(number)s call", "%(number)s calls", number, number=count(number))


def times(number: int) -> str:
    """How often, `once`, `twice` or `3 times`."""
    if number == 1:
        return _("once")
    return _("twice") if number == 2 else _("%(number)s times", number=count(number))


def share(number: int, total: int) -> str:
    """The number as a share of the total, `25%`; a little is not 0%, and not quite all is not 100%."""
    percent = round(100 * number / total)
    if percent == 0 and number:
        return _("under %(number)s%%", number=1)
    if percent == 100 and number < total:
        return _("over %(number)s%%", number=99)
    return _("%(number)s%%", number=percent)


def listed(texts: Sequence[str]) -> str:
    """Several things that belong together, `3 answered, 1 missed`."""
    return format_list(texts, style="unit", locale=viewer_locale())
