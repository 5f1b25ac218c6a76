// Queue of changes: a few at a time, those that share a call in order. Has no access to the document.

const MOST_AT_ONCE = 4;

export class ChangeQueue {
  #waiting = [];
  #running = new Set();

  // Returns a turn whose `done` is the result of `work`. A turn without ids waits for all before it, and those after it
  // wait for it. `request` is what `work` sends, if that is known before it begins.
  add(ids, work, request = null) {
    const turn = { ids: new Set(ids), work, request };
    turn.done = new Promise((resolve, reject) => Object.assign(turn, { resolve, reject }));
    this.#waiting.push(turn);
    this.#beginMore();
    return turn;
  }

  // Takes a turn back. Returns whether it had not begun, so that it never will.
  withdraw(turn) {
    const at = this.#waiting.indexOf(turn);
    if (at === -1) return false;
    this.#waiting.splice(at, 1);
    this.#beginMore();
    return true;
  }

  // The turns that have not begun.
  get waiting() {
    return [...this.#waiting];
  }

  get size() {
    return this.#waiting.length + this.#running.size;
  }

  #beginMore() {
    const before = [...this.#running];
    for (const turn of [...this.#waiting]) {
      if (this.#running.size >= MOST_AT_ONCE) return;
      if (!before.some((other) => isBound(turn, other))) this.#begin(turn);
      before.push(turn);
    }
  }

  async #begin(turn) {
    this.#waiting.splice(this.#waiting.indexOf(turn), 1);
    this.#running.add(turn);
    try {
      turn.resolve(await turn.work());
    } catch (error) {
      turn.reject(error);
    } finally {
      this.#running.delete(turn);
      this.#beginMore();
    }
  }
}

// Whether two turns must not run at once.
function isBound(turn, other) {
  return !turn.ids.size || !other.ids.size || [...turn.ids].some((id) => other.ids.has(id));
}
