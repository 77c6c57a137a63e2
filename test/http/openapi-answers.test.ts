import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Value } from 'typebox/value';
import { TesseraError } from '../../src/domain/errors.js';
import { ProblemSchema } from '../../src/http/errors/problem.js';
import { until } from '../until.js';
import { form, type Harness, picture, startApp } from './harness.js';
import { create } from './job-client.js';
import { type ApiDocument, documentOf, operationsOf } from './openapi-document.js';

/** Real answers beside what the document says of them: status, media type, headers, the members of a problem. */

const KEY = { 'x-api-key': 'a-key' };

/** Headers of HTTP itself, of CORS and of every web service that guards its pages: no document of an API lists them. */
const GENERAL =
  /^(date|connection|keep-alive|transfer-encoding|content-(type|length)|cache-control|access-control-.*|vary|content-security-policy|cross-origin-.*|referrer-policy|x-(content-type-options|dns-prefetch-control|download-options|frame-options|permitted-cross-domain-policies|xss-protection|accel-buffering))$/;

interface Described {
  /** Sends a request, and holds its answer to what the document says of the operation. */
  readonly ask: (
    operationId: string,
    status: number,
    request?: RequestInit & { readonly query?: string; readonly id?: string },
  ) => Promise<void>;
}

function describedBy({ origin }: Harness, document: ApiDocument): Described {
  const operations = operationsOf(document);
  return {
    async ask(operationId, status, { query = '', id = '', ...init } = {}) {
      const found = operations.find(({ operation }) => operation.operationId === operationId);
      assert.ok(found !== undefined, operationId);
      const { path, method, operation } = found;
      const response = await fetch(origin + path.replace('{id}', id) + query, {
        method: method.toUpperCase(),
        ...init,
        headers: { ...KEY, ...init.headers },
      });
      const body = Buffer.from(await response.arrayBuffer());
      const which = `${operationId} ${status}`;
      assert.equal(response.status, status, `${which}: ${body.subarray(0, 300)}`);
      const answer = operation.responses[status];
      assert.ok(answer !== undefined, which);
      const type = response.headers.get('content-type')?.split(';', 1)[0];
      if (type === undefined) assert.equal(answer.content, undefined, which);
      else assert.ok(Object.keys(answer.content ?? {}).includes(type), `${which}: ${type}`);
      const described = Object.keys(answer.headers ?? {}).map((name) => name.toLowerCase());
      for (const name of response.headers.keys())
        assert.ok(GENERAL.test(name) || described.includes(name), `${which}: ${name}`);
      if (type !== 'application/problem+json') return;
      const problem = JSON.parse(body.toString()) as { code: string };
      assert.ok(Value.Check(ProblemSchema, problem), body.toString());
      for (const member of Object.keys(problem)) assert.ok(member in ProblemSchema.properties, member);
      assert.ok(answer.description.includes(`\`${problem.code}\``), `${which}: ${problem.code}`);
    },
  };
}

async function start(t: TestContext): Promise<Described & { readonly app: Harness }> {
  const settings = { API_KEYS: 'a-key', RATE_LIMIT_MAX: '100000', MAX_INPUT_MEGAPIXELS: '1' };
  const app = await startApp(t, settings);
  return { app, ...describedBy(app, await documentOf(app.origin)) };
}

