"""How much a browser has to load: so many bytes and requests, not more."""

import gzip
from urllib.parse import urlsplit

import pytest
import requests

from tests.e2e.troubles import Visitor
from tests.support.dashboard import COOKIE, TIMEOUT, log_in
from tests.support.processes import ROOT

ROWS = 50
# In bytes, as they are sent. Browsers keep scripts, styles and icons; build.mjs has the same limit for them.
# Half of a list are the rows: ids, numbers, times, notes, which hardly compress. The rest are filters, chart,
# keys and commands. The larger language is French.
ASSETS_LIMIT, LIST_LIMIT = 40_000, 14_200
REQUESTS_LIMIT = 6
BUILT = (".js", ".css", ".svg")

# The page itself, and whatever else had begun by the time it was loaded.
REQUESTS_BEFORE_LOAD = """() => {
  const { loadEventStart } = performance.getEntriesByType('navigation')[0];
  return ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
    .filter(({ startTime }) => startTime < loadEventStart).map(({ name }) => name);
}"""


def test_scripts_styles_and_icons_are_small_in_all() -> None:
    built = [path for path in (ROOT / "static" / "dist").iterdir() if path.suffix in BUILT]

    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in built}

    assert {path.suffix for path in built} == set(BUILT)
    assert sum(sizes.values()) <= ASSETS_LIMIT, sizes


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_list_of_fifty_calls_is_small(address: str, language: str) -> None:
    page = f"{address}/calls?view=all&per_page={ROWS}"
    headers = {"Accept-Encoding": "br", "Accept-Language": language}
    cookies = {COOKIE: log_in(address)}

    with requests.get(page, headers=headers, cookies=cookies, timeout=TIMEOUT, stream=True) as answer:
        sent = answer.raw.read(decode_content=False)

    plain = requests.get(page, cookies=cookies, timeout=TIMEOUT).text
    assert plain.count(' data-call-id="') == ROWS
    assert answer.headers["Content-Encoding"] == "br"
    assert len(sent) <= LIST_LIMIT


def test_a_first_visit_takes_few_requests(shared_address: str, visitor: Visitor) -> None:
    # A page in a language other than English has one file more.
    context = visitor(shared_address, locale="fr-FR")
    cookie = {
        "name": f"{COOKIE}-{urlsplit(shared_address).port}",
        "value": log_in(shared_address),
        "url": shared_address,
    }
    asked = {}

    for path in ("/login", "/calls", "/insights"):
        page = context.new_page()
        page.goto(path)
        asked[path] = page.evaluate(REQUESTS_BEFORE_LOAD)
        context.add_cookies([cookie])  # type: ignore[list-item]  # it is one

    assert [urlsplit(names[0]).path for names in asked.values()] == list(asked)
    assert {path: names for path, names in asked.items() if not 3 <= len(names) <= REQUESTS_LIMIT} == {}
