import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../until.js';
import { form, startApp } from './harness.js';

type Json = Record<string, unknown>;

async function get(url: string): Promise<Json> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return (await response.json()) as Json;
}

test('/models tells all of each model and of the providers', async (t) => {
  const { origin, engine } = await startApp(t);
  const { models, providers } = engine.status();
  const here = 'fake-x4';
  const purposes = { photo: here, drawing: here, fast: here, best: here };
  assert.deepEqual(
    await get(`${origin}/models`),
    JSON.parse(JSON.stringify({ models, purposes, providers })),
  );
});

test('/health tells the state, the queue, the engines and whether a Real-ESRGAN model can serve', async (t) => {
  const { origin, engine, jobs } = await startApp(t);
  const health = await get(`${origin}/health`);
  assert.equal(health.status, 'ok');
  assert.equal(health.realesrgan_available, false);
  assert.deepEqual(health.queue, { ...jobs.status() });
  assert.equal((health.engine as Json).restarts, 3);
  assert.equal((health.models as Json[])[0]?.name, 'fake-x4');

  const { models, ...status } = engine.status();
  const [embedded] = models;
  assert.ok(embedded !== undefined);
  const realEsrgan = { ...embedded, name: 'x4plus', family: 'real-esrgan' as const };
  engine.status = () => ({ ...status, models: [embedded, { ...realEsrgan, unavailable: 'corrupt' }] });
  const damaged = await get(`${origin}/health`);
  assert.equal(damaged.realesrgan_available, false);
  assert.equal(damaged.status, 'degraded');
  assert.equal((await fetch(`${origin}/health/ready`)).status, 200);
  engine.status = () => ({ ...status, models: [embedded, realEsrgan] });
  const whole = await get(`${origin}/health`);
  assert.equal(whole.realesrgan_available, true);
  assert.equal(whole.status, 'ok');
  const absent = { ...realEsrgan, installed: false, unavailable: 'not installed' };
  engine.status = () => ({ ...status, models: [embedded, absent] });
  assert.equal((await get(`${origin}/health`)).status, 'ok');
});

test('readiness follows the engines and the readers of headers, and fails once stopping; liveness does not', async (t) => {
  const { origin, engine, context } = await startApp(t);
  const ready = async () => {
    const response = await fetch(`${origin}/health/ready`);
    return `${response.status} ${((await response.json()) as Json).status}`;
  };
  assert.equal(await ready(), '200 ok');
  engine.state = 'degraded';
  assert.equal(await ready(), '200 ok');
  engine.state = 'starting';
  assert.equal(await ready(), '503 starting');
  engine.state = 'down';
  assert.equal(await ready(), '503 down');
  engine.state = 'ready';
  for (const state of ['starting', 'down'] as const) {
    context.headers.state = state;
    assert.equal(await ready(), `503 ${state}`);
    assert.deepEqual((await get(`${origin}/health`)).headers, { state });
  }
  context.headers.state = 'ready';
  assert.equal(await ready(), '200 ok');
  context.lifecycle.stopping = true;
  assert.equal(await ready(), '503 stopping');
  assert.equal((await fetch(`${origin}/health/live`)).status, 200);
  assert.equal((await get(`${origin}/health`)).status, 'stopping');
});

test('once stopping, an answer ends its connection, so that a proxy’s pool is empty before they are all closed', async (t) => {
  const { origin, context } = await startApp(t);
  const connectionAfter = async (init: RequestInit) => {
    const response = await fetch(`${origin}/upscale`, init);
    await response.arrayBuffer();
    return response.headers.get('connection');
  };
  const upload = async () => connectionAfter({ method: 'POST', body: await form() });
  assert.equal(await upload(), 'keep-alive');
  context.lifecycle.stopping = true;
  assert.equal(await upload(), 'close');
  assert.equal(await connectionAfter({ method: 'GET' }), 'close');
});

test('/metrics counts requests, jobs, tiles, pixels, fallbacks and shows speed, queue and restarts', async (t) => {
  const { origin } = await startApp(t);
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form({ scale: '2' }) });
  await response.arrayBuffer();
  await fetch(`${origin}/nothing/${Math.random()}`);
  const scrape = async () => (await fetch(`${origin}/metrics`)).text();
  const text = await until(async () => {
    const scraped = await scrape();
    return scraped.includes('route="/upscale"') && scraped;
  }, 'The metrics count the upscale.');
  for (const line of [
    'tessera_http_requests_total{method="POST",route="/upscale",status="200"} 1',
    'tessera_http_requests_total{method="GET",route="unknown",status="404"} 1',
    'tessera_http_request_duration_seconds_count{method="POST",route="/upscale"} 1',
    'tessera_jobs_total{outcome="succeeded"} 1',
    'tessera_queue_wait_seconds_count 1',
    'tessera_tiles_total{model="fake-x4",provider="cpu"} 2',
    'tessera_steps_total{step="network"} 1',
    'tessera_steps_total{step="resize"} 1',
    'tessera_pixels_total{kind="source"} 192',
    'tessera_pixels_total{kind="result"} 768',
    'tessera_microseconds_per_pixel{model="fake-x4",provider="cpu"} 1.5',
    'tessera_engine_restarts_total 3',
    'tessera_jobs_running 0',
    'tessera_jobs_queued 0',
    'tessera_jobs_kept 0',
    'tessera_engine_memory_bytes 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  assert.match(text, /^process_resident_memory_bytes \d/m);
});

test('/metrics counts what an answer fell back from, and no model that was never installed', async (t) => {
  const { origin, engine } = await startApp(t);
  const upscale = async (): Promise<void> => {
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
  };
  const fallbacks = async () => {
    const text = await (await fetch(`${origin}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith('tessera_fallbacks_total{'));
  };
  await upscale();
  assert.deepEqual(await fallbacks(), []);
  const absent = { model: 'absent-x4', outcome: 'skipped', reason: 'not_installed', ms: 0 } as const;
  const damaged = {
    model: 'net-x4',
    provider: 'cpu',
    outcome: 'failed',
    reason: 'corrupt_model',
    ms: 1,
  } as const;
  const served = { model: 'lanczos', outcome: 'served', ms: 1 } as const;
  engine.answer = { fallback: true, attempts: [absent, damaged, served] };
  await upscale();
  const ofDamaged = 'tessera_fallbacks_total{model="net-x4",provider="cpu",reason="corrupt_model"} 1';
  assert.deepEqual(await fallbacks(), [ofDamaged]);
  // The request named it: it alone is why.
  engine.answer = { fallback: true, attempts: [absent, served] };
  await upscale();
  const ofAbsent = 'tessera_fallbacks_total{model="absent-x4",provider="none",reason="not_installed"} 1';
  assert.deepEqual(await fallbacks(), [ofDamaged, ofAbsent]);
});
