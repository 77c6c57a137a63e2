import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { after, before, beforeEach } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { PATIENCE_MS } from '../until.js';
import { launchBrowser, noBrowser } from './browser.js';
import { cardOf, downloaded, eventually, give, overflow, watchForErrors } from './page-driver.js';
import { photo } from './photos.js';
import { type RealService, startService } from './real-service.js';

/** The page as people meet it: the real service, its engine, the embedded model. */

let browser: Browser;
let service: RealService;
let page: Page;
let errors: string[];

before(async () => {
  if (noBrowser !== false) return;
  [browser, service] = await Promise.all([launchBrowser(), startService()]);
});
after(async () => {
  await browser?.close();
  await service?.close();
});
beforeEach(async () => {
  if (noBrowser !== false) return;
  page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  errors = watchForErrors(page);
  await page.goto(service.url);
});

const options = { skip: noBrowser };

test(
  'two photos dropped: progress, comparison, and downloads that are those photos, larger',
  options,
  async () => {
    const photos = [await photo('first.jpg', 600, 400), await photo('second.png', 300, 500, 4)];
    const fractions = watchProgress(page);
    await give(page, 'drop', photos);
    await page.getByText('2 ready').waitFor();
    await page.getByRole('slider', { name: 'Divider' }).waitFor();
    assert.ok((await fractions()).length > 1, 'the bars moved');
    for (const { name, buffer } of photos) {
      const card = cardOf(page, name);
      const file = await downloaded(page, card.getByRole('link', { name: 'Download' }));
      const [stem] = name.split('.');
      assert.equal(file.name, `${stem}_x4.jpg`);
      const source = await sharp(buffer).metadata();
      const result = await sharp(file.content).metadata();
      assert.deepEqual(
        [result.width, result.height, result.format],
        [source.width * 4, source.height * 4, 'jpeg'],
      );
      assert.ok((await psnr(file.content, buffer)) > 25, name);
    }
    await page
      .getByText(/on the CPU/)
      .first()
      .waitFor();
    assert.equal(await overflow(page), 0);
    assert.deepEqual(errors, []);
    for (const { name } of photos) await cardOf(page, name).getByRole('button', { name: 'Remove' }).click();
    await service.empty();
    await page.close();
  },
);

test(
  'a picture that is cancelled stops, and leaves nothing on the disk of the service',
  options,
  async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
    const buffer = await sharp({
      create: { width: 3000, height: 2000, channels: 3, background: '#888', noise },
    })
      .jpeg()
      .toBuffer();
    await give(page, 'drop', [{ name: 'large.jpg', mimeType: 'image/jpeg', buffer }]);
    const card = cardOf(page, 'large.jpg');
    await card.getByText(/Tile \d+ of \d+/).waitFor();
    await card.getByRole('button', { name: 'Cancel' }).click();
    await card.getByText('Cancelled').waitFor();
    await service.empty();
    await card.getByRole('button', { name: 'Remove' }).click();
    assert.deepEqual(errors, []);
    await page.close();
  },
);

test(
  'a file that is no picture, and one that is cut off, show what the service says of them',
  options,
  async () => {
    const { buffer } = await photo('cut.jpg', 200, 200);
    await give(page, 'drop', [
      { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') },
      { name: 'cut.jpg', mimeType: 'image/jpeg', buffer: buffer.subarray(0, buffer.length / 2) },
    ]);
    await cardOf(page, 'notes.jpg')
      .getByText(/not an image/)
      .waitFor();
    await cardOf(page, 'cut.jpg')
      .getByText(/damaged or incomplete/)
      .waitFor();
    await page.close();
  },
);

test('a wrong option is told in the service’s own words', options, async () => {
  await page.locator('#more summary').click();
  await page.getByRole('radio', { name: 'Other' }).check();
  await page.getByRole('spinbutton', { name: 'Scale' }).fill('9');
  await give(page, 'drop', [await photo('a.jpg', 20, 20)]);
  await cardOf(page, 'a.jpg')
    .getByText(/"scale" is "9"; expected a number from 1 to 8/)
    .waitFor();
  await page.close();
});

test('the models of the service are offered by their titles', options, async () => {
  const titles = await page.locator('#model option').allTextContents();
  await eventually(page, 'document.querySelector("#model").length > 2');
  assert.equal(titles[0], 'Best available');
  assert.ok((await page.locator('#model option').allTextContents()).some((title) => /Tessera/.test(title)));
  await page.locator('#model').selectOption('lanczos');
  await give(page, 'drop', [await photo('a.jpg', 20, 20)]);
  await cardOf(page, 'a.jpg')
    .getByText(/Lanczos/)
    .waitFor();
  await page.close();
});

test('a page of another origin may send a picture by fetch, and read who served it', options, async () => {
  const other = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => other.once('listening', resolve));
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
    const { buffer } = await photo('a.jpg', 20, 10);
    const script = `(async () => {
      const bytes = Uint8Array.from(atob('${buffer.toString('base64')}'), (character) => character.charCodeAt(0));
      const form = new FormData();
      form.append('file', new File([bytes], 'a.jpg'));
      const response = await fetch('${service.url}/upscale?format=png', { method: 'POST', body: form, headers: { 'x-api-key': 'any' } });
      const bitmap = await createImageBitmap(await response.blob());
      const named = (name) => response.headers.get(name);
      return [response.status, bitmap.width, bitmap.height, named('x-upscale-model'), named('content-disposition')];
    })()`;
    assert.deepEqual(await page.evaluate(script), [
      200,
      80,
      40,
      'tessera-lite-x4',
      'inline; filename="a_x4.png"',
    ]);
    assert.deepEqual(errors, []);
  } finally {
    other.close();
    await page.close();
  }
});

/** Notes every value that a progress bar takes. @returns what has been seen so far, in order, without repetition. */
function watchProgress(watched: Page): () => Promise<number[]> {
  const installed = watched.evaluate(`
    window.seen = new Set();
    new MutationObserver(() => {
      for (const bar of document.querySelectorAll('.card-progress')) if (!bar.hidden) window.seen.add(bar.value);
    }).observe(document.querySelector('#cards'), { subtree: true, childList: true, attributes: true, characterData: true });
  `);
  return async () => {
    await installed;
    return (await watched.evaluate('[...window.seen]')) as number[];
  };
}

/** Of the result, made small again, against its source. */
async function psnr(result: Buffer, source: Buffer): Promise<number> {
  const original = await sharp(source).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = original.info;
  const small = await sharp(result).resize(width, height, { kernel: 'lanczos3' }).raw().toBuffer();
  const squares = small.reduce((sum, value, at) => sum + (value - (original.data[at] ?? 0)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / small.length));
}
