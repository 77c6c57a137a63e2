/** @returns the longest time, in milliseconds, for which the event loop stood still while the work was done. */
export async function longestStandstill(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastMs = performance.now();
  const look = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  };
  const ticking = setInterval(look, 1);
  await work();
  clearInterval(ticking);
  look();
  return longestMs;
}
