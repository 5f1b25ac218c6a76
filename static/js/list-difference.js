// How a list that was read anew differs from the one that is shown. Pure: knows only ids, in order.

// `kept` stand in both, `gone` only in the shown list; `between` were read before the last that was kept, while
// what was read after it only moved up from the next page.
export function compareLists(shown, read) {
  const wasShown = new Set(shown);
  const wasRead = new Set(read);
  const lastKept = read.findLastIndex((id) => wasShown.has(id));
  return {
    isSame: shown.length === read.length && shown.every((id, index) => id === read[index]),
    kept: shown.filter((id) => wasRead.has(id)),
    gone: shown.filter((id) => !wasRead.has(id)),
    between: read.slice(0, lastKept === -1 ? read.length : lastKept).filter((id) => !wasShown.has(id)),
  };
}
