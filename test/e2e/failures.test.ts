import assert from 'node:assert/strict';
import test from 'node:test';
import sharp from 'sharp';
import { gone, isRunning } from '../processes.js';
import { imageForm, photo } from './pictures.js';
import { startServer } from './server-process.js';
import { slowForm } from './slow-picture.js';

test('kill -9 of the engine while it works: the client still gets its picture', async (t) => {
  const server = await startServer(t);
  const answer = fetch(`${server.origin}/upscale`, { method: 'POST', body: await slowForm() });
  const { engine } = await server.until(({ engine: { processes } }) =>
    processes.some(({ jobs }) => jobs === 1),
  );
  const [victim] = engine.processes;
  assert.ok(victim !== undefined);
  process.kill(victim.pid, 'SIGKILL');
  const response = await answer;
  assert.equal(response.status, 200);
  const { width } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
  assert.equal(width, 4000);
  assert.equal((await server.health()).engine.restarts, 1);
  await server.clean();
});

test('a client that leaves frees the engine for the next one', async (t) => {
  const server = await startServer(t);
  const controller = new AbortController();
  const left = fetch(`${server.origin}/upscale`, {
    method: 'POST',
    body: await slowForm(3000),
    signal: controller.signal,
  });
  left.catch(() => undefined);
  await server.until(({ engine: { processes } }) => processes.some(({ jobs }) => jobs === 1));
  controller.abort();
  await server.until(
    ({ queue, engine: { processes } }) => queue.running === 0 && processes.every(({ jobs }) => jobs === 0),
  );
  await server.clean();
  const response = await fetch(`${server.origin}/upscale`, {
    method: 'POST',
    body: imageForm(await photo(3)),
  });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  await server.clean();
});

test('a full queue is 503 with Retry-After, and the jobs that are in it end well', async (t) => {
  const server = await startServer(t, { MAX_RUNNING_JOBS: '1', MAX_QUEUED_JOBS: '1' });
  const post = async (body: FormData) => fetch(`${server.origin}/upscale`, { method: 'POST', body });
  // The pictures are made before the first one runs: on a fast processor it could end while the others are drawn.
  const bodies = [await slowForm(), imageForm(await photo(4)), imageForm(await photo(5))] as const;
  const first = post(bodies[0]);
  await server.until(({ queue }) => queue.running === 1);
  const second = post(bodies[1]);
  await server.until(({ queue }) => queue.queued === 1);
  const refused = await post(bodies[2]);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal(((await refused.json()) as Record<string, unknown>).code, 'queue_full');
  for (const answer of [await first, await second]) {
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
  }
  await server.clean();
});

test('a deadline that has passed is a 504', async (t) => {
  const server = await startServer(t);
  const body = imageForm(await photo(6, 400, 300), { timeout: '0.001' });
  const response = await fetch(`${server.origin}/upscale`, { method: 'POST', body });
  assert.equal(response.status, 504);
  assert.equal(((await response.json()) as Record<string, unknown>).code, 'deadline_exceeded');
  await server.clean();
});

test('a tile that never ends does not hold the answer, and its engine is neither replaced nor blamed', async (t) => {
  // Were the answer to wait for the engine, it would come when that is given up.
  const server = await startServer(t, { ENGINE_SILENCE_SECONDS: '3600' });
  const [engine] = (await server.health()).engine.processes;
  assert.ok(engine !== undefined);
  t.after(() => isRunning(engine.pid) && process.kill(engine.pid, 'SIGCONT'));
  const body = imageForm(await photo(12, 1000, 800), { timeout: '3', tile_size: '64', tile_overlap: '32' });
  const answer = fetch(`${server.origin}/upscale`, { method: 'POST', body });
  await server.until(({ engine: { processes } }) => processes.some(({ jobs }) => jobs === 1));
  process.kill(engine.pid, 'SIGSTOP');
  const response = await answer;
  assert.equal(response.status, 504);
  assert.doesNotMatch(response.headers.get('x-upscale-attempts') ?? '', /served|engine_crash/);
  const dry = imageForm(await photo(13), { timeout: '1', dry_run: 'true' });
  assert.equal((await fetch(`${server.origin}/upscale`, { method: 'POST', body: dry })).status, 504);
  // It is still noted as at work there, until it lets go.
  assert.equal((await server.health()).engine.processes[0]?.jobs, 1);
  process.kill(engine.pid, 'SIGCONT');
  await server.until(({ engine: { processes } }) => processes.every(({ jobs }) => jobs === 0));
  const next = await fetch(`${server.origin}/upscale`, { method: 'POST', body: imageForm(await photo(14)) });
  assert.equal(next.status, 200);
  await next.arrayBuffer();
  const { processes, restarts } = (await server.health()).engine;
  assert.deepEqual([processes[0]?.pid, restarts], [engine.pid, 0]);
  await server.clean();
});

