import assert from 'node:assert/strict';
import test from 'node:test';
import { RowProgress, type RowsDone } from '../../src/pipeline/progress/row-progress.js';

test('rows are told of as often as people can see, the last one always, with the time that is left', () => {
  let nowMs = 0;
  const words: RowsDone[] = [];
  const progress = new RowProgress(
    (word) => words.push(word),
    () => nowMs,
  );
  for (let row = 0; row <= 1000; row += 1) {
    progress.count(row, 1000);
    nowMs += 1;
  }
  assert.deepEqual(
    words.map(({ rowsDone }) => rowsDone),
    [0, 200, 400, 600, 800, 1000],
  );
  assert.deepEqual(
    words.map(({ secondsLeft }) => secondsLeft),
    [undefined, 0.8, 0.6, 0.4, 0.2, 0],
  );
});
