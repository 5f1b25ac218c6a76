"""What a browser lacks, or has switched off, costs that feature alone."""

from playwright.sync_api import expect

from tests.e2e.pages import call_ids, expect_live, mark, note_field, open_call, sign_in
from tests.e2e.troubles import Visitor

SWITCHED_OFF = """
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) {
    Object.defineProperty(window, name, {
      get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); },
    });
  }
  for (const name of ['clipboard', 'locks', 'serviceWorker', 'share']) {
    Object.defineProperty(Navigator.prototype, name, { value: undefined });
  }
  for (const name of ['BroadcastChannel', 'SharedWorker', 'Notification', 'requestIdleCallback',
    'navigation']) delete window[name];
"""


def test_a_browser_whose_storage_is_switched_off_is_live_and_has_its_keys(
    shared_address: str, visitor: Visitor
) -> None:
    context = visitor(shared_address)
    context.add_init_script(SWITCHED_OFF)
    page = sign_in(context.new_page())

    expect_live(page)
    page.keyboard.press("?")
    box = page.get_by_role("dialog").get_by_role("checkbox")
    box.uncheck()
    box.check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("#list [data-call-id] a:focus")).to_have_count(1)

    open_call(page, call_ids(page)[0])
    expect_live(page)
    mark(page)
    note_field(page).fill("Kept nowhere, and sent all the same")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("[data-note]").first).to_have_text("Kept nowhere, and sent all the same")
    assert page.evaluate("() => window.isMarked")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
