import { setTimeout as sleep } from 'node:timers/promises';

/** After which a test that waits gives up: far more than a busy machine needs. Nothing is measured by it. */
export const PATIENCE_MS = 120_000;

const EVERY_MS = 5;

/**
 * Asks again and again until the answer is neither false nor undefined.
 * @param expected what the test waits for, as a sentence; a function where it tells what was seen last.
 * @returns the answer.
 * @throws Error with `expected` after `patienceMs`.
 */
export async function until<T>(
  look: () => T | false | undefined | Promise<T | false | undefined>,
  expected: string | (() => string),
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await look();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > endMs) throw inVain(expected, patienceMs);
    await sleep(EVERY_MS);
  }
}

/**
 * Waits for a promise, but not for ever.
 * @throws what the promise throws; Error with `expected` after `patienceMs`.
 */
export async function within<T>(
  promise: Promise<T>,
  expected: string,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const settled = new AbortController();
  const late = sleep(patienceMs, undefined, settled).then(() => {
    throw inVain(expected, patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}

function inVain(expected: string | (() => string), patienceMs: number): Error {
  const sentence = typeof expected === 'string' ? expected : expected();
  return new Error(`Waited ${patienceMs / 1000} s in vain. Expected: ${sentence}`);
}
