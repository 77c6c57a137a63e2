import assert from 'node:assert/strict';
import { describe, it, mock, type TestContext } from 'node:test';
import { TileProgress, type TilesDone } from '../../src/pipeline/progress/tile-progress.js';

describe('the progress of tiles', () => {
  /** Time passes by `pass` only. */
  function told(test: TestContext) {
    mock.timers.enable({ apis: ['setInterval'] });
    test.after(() => mock.timers.reset());
    let nowMs = 0;
    const words: TilesDone[] = [];
    const progress = new TileProgress(
      (word) => words.push(word),
      () => nowMs,
    );
    const pass = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        nowMs += 100;
        mock.timers.tick(100);
      }
    };
    return { progress, words, pass };
  }

  it('is told of before the first tile, after each, and at least every second between', (test) => {
    const { progress, words, pass } = told(test);
    progress.count(0, 3);
    pass(5000);
    assert.ok(words.length >= 6, `${words.length} words`);
    assert.ok(words.every(({ tilesDone, tilesTotal }) => tilesDone === 0 && tilesTotal === 3));
    assert.ok(words.every(({ secondsLeft }) => secondsLeft === undefined));
    const before = words.length;
    progress.count(1, 3, 10_000);
    assert.deepEqual(words.slice(before), [{ tilesDone: 1, tilesTotal: 3, secondsLeft: 10 }]);
    pass(2000);
    const left = words.slice(before).map(({ secondsLeft }) => secondsLeft ?? -1);
    assert.ok(left.length >= 3);
    assert.deepEqual(
      left,
      [...new Set(left)].sort((a, b) => b - a),
      'they get fewer',
    );
    progress.stop();
    const silent = words.length;
    pass(5000);
    assert.equal(words.length, silent);
  });

  it('never tells of less than no time left', (test) => {
    const { progress, words, pass } = told(test);
    pass(1000);
    progress.count(1, 2, 1000);
    pass(5000);
    assert.equal(words.at(-1)?.secondsLeft, 0);
    progress.count(2, 2, 0);
    assert.deepEqual(words.at(-1), { tilesDone: 2, tilesTotal: 2, secondsLeft: 0 });
    progress.stop();
  });
});
