// What the list's query says of a call the page has not read. Pure: knows no document.

// Whether a new call can belong to the list. Search and days are the server's to judge: they let it pass.
export function fitsList(call, query) {
  const view = query.get('view') ?? 'inbox';
  const isInView = view === 'all' || (view === 'archived') === call.is_archived;
  const fits = (name, value) => !query.get(name) || query.get(name) === value;
  const isOfKind = fits('type', call.call_type) && fits('direction', call.direction);
  return isInView && isOfKind && fits('line', call.via);
}

// Whether a call stands before one of that time, and so pushes the list on. Without a time it stands last.
export function isAhead(call, time) {
  return Boolean(call.created_at) && !(Date.parse(call.created_at) <= Date.parse(time));
}

export function isFirstPage(query) {
  return Number(query.get('page') ?? 1) <= 1;
}

export function newCallsText(count) {
  if (count === 0) return 'The list has changed – show';
  return count === 1 ? '1 new call – show' : `${count} new calls – show`;
}
