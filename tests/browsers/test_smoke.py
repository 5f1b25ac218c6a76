"""A working day in Firefox and in WebKit, the engine of Safari: what every browser has to do alike."""

from typing import Any

from tests.browsers.webdriver import Browser
from tests.e2e.observer import AXE, RUN_AXE
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

CALL = "[data-archived='false']"
IS_LIVE = "document.documentElement.dataset.connection === 'live'"
STATE = "document.querySelector(`[data-call-id='${arguments[0]}']`)?.dataset.archived === arguments[1]"
FOCUSED = "document.activeElement.closest('[data-call-id]')?.dataset.callId === arguments[0]"
NOTE = "Rappelé, tout va bien ✓"
TEXT = "document.body.textContent.includes(arguments[0])"
# Whether nothing else lies on the middle of any that are shown.
IS_UNCOVERED = """[...document.querySelectorAll(arguments[0])].every((element) => {
  if (element.getClientRects().length === 0) return true;
  const { x, y, width, height } = element.getBoundingClientRect();
  const top = document.elementFromPoint(x + width / 2, y + height / 2);
  return top !== null && element.contains(top);
})"""
DIALOG = "document.getElementById('keys')"
# A dialog that is stretched is higher than its content, or stretches that.
FITS = f"""(() => {{
  const dialog = {DIALOG};
  const {{ top, bottom, height }} = dialog.getBoundingClientRect();
  dialog.style.height = 'max-content';
  const content = dialog.getBoundingClientRect().height;
  dialog.style.height = '';
  return height > 0 && Math.abs(height - content) < 2 && top >= 0 && bottom <= innerHeight;
}})()"""


def log_in(browser: Browser) -> None:
    browser.open("/login")
    browser.write("#username", "alice")
    browser.write("#password", "any")
    browser.click(".login__send")
    browser.expect("document.querySelector('[data-logout]')")


def first_call(browser: Browser) -> str:
    """The first call of the page that is in the inbox."""
    browser.expect(f"document.querySelector({CALL!r})")
    call_id: str = browser.run(f"return document.querySelector({CALL!r}).dataset.callId")
    return call_id


def violations(browser: Browser) -> list[str]:
    run = f"{AXE}; const done = arguments[arguments.length - 1]; ({RUN_AXE})().then((found) => done(found));"
    found: dict[str, Any] = browser.run_async(run)
    return [f"{each['id']}: {node['target']}" for each in found["violations"] for node in each["nodes"]]


def test_a_call_is_archived_live_and_undone(browser: Browser, sandbox: Sandbox) -> None:
    log_in(browser)
    browser.open("/calls?view=all")
    browser.expect(IS_LIVE)
    call_id = first_call(browser)

    sandbox.archive(call_id)
    browser.expect(STATE, call_id, "true")
    row = f"[data-call-id='{call_id}']"
    browser.click(f"{row} button[name=archived]")
    browser.expect(STATE, call_id, "false")
    browser.click("[data-undo]")
    browser.expect(STATE, call_id, "true")
    # It shows before it is sent.
    wait_until(lambda: sandbox.call(call_id)["is_archived"], what="the call archived at the API")


def test_keys_go_through_the_list_and_are_explained(browser: Browser) -> None:
    log_in(browser)
    browser.expect(IS_LIVE)
    call_id = first_call(browser)

    browser.press("?")
    browser.expect(f"{DIALOG}.open")
    browser.expect(FITS)
    browser.press("\ue00c")
    browser.expect(f"!{DIALOG}.open")
    browser.press("j")
    browser.expect(
        "document.activeElement.closest('[data-call-id]')?.dataset.callId === arguments[0]", call_id
    )
    browser.press("o")
    browser.expect("location.pathname === `/calls/${arguments[0]}`", call_id)


def test_a_note_is_written(browser: Browser, sandbox: Sandbox) -> None:
    log_in(browser)
    call_id = first_call(browser)
    browser.open(f"/calls/{call_id}")

    browser.write("textarea[name=content]", NOTE)
    browser.click("button", "Add note")

    browser.expect(
        "document.querySelector('[data-note]')?.textContent.includes(arguments[0])", "Rappelé, tout"
    )
    wait_until(lambda: sandbox.call(call_id)["notes"], what="the note at the API")
    assert sandbox.call(call_id)["notes"][0]["content"] == "Rappelé, tout va bien ✓"


def test_the_pages_pass_axe_light_and_dark_and_speak_french(browser: Browser) -> None:
    log_in(browser)
    call_id = first_call(browser)
    for theme in ("Light", "Dark"):
        browser.open("/calls?view=all")
        browser.click("button[name=theme]", theme)
        browser.expect("document.documentElement.dataset.theme === arguments[0]", theme.lower())
        for path in ("/calls?view=all", f"/calls/{call_id}", "/insights"):
            browser.open(path)
            assert violations(browser) == [], (theme, path)
    assert browser.run("return getComputedStyle(document.body).colorScheme") == "dark"

    browser.click("button[name=language]", "Français")
    browser.expect("document.documentElement.lang === 'fr'")
    browser.expect(TEXT, "Se déconnecter")


def test_all_but_what_is_live_works_without_scripts(plain_browser: Browser, sandbox: Sandbox) -> None:
    browser = plain_browser
    log_in(browser)
    browser.open("/calls?view=all")
    call_id = first_call(browser)

    browser.click(f"[data-call-id='{call_id}'] button[name=archived]")
    browser.expect("document.querySelector('[data-notice]')")
    assert sandbox.call(call_id)["is_archived"]
    browser.run("window.scrollTo(0, document.body.scrollHeight)")
    browser.expect(IS_UNCOVERED, ".footer button")
    browser.click("[data-undo]")
    browser.expect(STATE, call_id, "false")
