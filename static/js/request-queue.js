// Queue of requests. User requests run first and in order; background requests wait for them and run one at a
// time. A background request is repeated if a user request came in between, as its response may be outdated.
// Has no access to the document.

let userQueue = Promise.resolve();
let userRequestCount = 0;
let backgroundQueue = Promise.resolve();

export function enqueueUserRequest(work) {
  userRequestCount += 1;
  const turn = userQueue.then(work);
  userQueue = turn.catch(() => {});
  return turn;
}

export function enqueueBackgroundRequest(read, draw) {
  const turn = backgroundQueue.then(() => readUninterrupted(read, draw));
  backgroundQueue = turn.catch(() => {});
  return turn;
}

async function readUninterrupted(read, draw) {
  for (;;) {
    await userQueueIsEmpty();
    const countBefore = userRequestCount;
    const answer = await read();
    if (userRequestCount === countBefore) return draw(answer);
  }
}

async function userQueueIsEmpty() {
  let line;
  do {
    line = userQueue;
    await line;
  } while (line !== userQueue);
}
