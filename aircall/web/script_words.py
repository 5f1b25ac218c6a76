"""The sentences that the script says, for pages in another language than its own English."""

from flask import Flask

from aircall.web.words import gettext, marked, marked_plural, ngettext

SENTENCES = (
    marked("Reconnecting"),
    marked("Live"),
    marked("Offline"),
    marked("Since %(time)s"),
    marked("No network since %(time)s. What you see may be out of date; what you type is kept."),
    marked("Changes made elsewhere have not come through since %(time)s. Everything else works."),
    marked("Changes may come late since %(time)s: the page asks every 30 seconds. You can go on working."),
    marked("No answer came, so this may or may not have been done. Look before you try again."),
    marked("This could not be done."),
    marked("The calls could not be read. Check your connection and try again."),
    marked("New calls available."),
    marked("No longer there"),
)
PLURALS = (
    marked_plural("%(number)s call updated.", "%(number)s calls updated."),
    marked_plural("%(number)s selected", "%(number)s selected"),
    marked_plural("%(number)s other", "%(number)s others"),
    marked_plural("%(names)s is viewing", "%(names)s are viewing"),
)
# Why the link to the events is down, as far as that is said in words; the rest is for whoever looks after it.
REASONS = (
    marked("connecting"),
    marked("nobody is signed in"),
    marked("reading what was missed"),
)


def register(app: Flask) -> None:
    """Give templates `script_words`."""
    app.jinja_env.globals["script_words"] = script_words


def script_words() -> dict[str, str | list[str]]:
    """The sentences in the viewer's language, by the English ones; singular and plural by the English plural.

    Their values are not put in yet.
    """
    return {sentence: gettext(sentence) for sentence in SENTENCES + REASONS} | {
        many: [_form(one, many, number) for number in (1, 2)] for one, many in PLURALS
    }


def _form(one: str, many: str, number: int) -> str:
    return ngettext(one, many, number, number="%(number)s", names="%(names)s")
