// How a list that was read anew differs from the one that is shown. Pure: knows only ids, in order.

// `kept` stand in both, `gone` only in the shown list; `ahead` were read before everything that was kept.
export function compareLists(shown, read) {
  const wasShown = new Set(shown);
  const wasRead = new Set(read);
  const firstKept = read.findIndex((id) => wasShown.has(id));
  return {
    isSame: shown.length === read.length && shown.every((id, index) => id === read[index]),
    kept: shown.filter((id) => wasRead.has(id)),
    gone: shown.filter((id) => !wasRead.has(id)),
    ahead: read.slice(0, firstKept === -1 ? read.length : firstKept),
  };
}
