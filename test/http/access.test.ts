import assert from 'node:assert/strict';
import test from 'node:test';
import { clientNetwork } from '../../src/http/access/client.js';
import { form, startApp } from './harness.js';

const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };

test('with API_KEYS a request needs one, in either header; probes and documents do not', async (t) => {
  const { origin, reserved } = await startApp(t, { API_KEYS: 'first,second' });
  for (const headers of [
    {},
    { 'x-api-key': 'wrong' },
    { authorization: 'Bearer wrong' },
    { authorization: 'Basic Zmlyc3Q=' },
  ]) {
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form(), headers });
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer /);
    assert.equal(((await response.json()) as Record<string, unknown>).code, 'unauthorized');
  }
  // The key is looked at before a place is taken or a byte of the body is read.
  assert.deepEqual(reserved, []);
  for (const headers of [{ 'x-api-key': 'first' }, { authorization: 'bearer second' }]) {
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form(), headers });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
  }
  for (const path of ['/models', '/metrics', '/nothing']) {
    assert.equal((await fetch(origin + path)).status, 401, path);
  }
  for (const path of [
    '/',
    '/health',
    '/health/live',
    '/health/ready',
    '/docs/',
    '/docs/static/swagger-ui.css',
    '/openapi.json',
  ]) {
    assert.equal((await fetch(origin + path)).status, 200, path);
  }
  const allowed = await fetch(`${origin}/upscale`, { method: 'OPTIONS', headers: preflight });
  assert.equal(allowed.status, 204);
});

test('past the rate limit it is 429 with Retry-After; probes, metrics and preflights are exempt', async (t) => {
  const { origin } = await startApp(t, { RATE_LIMIT_MAX: '2', RATE_LIMIT_WINDOW_SECONDS: '1000' });
  assert.equal((await fetch(`${origin}/models`)).status, 200);
  assert.equal((await fetch(`${origin}/nothing`)).status, 404);
  const refused = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(refused.status, 429);
  const retryAfter = Number(refused.headers.get('retry-after'));
  assert.ok(retryAfter > 900 && retryAfter <= 1000, String(retryAfter));
  const body = (await refused.json()) as Record<string, unknown>;
  assert.equal(body.code, 'rate_limited');
  assert.equal(body.accepted, 'at most 2 requests in 1000 seconds');
  assert.equal(refused.headers.get('access-control-allow-origin'), '*');
  for (const path of ['/health', '/health/live', '/health/ready', '/metrics']) {
    assert.equal((await fetch(origin + path)).status, 200, path);
  }
  const allowed = await fetch(`${origin}/upscale`, { method: 'OPTIONS', headers: preflight });
  assert.equal(allowed.status, 204);
});

test('wrong keys count in the rate limit on every route that needs one, /metrics too; scrapes with a key do not', async (t) => {
  const { origin } = await startApp(t, {
    API_KEYS: 'right',
    RATE_LIMIT_MAX: '3',
    RATE_LIMIT_WINDOW_SECONDS: '1000',
  });
  const scrape = async (key: string) =>
    (await fetch(`${origin}/metrics`, { headers: { 'x-api-key': key } })).status;
  for (let scrapes = 0; scrapes < 5; scrapes += 1) assert.equal(await scrape('right'), 200);
  assert.deepEqual(
    [await scrape('a'), await scrape('b'), await scrape('c'), await scrape('d')],
    [401, 401, 401, 429],
  );
  assert.equal(await scrape('right'), 200);
  assert.equal((await fetch(`${origin}/health`)).status, 200);
});

test('an empty X-API-Key presents nothing: the bearer token beside it counts', async (t) => {
  const { origin } = await startApp(t, { API_KEYS: 'right' });
  const statusWith = async (headers: Record<string, string>) =>
    (await fetch(`${origin}/models`, { headers })).status;
  assert.equal(await statusWith({ 'x-api-key': '', authorization: 'Bearer right' }), 200);
  assert.equal(await statusWith({ 'x-api-key': ' ', authorization: 'Bearer right' }), 200);
  assert.equal(await statusWith({ 'x-api-key': 'wrong', authorization: 'Bearer right' }), 401);
  assert.equal(await statusWith({ 'x-api-key': '' }), 401);
});

