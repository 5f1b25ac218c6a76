// Examples for javascript.yaml: after `ruleid` what a rule has to find, after `ok` what it has to leave.

export function show(element, text) {
  // ruleid: markup-from-a-string
  element.innerHTML = text;
  // ruleid: markup-from-a-string
  element.insertAdjacentHTML('beforeend', text);
  // ok: markup-from-a-string
  element.textContent = text;
  // ruleid: code-from-a-string
  eval(text);
  // ruleid: code-from-a-string
  setTimeout('show()', 100);
  // ok: code-from-a-string
  setTimeout(show, 100);
  // ruleid: message-from-elsewhere
  addEventListener('message', show);
  // ok: message-from-elsewhere
  addEventListener('click', show);
  // ruleid: request-to-another-site
  fetch('https://elsewhere.example/');
  // ok: request-to-another-site
  fetch('/calls');
}
