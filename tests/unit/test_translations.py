"""The catalogs have exactly the sentences of templates and code, with all their values and forms."""

import re
import subprocess

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.checkers import python_format
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from aircall.web import i18n
from aircall.web.assets import IN_CONTEXT, PLURALS, SENTENCES
from aircall.web.startup import CATALOGS
from tests.support.processes import ROOT

OTHERS = sorted(i18n.LANGUAGES.keys() - {i18n.DEFAULT})
VALUE = re.compile(r"%\((\w+)\)s")
TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make translations` finds in the sources as they are."""
    path = tmp_path_factory.mktemp("sentences") / "messages.pot"
    subprocess.run([ROOT / "scripts" / "gather-sentences", path], cwd=ROOT, check=True)
    with path.open("rb") as file:
        return read_po(file)


@pytest.fixture(params=OTHERS)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    """The translations of each language."""
    with (CATALOGS / request.param / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=request.param)


def messages(catalog: Catalog) -> dict[tuple[str | None, str], Message]:
    """The messages of a catalog by context and sentence, its header left out."""
    return {(each.context, str(forms(each.id)[0])): each for each in catalog if each.id}


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """The forms of a sentence: one, or singular and plural."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def test_no_sentence_is_missing_and_none_is_left_over(sentences: Catalog, catalog: Catalog) -> None:
    translated = messages(catalog)

    assert translated.keys() == messages(sentences).keys()
    assert [key for key, each in translated.items() if not all(forms(each.string)) or each.fuzzy] == []


def test_a_translation_has_the_values_and_the_tags_of_its_sentence(catalog: Catalog) -> None:
    for each in messages(catalog).values():
        known = [set(VALUE.findall(form)) | set(TAG.findall(form)) for form in forms(each.id)]
        for form in forms(each.string):
            assert set(VALUE.findall(form)) | set(TAG.findall(form)) in known, form
        python_format(catalog, each)


def test_a_translation_with_a_number_has_every_form_of_its_language(catalog: Catalog) -> None:
    plurals = [each for each in messages(catalog).values() if each.pluralizable]

    assert plurals
    assert {len(forms(each.string)) for each in plurals} == {catalog.num_plurals}


@pytest.mark.parametrize("catalog", ["fr"], indirect=True)
def test_french_spaces_and_apostrophes_are_those_of_print(catalog: Catalog) -> None:
    texts = [form for each in messages(catalog).values() for form in forms(each.string)]

    assert [text for text in texts if "'" in text or re.search(r"\w[;!?]| [;!?:»]|« ", text)] == []


def test_outside_of_a_request_the_language_is_the_default() -> None:
    assert i18n.viewer_language() == i18n.DEFAULT


def test_the_script_says_nothing_that_does_not_come_with_the_page() -> None:
    said = set()
    for path in (ROOT / "static" / "js").glob("*.js"):
        for _line, ids, *_rest in extract_from_file(
            "javascript", path, {"gettext": None, "ngettext": (1, 2)}
        ):
            said.add(ids)

    assert said == {*SENTENCES, *PLURALS, *IN_CONTEXT}
