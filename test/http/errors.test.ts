import assert from 'node:assert/strict';
import test from 'node:test';
import { ERROR_CODES, TesseraError } from '../../src/domain/errors.js';
import { late } from '../../src/engine/supervisor/late.js';
import { diskFullError } from '../../src/host/disk-full.js';
import { ERROR_TABLE } from '../../src/http/errors/error-table.js';
import { until } from '../until.js';
import { form, picture, startApp } from './harness.js';
import { create, ended } from './job-client.js';
import { bodyOf, sendRaw, statusOf } from './raw-request.js';

test('an unknown path is a 404 problem, whatever the method', async (t) => {
  const { origin } = await startApp(t);
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await fetch(`${origin}/nothing/here`, { method });
    assert.equal(response.status, 404, method);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal(body.code, 'not_found');
    assert.equal(body.type, 'about:blank');
    assert.equal(body.title, 'Not Found');
    assert.equal(body.request_id, response.headers.get('x-request-id'));
  }
});

test('a known path with another method is a 405 that says which are allowed', async (t) => {
  const { origin } = await startApp(t);
  const cases = [
    ['GET', '/upscale', 'OPTIONS, POST'],
    ['HEAD', '/upscale', 'OPTIONS, POST'],
    ['PUT', '/upscale?scale=2', 'OPTIONS, POST'],
    ['POST', '/models', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/health', 'GET, HEAD, OPTIONS'],
    ['POST', '/docs/static/index.html', 'GET, HEAD, OPTIONS'],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await fetch(origin + path, { method });
    assert.equal(response.status, 405, `${method} ${path}`);
    assert.equal(response.headers.get('allow'), allow);
    if (method !== 'HEAD') {
      assert.equal(((await response.json()) as Record<string, unknown>).code, 'method_not_allowed');
    }
  }
  // A method that Fastify itself does not route.
  const answer = await sendRaw(origin, 'PROPFIND /upscale HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n');
  assert.equal(statusOf(answer), 405);
});

test('OPTIONS without a preflight tells the methods of a path', async (t) => {
  const { origin } = await startApp(t);
  const response = await fetch(`${origin}/upscale`, { method: 'OPTIONS' });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get('allow'), 'OPTIONS, POST');
});

test('HEAD answers as GET does, without a body', async (t) => {
  const { origin } = await startApp(t);
  for (const path of ['/models', '/health', '/health/live', '/health/ready', '/metrics', '/openapi.json']) {
    const [head, get] = [await fetch(origin + path, { method: 'HEAD' }), await fetch(origin + path)];
    assert.equal(head.status, get.status, path);
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'));
    assert.equal(await head.text(), '');
    assert.notEqual(await get.text(), '');
  }
});

test('what is no HTTP, or not a URL, is a 4xx problem too', async (t) => {
  const { origin } = await startApp(t);
  const requests: Record<string, readonly [string, number]> = {
    'no HTTP': ['hello\r\n\r\n', 400],
    'a bad header': ['GET / HTTP/1.1\r\nHost: t\r\nBad Header\r\n\r\n', 400],
    'a bad path': ['GET /%zz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n', 400],
    'no host': ['GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    'two hosts': ['GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400],
    'a tunnel': ['CONNECT other:443 HTTP/1.1\r\nHost: other\r\n\r\n', 405],
    'two lengths': [
      'POST /upscale HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    'a length and chunks': [
      'POST /upscale HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    'a bad chunk': [
      'POST /upscale HTTP/1.1\r\nHost: t\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    'huge headers': [`GET / HTTP/1.1\r\nHost: t\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    'a bad content type': [
      'POST /upscale HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: ;;\r\nContent-Length: 2\r\n\r\nab',
      415,
    ],
    'an expectation that is not ours': [
      'GET /health HTTP/1.1\r\nHost: t\r\nConnection: close\r\nExpect: tea\r\n\r\n',
      417,
    ],
  };
  for (const [what, [request, status]] of Object.entries(requests)) {
    const answer = await sendRaw(origin, request);
    assert.equal(statusOf(answer), status, `${what}: ${answer}`);
    assert.equal(bodyOf(answer).status, status, what);
  }
});

