// The address of what the page shows, without its fragment. The history may have gone elsewhere.

let shown = here();

export function isShown() {
  return here() === shown;
}

export function rememberShown() {
  shown = here();
}

function here() {
  return location.href.split('#')[0];
}