test('uploads are answered as the document says', async (t) => {
  const { app, ask } = await start(t);
  const upload = async (fields: Record<string, string> = {}) => ({
    method: 'POST',
    body: await form(fields),
  });
  for (const format of ['jpeg', 'png', 'webp', 'tiff']) await ask('upscale', 200, await upload({ format }));
  await ask('upscale', 200, { ...(await upload()), query: '?dry_run=true' });
  app.engine.answer = { droppedPages: 2, notKept: ['exif'] };
  await ask('upscale', 200, await upload());
  const key = { 'idempotency-key': 'one' };
  await ask('upscale', 202, { ...(await upload()), headers: { ...key, prefer: 'respond-async' } });
  for (const operation of ['upscale', 'createJobs']) {
    const again = { prefer: 'respond-async', ...key };
    await ask(operation, 400, await upload({ scale: 'huge' }));
    await ask(operation, 400, { ...(await upload()), headers: { ...again, 'idempotency-key': 'ö' } });
    await ask(operation, 401, { ...(await upload()), headers: { 'x-api-key': 'wrong' } });
    const body = new FormData();
    body.append('file', new Blob([new Uint8Array(await picture(1001, 1000))]));
    await ask(operation, 413, { body });
    await ask(operation, 415, { body: 'text', headers: { 'content-type': 'text/plain' } });
    await ask(operation, 422, { ...(await upload({ scale: '3' })), headers: again });
  }
  await ask('createJobs', 202, { ...(await upload()), headers: { prefer: 'respond-async' } });
  const attempts = [
    { model: 'net-x4', provider: 'cpu', outcome: 'failed', reason: 'out_of_memory', ms: 3 },
  ] as const;
  for (const [code, status] of [
    ['image_crashes_engine', 400],
    ['output_too_large', 413],
    ['internal', 500],
    ['engine_unavailable', 503],
    ['fallback_refused', 503],
    ['deadline_exceeded', 504],
    ['disk_full', 507],
  ] as const) {
    app.engine.failure = new TesseraError(code, 'It failed.', {
      attempts,
      details: { estimateSeconds: 9 },
    });
    await ask('upscale', status, await upload());
  }
  app.engine.startsFail = true;
  await ask('upscale', 503, await upload());
});

test('jobs are answered as the document says', async (t) => {
  const { app, ask } = await start(t);
  app.engine.hold();
  const { id } = await create(app, form(), KEY);
  await ask('getJob', 200, { id });
  await ask('getJobResult', 409, { id });
  app.engine.release();
  await until(async () => {
    const response = await fetch(`${app.origin}/jobs/${id}`, { headers: KEY });
    return ((await response.json()) as { state: string }).state === 'succeeded';
  }, 'The job has succeeded.');
  await ask('getJob', 200, { id });
  await ask('followJob', 200, { id });
  await ask('getJobResult', 200, { id });
  await ask('getJobResult', 206, { id, headers: { range: 'bytes=0-9' } });
  await ask('getJobResult', 304, { id, headers: { 'if-none-match': '*' } });
  await ask('getJobResult', 416, { id, headers: { range: 'bytes=99999999-' } });
  for (const operation of ['getJob', 'followJob', 'getJobResult', 'deleteJob']) {
    await ask(operation, 404, { id: 'none' });
    await ask(operation, 401, { id, headers: { 'x-api-key': 'wrong' } });
  }
  await ask('deleteJob', 204, { id });
});

test('the service tells of itself as the document says', async (t) => {
  const { app, ask } = await start(t);
  for (const operation of ['getHealth', 'getLiveness', 'getReadiness', 'getMetrics', 'listModels'])
    await ask(operation, 200);
  for (const operation of ['getMetrics', 'listModels'])
    await ask(operation, 401, { headers: { 'x-api-key': 'wrong' } });
  app.engine.state = 'down';
  await ask('getReadiness', 503);
});

test('what the rate limit says is described for every operation that it counts', async (t) => {
  const settings = { API_KEYS: 'a-key', RATE_LIMIT_MAX: '2', RATE_LIMIT_WINDOW_SECONDS: '1000' };
  const app = await startApp(t, settings);
  const document = await documentOf(app.origin);
  const { ask } = describedBy(app, document);
  await ask('listModels', 200);
  for (const { method, operation } of operationsOf(document)) {
    const { operationId } = operation;
    if (/Health|ness$/.test(operationId)) await ask(operationId, 200);
    else
      await ask(operationId, 429, {
        headers: { 'x-api-key': 'wrong' },
        ...(method === 'post' ? { body: await form() } : {}),
      });
  }
});