test('a sane request id is kept, and another is replaced', async (t) => {
  const { origin } = await startApp(t);
  const idFor = async (given: string) => {
    const response = await fetch(`${origin}/health/live`, { headers: { 'x-request-id': given } });
    return response.headers.get('x-request-id') ?? '';
  };
  assert.equal(await idFor('trace-1:abc.DEF_2'), 'trace-1:abc.DEF_2');
  for (const odd of ['', 'a b', '"quoted"', 'x'.repeat(129)]) {
    assert.match(await idFor(odd), /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  }
});

test('the log has one line for each request, without secrets', async (t) => {
  const { origin, logLines } = await startApp(t, { API_KEYS: 'top-secret' });
  await fetch(`${origin}/models?scale=2&key=hidden&callback_url=https://x/?token=t`, {
    headers: { 'x-api-key': 'top-secret', authorization: 'Bearer top-secret' },
  });
  const isRequestLine = (line: string) => line.includes('"msg":"request"');
  await until(() => logLines.some(isRequestLine), 'The log has a line for the request.');
  const lines = logLines.filter(isRequestLine).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.url, '/models?scale=2&key=[redacted]&callback_url=[redacted]');
  assert.equal(lines[0]?.status, 200);
  assert.doesNotMatch(logLines.join(''), /top-secret|hidden|token/);
});

test('504 and 507 say when to come back, where that helps', async (t) => {
  const { origin, engine, jobs } = await startApp(t, { MAX_JOB_DISK_MB: '1' });
  const refusal = async (body: FormData) => {
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body });
    await response.arrayBuffer();
    return `${response.status} ${response.headers.get('retry-after')}`;
  };
  engine.failure = new TesseraError('deadline_exceeded', 'Too late.');
  assert.equal(await refusal(await form()), '504 1');
  const { status } = jobs;
  jobs.status = () => ({ ...status.call(jobs), backlogSeconds: 41.2 });
  assert.equal(await refusal(await form()), '504 42');
  engine.failure = new TesseraError('deadline_exceeded', 'Too late.', { details: { retryAfterSeconds: 7 } });
  assert.equal(await refusal(await form()), '504 7');
  engine.failure = diskFullError(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
  assert.equal(await refusal(await form()), '507 60');
  // For good: the result alone is larger than all jobs may be.
  engine.failure = undefined;
  const large = new FormData();
  large.append('file', new Blob([new Uint8Array(await picture(600, 600))]), 'a.png');
  assert.equal(await refusal(large), '507 null');
});

test('a 504 says what the image needs and what to ask for, jobs being one way', async (t) => {
  const app = await startApp(t);
  app.engine.failure = late({ estimateSeconds: 95, timeoutSeconds: 60, longestSeconds: 600 });
  const response = await fetch(`${app.origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(response.status, 504);
  const told = (await response.json()) as Record<string, unknown>;
  assert.equal(told.estimated_seconds, 95);
  assert.match(String(told.detail), /needs about 95 s\. Ask for timeout=150, or use POST \/jobs\.$/);
  const { id } = await create(app);
  const { error } = await ended(app, id);
  const { estimatedSeconds, detail } = error as Record<string, unknown>;
  assert.equal(estimatedSeconds, 95);
  assert.match(String(detail), /Ask for timeout=150\.$/);
});

test('every error code has a status and a sentence', () => {
  assert.deepEqual(Object.keys(ERROR_TABLE).sort(), [...ERROR_CODES].sort());
  for (const [code, { status, when }] of Object.entries(ERROR_TABLE)) {
    assert.ok(status >= 400 && status <= 507, code);
    assert.match(when, /\.$/, code);
  }
});

test('a problem says what helps: later, something else, or nothing', async (t) => {
  const app = await startApp(t);
  const retryOf = async (query: string, body: Uint8Array | string) => {
    const headers = { 'content-type': 'image/png' };
    const response = await fetch(`${app.origin}/upscale${query}`, { method: 'POST', body, headers });
    const { code, retry } = (await response.json()) as Record<string, unknown>;
    return `${code}: ${retry}`;
  };
  const good = new Uint8Array(await picture());
  assert.equal(await retryOf('', 'no picture'), 'unsupported_image: never');
  assert.equal(await retryOf('?scale=99', good), 'invalid_option: changed');
  const failures = { queue_full: 'as_is', corrupt_image: 'never', fallback_refused: 'changed' } as const;
  for (const [code, retry] of Object.entries(failures)) {
    app.engine.failure = new TesseraError(code as keyof typeof failures, 'For a test.');
    assert.equal(await retryOf('', good), `${code}: ${retry}`);
    const job = await ended(app, (await create(app)).id);
    assert.equal((job.error as Record<string, unknown>).retry, retry);
  }
});
