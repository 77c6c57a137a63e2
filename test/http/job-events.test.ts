import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../until.js';
import { startApp } from './harness.js';
import { create, ended, type Json, read } from './job-client.js';
import { readEvents, type ServerEvent } from './sse.js';

test('events: the state, progress, the end, each with an id', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  const response = await fetch(`${app.origin}/jobs/${id}/events`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const events: ServerEvent[] = [];
  for await (const event of readEvents(response)) {
    events.push(event);
    if (event.event === 'progress' || event.data.progress !== undefined) app.engine.release();
  }
  const last = events.at(-1);
  assert.equal(last?.event, 'state');
  assert.equal(last?.data.state, 'succeeded');
  assert.equal((last?.data.result as Json | undefined)?.href, `/jobs/${id}/result`);
  const ids = events.map((event) => Number(event.id));
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  for (const { event, data } of events) {
    if (event === 'state') assert.equal(data.id, id);
    else assert.equal(data.tilesTotal, 2);
  }
});

test('events go on after Last-Event-ID, also when the job has ended meanwhile', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  const connection = new AbortController();
  const response = await fetch(`${app.origin}/jobs/${id}/events`, { signal: connection.signal });
  const { value: first } = await readEvents(response).next();
  assert.ok(first !== undefined);
  connection.abort();
  app.engine.release();
  await ended(app, id);

  const resume = async (lastEventId: string) => {
    const events: ServerEvent[] = [];
    const again = await fetch(`${app.origin}/jobs/${id}/events`, {
      headers: { 'last-event-id': lastEventId },
    });
    for await (const event of readEvents(again)) events.push(event);
    return events;
  };
  const missed = await resume(String(first.id));
  assert.ok(missed.every((event) => Number(event.id) > Number(first.id)));
  assert.equal(missed.at(-1)?.data.state, 'succeeded');
  // Who has seen it all is told the end once more; so is who knows an id that is none.
  for (const known of [String(missed.at(-1)?.id), 'nonsense']) {
    const told = await resume(known);
    assert.equal(told.length, 1, known);
    assert.equal(told[0]?.data.state, 'succeeded');
  }
});

test('the place in the queue counts from 1, in the job and in its events', async (t) => {
  const app = await startApp(t, { MAX_RUNNING_JOBS: '1' });
  app.engine.hold();
  const [running, next, last] = [await create(app), await create(app), await create(app)];
  const places = await Promise.all(
    [running, next, last].map(async ({ id }) => (await read(app, id)).position),
  );
  assert.deepEqual(places, [undefined, 1, 2]);
  const response = await fetch(`${app.origin}/jobs/${last.id}/events`);
  const told: unknown[] = [];
  for await (const { data } of readEvents(response)) {
    if (data.state !== 'queued') break;
    told.push(data.position);
    app.engine.release();
  }
  assert.equal(told[0], 2);
  assert.ok(told.every((place) => place === 1 || place === 2));
});

test('while a tile takes long, progress is told again at least each second', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  await until(async () => (await read(app, id)).progress !== undefined, 'The job tells its progress.');
  const response = await fetch(`${app.origin}/jobs/${id}/events`);
  let repeats = 0;
  for await (const { event } of readEvents(response)) {
    if (event === 'progress') repeats += 1;
    if (repeats === 2) app.engine.release();
  }
  assert.ok(repeats >= 2);
});

test('a stream of events ends with the app, and its client is not told a lie', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  const response = await fetch(`${app.origin}/jobs/${id}/events`);
  const events: ServerEvent[] = [];
  const reading = (async () => {
    for await (const event of readEvents(response)) events.push(event);
  })();
  await until(() => events.length > 0, 'An event has come.');
  await Promise.all([app.jobs.close(0), app.app.close()]);
  await reading.catch(() => undefined);
  assert.ok(
    events.every(
      ({ data }) => data.state === undefined || data.state === 'queued' || data.state === 'running',
    ),
  );
});
