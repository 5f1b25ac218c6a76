// Whether another page, or another call in its place, is on its way by a key: other keys wait for it.

let turning = null;

// A promise of whether it has come; null once it is here.
export function turningPage() {
  return turning;
}

export function turnPage(arrival) {
  const mine = arrival.finally(() => {
    if (turning === mine) turning = null;
  });
  turning = mine;
  return mine;
}