test('an IPv6 client is its network of 64 bits, an IPv4 one its address, however it is written', () => {
  assert.equal(clientNetwork('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(clientNetwork('2001:0DB8:0:0:ffff:1:2:3'), '2001:db8:0:0::/64');
  assert.equal(clientNetwork('2001:db8:0:1::1'), '2001:db8:0:1::/64');
  assert.equal(clientNetwork('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(clientNetwork('::1'), '0:0:0:0::/64');
  assert.equal(clientNetwork('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(clientNetwork('10.0.0.1'), '10.0.0.1');
});

test('X-Forwarded-For counts only from a trusted proxy', async (t) => {
  const hit = async (origin: string, client: string) =>
    (await fetch(`${origin}/models`, { headers: { 'x-forwarded-for': client } })).status;
  const settings = { RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW_SECONDS: '1000' };
  const trusting = await startApp(t, { ...settings, TRUST_PROXY: 'loopback' });
  assert.deepEqual(
    [await hit(trusting.origin, '9.9.9.1'), await hit(trusting.origin, '9.9.9.2')],
    [200, 200],
  );
  assert.equal(await hit(trusting.origin, '9.9.9.1'), 429);
  const wary = await startApp(t, { ...settings, TRUST_PROXY: '10.0.0.0/8' });
  assert.deepEqual([await hit(wary.origin, '9.9.9.1'), await hit(wary.origin, '9.9.9.2')], [200, 429]);
});

test('CORS: any origin by default, with the headers of the answer exposed', async (t) => {
  const { origin } = await startApp(t);
  const response = await fetch(`${origin}/upscale`, {
    method: 'POST',
    body: await form(),
    headers: { origin: 'https://app.example' },
  });
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase().split(', ');
  for (const name of [
    'x-upscale-model',
    'x-upscale-attempts',
    'content-disposition',
    'server-timing',
    'x-request-id',
    'retry-after',
  ]) {
    assert.ok(exposed.includes(name), name);
  }
  const before = await fetch(`${origin}/upscale`, {
    method: 'OPTIONS',
    headers: { ...preflight, 'access-control-request-headers': 'x-api-key' },
  });
  assert.equal(before.headers.get('access-control-allow-headers'), 'x-api-key');
  assert.match(before.headers.get('access-control-allow-methods') ?? '', /POST/);
});

test('CORS: with a list only those origins, each by itself', async (t) => {
  const { origin } = await startApp(t, { CORS_ORIGINS: 'https://a.example,https://b.example' });
  const allowedFor = async (from: string) => {
    const response = await fetch(`${origin}/models`, { headers: { origin: from } });
    assert.match(response.headers.get('vary') ?? '', /Origin/);
    return response.headers.get('access-control-allow-origin');
  };
  assert.equal(await allowedFor('https://b.example'), 'https://b.example');
  assert.equal(await allowedFor('https://evil.example'), null);
  const response = await fetch(`${origin}/upscale`, {
    method: 'POST',
    body: await form(),
    headers: { origin: 'https://a.example' },
  });
  assert.equal(response.headers.get('vary'), 'Origin, Accept');
});

test('security headers fit plain HTTP and pages of other origins', async (t) => {
  const { origin } = await startApp(t);
  const { headers } = await fetch(`${origin}/models`);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin');
  assert.equal(headers.get('strict-transport-security'), null);
  assert.equal(headers.get('x-powered-by'), null);
  for (const path of ['/models', '/', '/docs/']) {
    const policy = (await fetch(origin + path)).headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'/, path);
    assert.doesNotMatch(policy, /upgrade-insecure-requests/, path);
  }
});
