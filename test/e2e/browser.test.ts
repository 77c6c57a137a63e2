import assert from 'node:assert/strict';
import { createServer, request, type Server } from 'node:http';
import test from 'node:test';
import sharp from 'sharp';
import { atEnd } from '../at-end.js';
import { startApp } from '../http/harness.js';
import { PATIENCE_MS } from '../until.js';
import { launchBrowser, noBrowser } from '../web/browser.js';
import { photo } from './pictures.js';
import { startServer } from './server-process.js';

test('/docs: the form of "try it" uploads a photo and shows the larger one', {
  skip: noBrowser,
}, async (t) => {
  const server = await startServer(t);
  const browser = await launchBrowser();
  atEnd(t, () => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${server.origin}/docs`);

  const operation = page.locator('#operations-upscale-upscale');
  await operation.locator('.opblock-summary').click();
  await operation
    .locator('input[type=file]')
    .setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer: await photo(50) });
  const answer = page.waitForResponse((response) => response.url().includes('/upscale'));
  await operation.locator('button.execute').click();
  const response = await answer;
  // Nothing is sent but what was filled in.
  assert.equal(response.url(), `${server.origin}/upscale`);
  assert.equal(response.status(), 200, await response.text());
  assert.equal(response.headers()['x-upscale-model'], 'tessera-lite-x4');
  const live = operation.locator('.live-responses-table');
  const image = live.locator('img');
  await image.waitFor();
  assert.equal(
    await image.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth),
    384,
  );
  assert.match(await live.innerText(), /x-upscale-width: 384/);

  // Every operation opens and shows what it may answer.
  const closed = page.locator('.opblock:not(.is-open) .opblock-summary-control');
  for (let left = await closed.count(); left > 0; left -= 1) await closed.first().click();
  assert.equal(await page.locator('.opblock.is-open').count(), await page.locator('.opblock').count());
  assert.ok((await page.locator('.opblock').count()) >= 11);
  assert.deepEqual(complaints, []);
});

test('/docs: what is tried goes to the service under the prefix that a proxy gives it', {
  skip: noBrowser,
}, async (t) => {
  const PREFIX = '/images/v1';
  const { origin } = await startApp(t);
  const proxy = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(PREFIX)) return void outgoing.writeHead(404).end('not here');
    const onward = request(origin + url.slice(PREFIX.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  const outside = await listen(proxy);
  atEnd(t, () => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const browser = await launchBrowser();
  atEnd(t, () => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${outside}${PREFIX}/docs`);
  const operation = page.locator('#operations-service-listModels');
  await operation.locator('.opblock-summary').click();
  const answer = page.waitForResponse((response) => response.url().endsWith('/models'));
  await operation.locator('button.execute').click();
  const response = await answer;
  assert.equal(response.url(), `${outside}${PREFIX}/models`);
  assert.equal(response.status(), 200);
});

test('a page of another origin upscales by fetch and reads the headers, as CORS_ORIGINS allows', {
  skip: noBrowser,
}, async (t) => {
  const elsewhere = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  });
  const here = await listen(elsewhere);
  atEnd(t, () => {
    elsewhere.closeAllConnections();
    elsewhere.close();
  });
  const server = await startServer(t, { CORS_ORIGINS: here, API_KEYS: 'browser-key' });
  const browser = await launchBrowser();
  atEnd(t, () => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const upscale = async () =>
    page.evaluate(
      async ([origin, bytes]) => {
        const body = new FormData();
        body.append('file', new Blob([new Uint8Array(bytes as number[])]), 'photo.png');
        // A key makes the browser ask first, by a preflight.
        const response = await fetch(`${origin}/upscale`, {
          method: 'POST',
          body,
          headers: { 'x-api-key': 'browser-key' },
        });
        return {
          status: response.status,
          model: response.headers.get('x-upscale-model'),
          name: response.headers.get('content-disposition'),
          timing: response.headers.get('server-timing'),
          image: [...new Uint8Array(await response.arrayBuffer())],
        };
      },
      [server.origin, [...(await photo(51, 48, 36))]] as const,
    );
  await page.goto(here);
  const { image, ...answer } = await upscale();
  assert.equal(answer.status, 200);
  assert.equal(answer.model, 'tessera-lite-x4');
  assert.equal(answer.name, 'inline; filename="photo_x4.jpg"');
  assert.match(answer.timing ?? '', /^queue;dur=/);
  assert.equal((await sharp(Buffer.from(image)).metadata()).width, 192);

  await page.goto(here.replace('127.0.0.1', 'localhost'));
  await assert.rejects(upscale(), /Failed to fetch/);
});

/** @returns the origin on which it listens. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}
