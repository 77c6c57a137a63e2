import type { TestContext } from 'node:test';

const steps = new WeakMap<TestContext, (() => unknown)[]>();

/**
 * Tidies up when the test has ended, however: what was asked for last is done first, so that whoever works in a folder is
 * ended before the folder is removed. (`test.after` goes the other way round.) Every step is done, also after one that failed.
 * @throws at the end, the first failure.
 */
export function atEnd(test: TestContext, step: () => unknown): void {
  const known = steps.get(test);
  if (known !== undefined) {
    known.push(step);
    return;
  }
  const own = [step];
  steps.set(test, own);
  test.after(async () => {
    const failures: unknown[] = [];
    for (let last = own.pop(); last !== undefined; last = own.pop()) {
      try {
        await last();
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    if (failures.length > 0) throw failures[0];
  });
}
