"""A name that somebody types shows at once on every open page that shows its number."""

from playwright.sync_api import Page, expect

from tests.e2e.observer import violations
from tests.e2e.pages import call_ids, open_live, shown, sign_in
from tests.e2e.troubles import Visitor


def name(page: Page, name: str, company: str) -> None:
    """Fill in the form that is open."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Company").fill(company)


def test_a_name_typed_by_a_colleague_shows_in_list_title_filter_and_directory_at_once(
    shared_address: str, visitor: Visitor
) -> None:
    alice, bob = visitor(shared_address), visitor(shared_address)
    inbox, work = sign_in(alice.new_page()), sign_in(bob.new_page(), "bob")
    call_id = call_ids(inbox)[0]
    call = open_live(alice.new_page(), f"/calls/{call_id}")
    directory = open_live(alice.new_page(), "/directory")
    search = directory.get_by_role("searchbox")
    search.fill("being typed")
    open_live(inbox, "/calls")

    work.goto(f"/calls/{call_id}")
    work.get_by_text("Name this number").click()
    name(work, "<i>Zoé</i>", "Radium SA")
    assert violations(work) == []
    work.get_by_role("button", name="Save name").click()

    for page, where in ((inbox, shown(inbox, call_id)), (call, call.locator("h1"))):
        expect(where).to_contain_text("<i>Zoé</i>")
        assert page.locator("main i").count() == 0
    # In words on one line, marks keep a name's direction from the text around it.
    words = "Select call with \u2068<i>Zoé</i>\u2069, "
    box = shown(inbox, call_id).get_by_role("checkbox", name=words)
    expect(box).to_be_visible()
    assert "<i>Zoé</i>" in call.title()
    expect(directory.get_by_role("link", name="<i>Zoé</i>")).to_be_visible()
    expect(search).to_have_value("being typed")

    work.get_by_role("link", name="Edit name").first.click()
    name(work, "Zoé Curie", "Radium SA")
    work.get_by_role("button", name="Save").click()
    expect(work.locator("h1")).to_have_text("Zoé Curie")
    for where in (shown(inbox, call_id), call.locator("h1"), directory.locator("#directory")):
        expect(where).to_contain_text("Zoé Curie")

    directory.get_by_role("link", name="Zoé Curie").click()
    assert violations(directory) == []
    directory.get_by_role("button", name="Delete entry").click()
    expect(shown(inbox, call_id)).not_to_contain_text("Zoé")
    assert violations(directory) == []
    directory.get_by_role("button", name="Undo").click()
    expect(shown(inbox, call_id)).to_contain_text("Zoé Curie")