test('SIGTERM under load: no new connections, every job ends, exit 0, nothing stays', async (t) => {
  const server = await startServer(t);
  const [engine] = (await server.health()).engine.processes;
  const bodies = await Promise.all([1000, 800, 800, 800].map((side) => slowForm(side)));
  const answers = bodies.map((body) => fetch(`${server.origin}/upscale`, { method: 'POST', body }));
  await server.until(({ queue }) => queue.running === 4);
  server.child.kill('SIGTERM');
  for (const answer of await Promise.all(answers)) {
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
  }
  assert.equal(await server.exited, 0);
  assert.deepEqual(await server.leftovers(), []);
  assert.ok(engine !== undefined && !isRunning(engine.pid));
  await assert.rejects(fetch(`${server.origin}/health`));
});

test('readiness fails for SHUTDOWN_DELAY_SECONDS while requests are still served', async (t) => {
  const server = await startServer(t, { SHUTDOWN_DELAY_SECONDS: '1' });
  server.child.kill('SIGTERM');
  await server.until(({ status }) => status === 'stopping');
  assert.equal((await fetch(`${server.origin}/health/ready`)).status, 503);
  assert.equal((await fetch(`${server.origin}/health/live`)).status, 200);
  const response = await fetch(`${server.origin}/upscale`, {
    method: 'POST',
    body: imageForm(await photo(10)),
  });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  assert.equal(await server.exited, 0);
});

test('a job that outlasts the grace period is told so', async (t) => {
  const server = await startServer(t, { SHUTDOWN_GRACE_SECONDS: '0' });
  const answer = fetch(`${server.origin}/upscale`, { method: 'POST', body: await slowForm(3000) });
  await server.until(({ engine: { processes } }) => processes.some(({ jobs }) => jobs === 1));
  server.child.kill('SIGTERM');
  const response = await answer;
  assert.equal(response.status, 503);
  assert.equal(((await response.json()) as Record<string, unknown>).code, 'shutting_down');
  assert.equal(await server.exited, 0);
  assert.deepEqual(await server.leftovers(), []);
});

test('Ctrl-C reaches the whole group, and the picture at work is still delivered', async (t) => {
  const server = await startServer(t);
  const answer = fetch(`${server.origin}/upscale`, { method: 'POST', body: await slowForm() });
  const { engine } = await server.until(({ engine: { processes } }) =>
    processes.some(({ jobs }) => jobs === 1),
  );
  assert.ok(server.child.pid !== undefined);
  process.kill(-server.child.pid, 'SIGINT');
  const response = await answer;
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  assert.equal(await server.exited, 0);
  for (const { pid } of engine.processes) await gone(pid);
  assert.deepEqual(await server.leftovers(), []);
});

test('kill -9 of the server leaves no engine, and the next server clears its files', async (t) => {
  const first = await startServer(t);
  const answer = fetch(`${first.origin}/upscale`, { method: 'POST', body: await slowForm(3000) });
  answer.catch(() => undefined);
  const { engine } = await first.until(({ engine: { processes } }) =>
    processes.some(({ jobs }) => jobs === 1),
  );
  assert.ok((await first.leftovers()).length > 0);
  first.child.kill('SIGKILL');
  await first.exited;
  for (const { pid } of engine.processes) await gone(pid);
  const second = await startServer(t, { TEMP_DIR: first.tempFolder });
  await second.clean();
});

test('two instances share a folder, and neither sweeps what the other works on', async (t) => {
  const first = await startServer(t);
  const answer = fetch(`${first.origin}/upscale`, { method: 'POST', body: await slowForm() });
  await first.until(({ engine: { processes } }) => processes.some(({ jobs }) => jobs === 1));
  const second = await startServer(t, { TEMP_DIR: first.tempFolder });
  const other = await fetch(`${second.origin}/upscale`, { method: 'POST', body: imageForm(await photo(11)) });
  assert.equal(other.status, 200);
  await other.arrayBuffer();
  const response = await answer;
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  await first.clean();
});
