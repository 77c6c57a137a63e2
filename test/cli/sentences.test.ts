import assert from 'node:assert/strict';
import test from 'node:test';
import { fractionOf, stepInWords } from '../../src/cli/terminal/sentences.js';
import type { UpscaleProgress } from '../../src/domain/types.js';

test('the place in the queue counts from 1', () => {
  assert.equal(stepInWords({ kind: 'waiting', position: 1 }), 'place 1 in the queue');
  assert.equal(stepInWords({ kind: 'waiting', position: undefined }), 'in the queue');
});

test('each stage has its name, with rows where they are counted', () => {
  const at = (progress: Partial<UpscaleProgress>) =>
    ({ kind: 'working', progress: { stage: 'decode', tilesDone: 0, tilesTotal: 0, ...progress } }) as const;
  const told = (progress: Partial<UpscaleProgress>) => stepInWords(at(progress)).replaceAll('\u00a0', ' ');
  const rows = { rowsDone: 512, rowsTotal: 2048 };
  assert.equal(told({}), 'reading');
  assert.equal(told(rows), 'reading row 512 of 2048');
  assert.equal(told({ stage: 'infer', model: 'big' }), 'preparing big');
  assert.equal(told({ stage: 'infer', tilesDone: 1, tilesTotal: 3 }), 'tile 2 of 3');
  assert.equal(told({ stage: 'resample', ...rows, secondsLeft: 3 }), 'resampling row 512 of 2048, 3 s left');
  assert.equal(told({ stage: 'encode', secondsLeft: 9 }), 'writing, 9 s left');
  assert.equal(told({ stage: 'encode', bytesWritten: 43e6 }), 'writing, 43 MB so far');
  assert.equal(fractionOf(at({ stage: 'resample', ...rows })), 0.97 / 4);
});
