import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import sharp from 'sharp';
import { atEnd } from '../at-end.js';
import { readEvents } from '../http/sse.js';
import { until } from '../until.js';
import { enlarged, imageForm, photo, psnr } from './pictures.js';
import { type ServerProcess, startServer } from './server-process.js';
import { slowForm } from './slow-picture.js';

interface View {
  readonly id: string;
  readonly state: string;
  readonly progress?: { readonly tilesDone: number; readonly tilesTotal: number };
  readonly attempts: readonly { readonly outcome: string; readonly reason?: string }[];
  readonly result?: { readonly href: string; readonly width: number };
}

async function create({ origin }: ServerProcess, body: FormData, query = ''): Promise<View> {
  const response = await fetch(`${origin}/jobs${query}`, { method: 'POST', body });
  assert.equal(response.status, 202, await response.clone().text());
  const { jobs } = (await response.json()) as { jobs: View[] };
  assert.ok(jobs[0] !== undefined);
  return jobs[0];
}

/** Follows a job to its end by events, taking a broken stream up again. */
async function follow(
  { origin }: ServerProcess,
  id: string,
  each: (job: View) => void = () => undefined,
): Promise<View> {
  let job: View | undefined;
  let lastId: string | undefined;
  return until(async () => {
    const response = await fetch(`${origin}/jobs/${id}/events`, {
      headers: lastId === undefined ? {} : { 'last-event-id': lastId },
    });
    assert.equal(response.status, 200, `the events of ${id}`);
    for await (const { event, data, id: eventId } of readEvents(response)) {
      lastId = eventId ?? lastId;
      if (event === 'state') job = data as unknown as View;
      else if (event === 'progress' && job !== undefined)
        job = { ...job, progress: data as unknown as NonNullable<View['progress']> };
      if (job !== undefined) each(job);
    }
    return job !== undefined && !['queued', 'running'].includes(job.state) && job;
  }, `The job ${id} has ended.`);
}

test('kill -9 of the engine under a job at work: the job says so, and ends well', async (t) => {
  const server = await startServer(t);
  const { id } = await create(server, await slowForm());
  const [engine] = (await server.health()).engine.processes;
  assert.ok(engine !== undefined);
  let killed = false;
  const job = await follow(server, id, ({ progress }) => {
    if (killed || progress === undefined || progress.tilesDone < 3) return;
    killed = true;
    process.kill(engine.pid, 'SIGKILL');
  });
  assert.ok(killed);
  assert.equal(job.state, 'succeeded');
  assert.equal(job.result?.width, 4000);
  assert.ok(job.attempts.some(({ outcome, reason }) => outcome === 'failed' && reason === 'out_of_memory'));
  const result = await fetch(server.origin + (job.result?.href ?? ''));
  assert.equal((await sharp(Buffer.from(await result.arrayBuffer())).metadata()).width, 4000);
});

test('a restart keeps results and the queue, and does again what was at work', async (t) => {
  const first = await startServer(t, { MAX_RUNNING_JOBS: '1' });
  const picture = await photo(60);
  const done = await create(first, imageForm(picture, { format: 'png' }));
  await follow(first, done.id);
  const next = imageForm(await photo(61));
  const atWork = await create(first, await slowForm());
  const waiting = await create(first, next);
  await first.until(({ queue }) => queue.running === 1 && queue.queued === 1);
  first.child.kill('SIGKILL');
  await first.exited;

  const second = await startServer(t, { TEMP_DIR: first.tempFolder });
  const kept = await fetch(`${second.origin}/jobs/${done.id}/result`);
  assert.equal(kept.status, 200);
  assert.ok((await psnr(Buffer.from(await kept.arrayBuffer()), await enlarged(picture, 4))) > 25);
  for (const { id } of [atWork, waiting]) assert.equal((await follow(second, id)).state, 'succeeded');
  for (const { id } of [done, atWork, waiting]) {
    assert.equal((await fetch(`${second.origin}/jobs/${id}`, { method: 'DELETE' })).status, 204);
  }
  await second.clean();
});

