// Whose turn it is to read and draw. What the user asked for goes first and in order; background work waits
// for it, one piece after another, and is done again when the user asked for something in the meantime:
// what it read may be older than what is shown by now. Pure: knows no document.

let userLine = Promise.resolve();
let userRequestCount = 0;
let backgroundLine = Promise.resolve();

export function asUser(work) {
  userRequestCount += 1;
  const turn = userLine.then(work);
  userLine = turn.catch(() => {});
  return turn;
}

export function inBackground(read, draw) {
  const turn = backgroundLine.then(() => readUndisturbed(read, draw));
  backgroundLine = turn.catch(() => {});
  return turn;
}

async function readUndisturbed(read, draw) {
  for (;;) {
    await userIsServed();
    const countBefore = userRequestCount;
    const answer = await read();
    if (userRequestCount === countBefore) return draw(answer);
  }
}

async function userIsServed() {
  let line;
  do {
    line = userLine;
    await line;
  } while (line !== userLine);
}
