import assert from 'node:assert/strict';
import test from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { Attempt } from '../../src/domain/types.js';
import { until } from '../until.js';
import { form, startApp } from './harness.js';

const NET = { model: 'net-x4', provider: 'cpu' } as const;
const ATTEMPTS: readonly Attempt[] = [
  { ...NET, tileSizePx: 512, outcome: 'failed', reason: 'out_of_memory', ms: 3 },
  { ...NET, outcome: 'failed', reason: 'engine_crash', ms: 9 },
];

const refused = () => new TesseraError('fallback_refused', 'No other is allowed.', { attempts: ATTEMPTS });

test('an upscale that failed tells of its attempts in the header, the log and the metrics', async (t) => {
  const { origin, engine, logLines, empty } = await startApp(t);
  engine.failure = refused();
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(response.status, 503);
  assert.equal(((await response.json()) as { code: string }).code, 'fallback_refused');
  assert.equal(
    response.headers.get('x-upscale-attempts'),
    'net-x4;provider=cpu;tile=512;outcome=failed;reason=out_of_memory;ms=3, net-x4;provider=cpu;outcome=failed;reason=engine_crash;ms=9',
  );
  const [line] = logLines.filter((each) => each.includes('"not upscaled"'));
  assert.deepEqual((JSON.parse(line ?? '{}') as { attempts?: unknown }).attempts, ATTEMPTS);
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  for (const reason of ['out_of_memory', 'engine_crash'])
    assert.ok(
      metrics.includes(`tessera_fallbacks_total{model="net-x4",provider="cpu",reason="${reason}"} 1\n`),
    );
  await empty();
});

test('a request that fails without an attempt has no header of attempts', async (t) => {
  const { origin, engine } = await startApp(t);
  engine.failure = new TesseraError('corrupt_image', 'The image is cut off.');
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(response.status, 400);
  assert.equal(response.headers.get('x-upscale-attempts'), null);
});

test('a job that failed keeps its attempts for GET /jobs/{id} and the log', async (t) => {
  const { origin, engine, logLines } = await startApp(t);
  engine.failure = refused();
  const created = await fetch(`${origin}/jobs`, { method: 'POST', body: await form() });
  const { jobs } = (await created.json()) as { jobs: { id: string }[] };
  let job: { state?: string; attempts?: unknown } = {};
  await until(async () => {
    job = (await (await fetch(`${origin}/jobs/${jobs[0]?.id}`)).json()) as typeof job;
    return job.state === 'failed';
  }, 'The job has failed.');
  assert.deepEqual(job.attempts, ATTEMPTS);
  const [line] = logLines.filter((each) => each.includes('"a job has ended"'));
  const { state, code, attempts } = JSON.parse(line ?? '{}') as Record<string, unknown>;
  assert.deepEqual([state, code, attempts], ['failed', 'fallback_refused', ATTEMPTS]);
});