test('a service as it is installed takes a request with 32 files', async (t) => {
  const server = await startServer(t);
  const body = new FormData();
  for (let seed = 0; seed < 32; seed++)
    body.append('file', new Blob([new Uint8Array(await photo(seed))]), `${seed}.jpg`);
  const response = await fetch(`${server.origin}/jobs`, { method: 'POST', body });
  assert.equal(response.status, 202, await response.clone().text());
  const { jobs } = (await response.json()) as { jobs: View[] };
  assert.equal(jobs.length, 32);
  for (const { id } of jobs) {
    assert.equal((await follow(server, id)).state, 'succeeded');
    await fetch(`${server.origin}/jobs/${id}`, { method: 'DELETE' });
  }
  await server.clean();
});

test('a stop interrupts a job without losing it', async (t) => {
  const first = await startServer(t, { SHUTDOWN_GRACE_SECONDS: '0' });
  const { id } = await create(first, await slowForm());
  await first.until(({ engine: { processes } }) => processes.some(({ jobs }) => jobs === 1));
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0);
  const second = await startServer(t, { TEMP_DIR: first.tempFolder });
  assert.equal((await follow(second, id)).state, 'succeeded');
});

test('a hundred jobs with ten cancels: none is lost, and nothing stays', async (t) => {
  const server = await startServer(t, { MAX_QUEUED_JOBS: '200' });
  const pictures = await Promise.all(Array.from({ length: 10 }, (_, seed) => photo(70 + seed, 48, 36)));
  const ids: string[] = [];
  for (let index = 0; index < 100; index += 1) {
    const picture = pictures[index % pictures.length];
    assert.ok(picture !== undefined);
    ids.push((await create(server, imageForm(picture))).id);
  }
  const cancelled = ids.filter((_, index) => index % 10 === 7);
  await Promise.all(cancelled.map((id) => fetch(`${server.origin}/jobs/${id}`, { method: 'DELETE' })));
  const states = new Map<string, string>();
  for (const id of ids) {
    // A job that had ended before its cancel is removed by it.
    const response = await fetch(`${server.origin}/jobs/${id}`);
    if (response.status === 404) states.set(id, 'removed');
    else states.set(id, (await follow(server, id)).state);
    await response.body?.cancel();
  }
  for (const [id, state] of states) {
    if (cancelled.includes(id)) assert.match(state, /^(cancelled|removed|succeeded)$/);
    else assert.equal(state, 'succeeded');
  }
  await Promise.all(ids.map((id) => fetch(`${server.origin}/jobs/${id}`, { method: 'DELETE' })));
  assert.equal((await server.health()).queue.running, 0);
  await server.clean();
});

test('results expire after JOB_TTL_MINUTES', async (t) => {
  const server = await startServer(t, { JOB_TTL_MINUTES: '0.01' });
  const { id } = await create(server, imageForm(await photo(80)));
  const read = () => fetch(`${server.origin}/jobs/${id}`);
  // Asked again and again, for on a slow machine its end may pass before it is seen.
  let response = await read();
  for (; response.status === 200; response = await read()) await response.body?.cancel();
  assert.equal(response.status, 404);
  await server.clean();
});

test('a callback tells of the end, signed', async (t) => {
  const hook = createServer();
  const received = once(hook, 'request').then(async ([request, response]) => {
    const { headers } = request as IncomingMessage;
    const body = await text(request as IncomingMessage);
    (response as ServerResponse).end();
    return { body, signature: String(headers['x-tessera-signature']) };
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => hook.close());
  const address = hook.address();
  assert.ok(address !== null && typeof address === 'object');
  const host = `127.0.0.1:${address.port}`;
  const server = await startServer(t, { CALLBACK_HOSTS: `${host}=private`, CALLBACK_SECRET: 'shared' });
  const { id } = await create(server, imageForm(await photo(81)), `?callback_url=http://${host}/done`);
  const { body, signature } = await received;
  assert.equal((JSON.parse(body) as View).id, id);
  assert.equal((JSON.parse(body) as View).state, 'succeeded');
  const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  assert.equal(digest, createHmac('sha256', 'shared').update(`${seconds}.${body}`).digest('hex'));
});
