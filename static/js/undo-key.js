// Ctrl+Z, or Cmd+Z, takes back what has just been done; in a field it is the field's own.

export function enhanceUndo() {
  addEventListener('keydown', (event) => {
    const isUndo = event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const button = document.querySelector('[data-undo]');
    if (!isUndo || !button || event.target.closest('textarea, select, input:not([type=checkbox])')) return;
    event.preventDefault();
    button.click();
  });
}
