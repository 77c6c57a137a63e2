import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import type { Response } from 'playwright-core';
import { PAGE_CSP } from '../../src/http/routes/page.js';
import { startApp } from '../http/harness.js';
import { launchBrowser, noBrowser } from './browser.js';
import { ContractServer } from './contract-server.js';
import { watchForErrors } from './page-driver.js';

let server: ContractServer;
before(async () => {
  server = await ContractServer.start();
});
after(() => server.close());

test('the page carries a policy that allows its own files only, and nothing inline', async () => {
  const response = await fetch(server.url);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(response.headers.get('content-security-policy'), PAGE_CSP);
  assert.doesNotMatch(PAGE_CSP, /unsafe|https?:|\*/);
  const html = await response.text();
  assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  assert.doesNotMatch(html, /https?:\/\//);
});

test('a file that the browser has is not sent again', async () => {
  const first = await fetch(`${server.url}/assets/main.js`);
  const etag = first.headers.get('etag') ?? '';
  assert.equal(first.headers.get('cache-control'), 'no-cache');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await fetch(`${server.url}/assets/main.js`, { headers: { 'if-none-match': known } });
    assert.equal(again.status, 304);
    assert.equal((await again.arrayBuffer()).byteLength, 0);
  }
  const other = await fetch(`${server.url}/assets/main.js`, { headers: { 'if-none-match': '"other"' } });
  assert.equal(other.status, 200);
});

test('nothing else on the disk can be asked for', async () => {
  for (const path of [
    '/assets/',
    '/assets/../index.html',
    '/assets/%2e%2e/tsconfig.json',
    '/assets/vendor/fastify.js',
    '/tsconfig.json',
  ]) {
    assert.equal((await fetch(server.url + path)).status, 404, path);
  }
});

test('the page and its files need no key and do not count against the rate limit; the policy is the page’s own', async (t) => {
  const { origin } = await startApp(t, { API_KEYS: 'sesame', RATE_LIMIT_MAX: '1' });
  for (const path of ['/', '/assets/main.js', '/assets/styles/base.css', '/assets/vendor/client-zip.js']) {
    assert.equal((await fetch(origin + path)).status, 200, path);
  }
  assert.equal((await fetch(`${origin}/`)).headers.get('content-security-policy'), PAGE_CSP);
  assert.equal((await fetch(`${origin}/models`)).status, 401);
});

test('the first paint asks the service alone, for at most 100 kB in all', { skip: noBrowser }, async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const errors = watchForErrors(page);
    const responses: Response[] = [];
    page.on('response', (response) => responses.push(response));
    await page.goto(server.url, { waitUntil: 'networkidle' });
    const sizes = await Promise.all(responses.map(async (response) => (await response.body()).byteLength));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(responses.length > 10);
    assert.ok(responses.every((response) => response.url().startsWith(`${server.url}/`)));
    assert.ok(responses.every((response) => response.status() === 200));
    assert.ok(total <= 100_000, `${total} bytes`);
    // The slider and the ZIP writer come only when they are used.
    assert.ok(responses.every((response) => !response.url().includes('/vendor/')));
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
});
