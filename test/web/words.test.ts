import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesInWords, secondsInWords } from '../../src/web/assets/client/words.js';
import {
  attemptInWords,
  fallbackInWords,
  fractionDone,
  progressInWords,
} from '../../src/web/assets/words.js';
import type { JobView } from './contract-server.js';

const titleOf = (name: string) => ({ big: 'Big net', small: 'Small net', lanczos: 'Lanczos' })[name] ?? name;
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('bytes are told in decimal units with two or three digits', () => {
  const told = [0, 999, 1000, 54_321, 999_499, 999_500, 1_400_000, 23_456_789].map((bytes) =>
    plain(bytesInWords(bytes)),
  );
  assert.deepEqual(told, ['0 bytes', '999 bytes', '1.0 kB', '54 kB', '999 kB', '1.0 MB', '1.4 MB', '23 MB']);
});

test('a duration is told as finely as it matters', () => {
  const told = [0.32, 9.949, 9.95, 59.499, 59.5, 125].map((seconds) => plain(secondsInWords(seconds)));
  assert.deepEqual(told, ['0.3 s', '9.9 s', '10 s', '59 s', '1 min 00 s', '2 min 05 s']);
});

test('an attempt is one sentence with model, device, tile, reason and time', () => {
  const failed = {
    model: 'big',
    provider: 'cuda',
    tileSizePx: 512,
    outcome: 'failed',
    reason: 'out_of_memory',
    ms: 1800,
  } as const;
  assert.equal(
    plain(attemptInWords(failed, titleOf)),
    'Big net on the NVIDIA GPU ran out of memory with tiles of 512 px, after 1.8 s.',
  );
  const skipped = { model: 'big', outcome: 'skipped', reason: 'not_installed', ms: 0 } as const;
  assert.equal(attemptInWords(skipped, titleOf), 'Big net is not installed.');
  assert.equal(
    attemptInWords({ ...skipped, detail: 'big is not installed.' }, titleOf),
    'Big net is not installed.',
  );
  const slow = {
    ...skipped,
    reason: 'over_time_budget',
    detail: 'It would take about 12 s, and 3 s are left.',
  } as const;
  assert.equal(
    attemptInWords(slow, titleOf),
    'Big net would take too long: it would take about 12 s, and 3 s are left.',
  );
  const served = { model: 'lanczos', outcome: 'served', ms: 40 } as const;
  assert.equal(plain(attemptInWords(served, titleOf)), 'Lanczos served it in 0.0 s.');
});

test('of several reasons for a fallback, a missing model is told only when there is no better one', () => {
  const missing = { model: 'big', outcome: 'skipped', reason: 'not_installed', ms: 0 } as const;
  const slow = {
    model: 'small',
    provider: 'cpu',
    outcome: 'skipped',
    reason: 'over_time_budget',
    ms: 0,
  } as const;
  const served = { model: 'lanczos', outcome: 'served', ms: 40 } as const;
  assert.equal(
    fallbackInWords([missing, slow, served], titleOf),
    'A fallback served it: Small net on the CPU would take too long.',
  );
  assert.equal(
    fallbackInWords([missing, served], titleOf),
    'A fallback served it: Big net is not installed.',
  );
  assert.equal(fallbackInWords([served], titleOf), '');
});

test('where a job stands: in line, reading, tiles with time left, writing', () => {
  const job: JobView = {
    id: 'x',
    state: 'queued',
    source: { width: 1, height: 1, format: 'png', bytes: 1 },
    createdAt: '',
    attempts: [],
  };
  const running = (progress: NonNullable<JobView['progress']>): JobView => ({
    ...job,
    state: 'running',
    progress,
  });
  assert.equal(progressInWords(job, titleOf), 'Waiting in the queue');
  assert.equal(progressInWords({ ...job, position: 1 }, titleOf), 'Place 1 in the queue, the next to start');
  assert.equal(progressInWords({ ...job, position: 3 }, titleOf), 'Place 3 in the queue');
  const tiles = running({
    stage: 'infer',
    tilesDone: 3,
    tilesTotal: 12,
    model: 'big',
    provider: 'cpu',
    secondsLeft: 7.4,
  });
  assert.equal(plain(progressInWords(tiles, titleOf)), 'Tile 4 of 12 · about 7 s left · Big net on the CPU');
  const last = running({ stage: 'infer', tilesDone: 12, tilesTotal: 12 });
  assert.equal(progressInWords(last, titleOf), 'Tile 12 of 12');
  const none = { tilesDone: 0, tilesTotal: 0 };
  const told = (progress: NonNullable<JobView['progress']>) =>
    plain(progressInWords(running(progress), titleOf));
  const rows = { rowsDone: 512, rowsTotal: 2048 };
  assert.equal(told({ stage: 'decode', ...none }), 'Reading');
  assert.equal(told({ stage: 'decode', ...none, ...rows }), 'Reading row 512 of 2048');
  assert.equal(told({ stage: 'infer', ...none, model: 'big', provider: 'cpu' }), 'Preparing Big net');
  assert.equal(
    told({ stage: 'resample', ...none, ...rows, model: 'lanczos', secondsLeft: 3 }),
    'Resampling row 512 of 2048 · about 3 s left',
  );
  const encode = { stage: 'encode', tilesDone: 12, tilesTotal: 12 } as const;
  assert.equal(told(encode), 'Writing');
  assert.equal(told({ ...encode, bytesWritten: 43e6 }), 'Writing, 43 MB so far');
  assert.equal(told({ ...encode, secondsLeft: 9 }), 'Writing · about 9 s left');
});

test('the fraction of plain resampling is that of its rows', () => {
  const progress = { stage: 'resample', tilesDone: 0, tilesTotal: 0, rowsDone: 50, rowsTotal: 100 };
  assert.equal(fractionDone({ state: 'running', progress } as JobView), 0.485);
});

test('the fraction done never falls from stage to stage', () => {
  const at = (stage: 'decode' | 'infer' | 'encode', tilesDone: number) =>
    fractionDone({ state: 'running', progress: { stage, tilesDone, tilesTotal: 4 } } as JobView);
  const steps = [at('decode', 0), at('infer', 0), at('infer', 1), at('infer', 4), at('encode', 4)];
  assert.deepEqual(
    steps,
    [...steps].sort((a, b) => a - b),
  );
  assert.ok(steps.every((step) => step >= 0 && step < 1));
  assert.equal(fractionDone({ state: 'succeeded' } as JobView), 1);
});
