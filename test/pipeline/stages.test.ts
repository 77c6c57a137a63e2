import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { UpscaleProgress } from '../../src/domain/types.js';
import { Stages } from '../../src/pipeline/progress/stages.js';
import { atEnd } from '../at-end.js';

test('while a result is written, its size is told again and again, and the end is silence', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-stages-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const path = join(folder, 'result');
  t.mock.timers.enable({ apis: ['setInterval'] });
  const told: UpscaleProgress[] = [];
  const stop = new Stages((progress) => told.push(progress)).writing(3, path, undefined);
  t.mock.timers.tick(1000);
  await writeFile(path, 'row');
  t.mock.timers.tick(1000);
  await appendFile(path, 'row');
  t.mock.timers.tick(1000);
  assert.deepEqual(
    told.map(({ stage, bytesWritten }) => [stage, bytesWritten]),
    [
      ['encode', undefined],
      ['encode', undefined],
      ['encode', 3],
      ['encode', 6],
    ],
  );
  stop();
  t.mock.timers.tick(5000);
  assert.equal(told.length, 4);
});
