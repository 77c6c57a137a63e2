import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test, { after, afterEach, before, beforeEach } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser, noBrowser } from './browser.js';
import { ContractServer } from './contract-server.js';
import { cardOf, downloaded, eventually, give, overflow, watchForErrors } from './page-driver.js';
import { photo } from './photos.js';

/** The page against a scripted service: states that a real engine passes too fast, or reaches too rarely. */

let browser: Browser;
let server: ContractServer;
let context: BrowserContext;
let page: Page;
let errors: string[];

before(async () => {
  if (noBrowser === false) browser = await launchBrowser();
});
after(() => browser?.close());

beforeEach(async () => {
  if (noBrowser !== false) return;
  server = await ContractServer.start();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  errors = watchForErrors(page);
  await page.goto(server.url);
});
afterEach(async () => {
  if (noBrowser !== false) return;
  await context.close();
  await server.close();
  assert.deepEqual(errors, []);
});

const options = { skip: noBrowser };

test('progress moves by tile, and the first result opens beside its original', options, async () => {
  const [first, second] = [await photo('first.jpg', 120, 80), await photo('second.png', 90, 90, 3)];
  await give(page, 'drop', [first, second]);
  const job = await server.job(0);
  await server.job(1);
  const card = cardOf(page, job.view.fileName ?? '');
  const bar = card.getByRole('progressbar');
  const seen: number[] = [];
  for (const tilesDone of [1, 5, 9]) {
    job.progress({
      stage: 'infer',
      tilesDone,
      tilesTotal: 10,
      model: 'tessera-lite-x4',
      provider: 'cpu',
      secondsLeft: 3,
    });
    await card.getByText(`Tile ${tilesDone + 1} of 10`).waitFor();
    seen.push(Number(await bar.evaluate((element: { value: number }) => element.value)));
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    seen,
  );
  assert.equal(new Set(seen).size, 3);
  await card.getByText('about 3 s left · Tessera Lite ×4 on the CPU').waitFor();

  await job.succeed();
  const slider = page.getByRole('slider', { name: 'Divider' });
  await slider.waitFor();
  assert.equal(await page.locator('#zoom-level').textContent(), '100 %');
  assert.equal(await slider.locator('img').count(), 2);
  assert.equal(await page.locator('#announcer').textContent(), `${job.view.fileName} is ready.`);
  assert.deepEqual(
    await page
      .locator('#stage-facts dd')
      .allTextContents()
      .then((facts) => facts.map((fact) => fact.replaceAll('\u00a0', ' ').replace(/ · [\d.]+ kB$/, ''))),
    [
      `${job.view.source.width} × ${job.view.source.height} · ${job.view.source.format.toUpperCase()}`,
      `${job.view.source.width * 4} × ${job.view.source.height * 4} · JPEG`,
      '1.2 s, 12 tiles',
      'Tessera Lite ×4 on the CPU',
    ],
  );
});

test('the divider follows mouse and keys, and tells screen readers where it is', options, async () => {
  await give(page, 'drop', [await photo('wide.jpg', 500, 200)]);
  await (await server.job(0)).succeed();
  const slider = page.getByRole('slider', { name: 'Divider' });
  await slider.waitFor();
  const position = async () => Number(await slider.getAttribute('aria-valuenow'));
  assert.equal(await position(), 50);
  await slider.focus();
  await page.keyboard.press('Home');
  assert.equal(await position(), 0);
  await page.keyboard.press('End');
  assert.equal(await position(), 100);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('PageDown');
  assert.equal(await position(), 88);
  await page.keyboard.press('ArrowUp');
  assert.equal(await position(), 90);
  assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /^\d+ % before, \d+ % after$/);

  // At 100 % the picture (2000 pixels wide) is larger than its window: the grip slides, the rest moves the picture.
  await page.keyboard.press('Home');
  const image = slider.locator('img').first();
  const left = async () => (await image.boundingBox())?.x ?? Number.NaN;
  const box = await slider.boundingBox();
  assert.ok(box !== null);
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 4 };
  const start = await left();
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  await page.mouse.move(middle.x + 60, middle.y, { steps: 3 });
  await page.mouse.up();
  assert.equal(Math.round((await left()) - start), 60);
  assert.equal(await position(), 0);

  await page.keyboard.press('Shift+ArrowRight');
  assert.equal(Math.round((await left()) - start), -20);

  // Fitted, any place slides.
  await page.getByRole('button', { name: 'Fit' }).click();
  await page.mouse.click(box.x + box.width * 0.25, middle.y);
  assert.equal(await position(), 25);
});

test('zoom goes in and out around the picture, both halves alike', options, async () => {
  await give(page, 'drop', [await photo('wide.jpg', 500, 200)]);
  await (await server.job(0)).succeed();
  await page.getByRole('slider', { name: 'Divider' }).waitFor();
  const level = page.locator('#zoom-level');
  await page.getByRole('button', { name: 'Zoom in' }).click();
  assert.equal(await level.textContent(), '150 %');
  await page.getByRole('slider').focus();
  await page.keyboard.press('0');
  assert.equal(await level.textContent(), '64 %');
  assert.equal(await page.getByRole('button', { name: 'Fit' }).getAttribute('aria-pressed'), 'true');
  await page.keyboard.press('1');
  assert.equal(await level.textContent(), '100 %');
  await page.mouse.move(300, 300);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -300);
  await page.keyboard.up('Control');
  await eventually(page, 'document.querySelector("#zoom-level").textContent === "272 %"');
  const boxes = await page.locator('img-comparison-slider img').all();
  const [first, second] = await Promise.all(boxes.map((image) => image.boundingBox()));
  assert.deepEqual(first, second);
});

test('a download holds the bytes of the result, under its name', options, async () => {
  await page.getByLabel('Format').selectOption('png');
  await page.getByRole('radio', { name: '2×' }).check();
  await give(page, 'drop', [await photo('dot.name.jpg', 60, 40)]);
  const job = await server.job(0);
  await job.succeed();
  assert.deepEqual({ ...job.options }, { scale: '2', format: 'png' });
  const { name, content } = await downloaded(
    page,
    cardOf(page, 'dot.name.jpg').getByRole('link', { name: 'Download' }),
  );
  assert.equal(name, 'dot.name_x2.png');
  assert.deepEqual(content, job.result);
});

test('all results come in one ZIP, with a number where names are the same', options, async () => {
  const pictures = [await photo('same.jpg', 40, 30), await photo('same.jpg', 30, 40, 5)];
  for (const [index, picture] of pictures.entries()) {
    await give(page, 'drop', [picture]);
    await (await server.job(index)).succeed();
  }
  const { name, content } = await downloaded(page, page.getByRole('button', { name: 'Download all as ZIP' }));
  assert.equal(name, 'tessera.zip');
  assert.ok(content.includes('same_x4.jpg') && content.includes('same_x4 (2).jpg'));
  for (const { result } of server.jobs) assert.ok(result !== undefined && content.includes(result));
});

test(
  'cancelling stops the job in the service, and it can be tried again with other options',
  options,
  async () => {
    await give(page, 'drop', [await photo('stop.jpg', 60, 40)]);
    const job = await server.job(0);
    job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
    const card = cardOf(page, 'stop.jpg');
    await card.getByRole('button', { name: 'Cancel' }).click();
    await card.getByText('Cancelled').waitFor();
    await server.until(() => job.deleted);
    await page.getByRole('radio', { name: '3×' }).check();
    await card.getByRole('button', { name: 'Try again' }).click();
    assert.equal((await server.job(1)).options.scale, '3');
  },
);

test('a bad file shows the service’s own sentence, and so does a job that fails later', options, async () => {
  await give(page, 'drop', [
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') },
    await photo('late.jpg', 60, 40),
  ]);
  await cardOf(page, 'notes.txt')
    .getByText('The file is not an image in a format that is read here.')
    .waitFor();
  (await server.job(0)).fail('corrupt_image', 'The image is cut off after 12 of 40 rows.');
  await cardOf(page, 'late.jpg').getByText('The image is cut off after 12 of 40 rows.').waitFor();
  assert.equal(await page.locator('#tally').textContent(), '2 failed');
});

test('an event stream that breaks is taken up where it was', options, async () => {
  await give(page, 'drop', [await photo('broken.jpg', 60, 40)]);
  const job = await server.job(0);
  await server.until(() => job.streams.size > 0);
  job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
  job.progress({ stage: 'infer', tilesDone: 2, tilesTotal: 9 });
  const card = cardOf(page, 'broken.jpg');
  await card.getByText('Tile 3 of 9').waitFor();
  job.breakStreams();
  await server.until(() => job.resumedAt.length === 2);
  assert.deepEqual(job.resumedAt, [undefined, '2']);
  job.progress({ stage: 'infer', tilesDone: 7, tilesTotal: 9 });
  await card.getByText('Tile 8 of 9').waitFor();
  await job.succeed();
  await card.getByRole('link', { name: 'Download' }).waitFor();
});

test('a job that the service has forgotten is a failure with its reason', options, async () => {
  await give(page, 'drop', [await photo('lost.jpg', 60, 40)]);
  const job = await server.job(0);
  await server.until(() => job.streams.size > 0);
  job.deleted = true;
  job.breakStreams();
  await cardOf(page, 'lost.jpg').getByText('There is no such job; it may have expired.').waitFor();
});

test('a busy service is asked again after the time it names', options, async () => {
  server.busyAnswers = 1;
  await give(page, 'drop', [await photo('patient.jpg', 60, 40)]);
  const card = cardOf(page, 'patient.jpg');
  await card.getByText('The service is busy. Next try in 1 s').waitFor();
  await (await server.job(0)).succeed();
  await card.getByRole('link', { name: 'Download' }).waitFor();
});

test('more jobs than event streams all come to their end', options, async () => {
  const pictures = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((number) => photo(`p${number}.jpg`, 40, 30, number)),
  );
  await give(page, 'drop', pictures);
  await server.job(5);
  for (const job of [...server.jobs].reverse()) await job.succeed();
  await page.getByText('6 ready').waitFor();
});

test('a fallback is told in words, with every attempt', options, async () => {
  await give(page, 'drop', [await photo('tight.jpg', 60, 40)]);
  const job = await server.job(0);
  job.view.attempts = [
    {
      model: 'realesr-general-x4v3',
      provider: 'cpu',
      outcome: 'failed',
      reason: 'out_of_memory',
      tileSizePx: 512,
      ms: 1800,
    },
  ];
  await job.succeed({ fallback: true });
  await cardOf(page, 'tight.jpg')
    .getByText('A fallback served it: Real-ESRGAN general ×4 on the CPU ran out of memory.')
    .waitFor();
  await page.locator('#attempts[open]').waitFor();
  assert.deepEqual(
    (await page.locator('#attempt-list li').allTextContents()).map((text) => text.replaceAll('\u00a0', ' ')),
    [
      'Real-ESRGAN general ×4 on the CPU ran out of memory with tiles of 512 px, after 1.8 s.',
      'Tessera Lite ×4 on the CPU served it in 0.9 s.',
    ],
  );
});

test(
  'a service with keys asks for one, and the key goes with every request from then on',
  options,
  async () => {
    server.apiKey = 'sesame';
    await page.reload();
    await give(page, 'drop', [await photo('secret.jpg', 60, 40)]);
    const card = cardOf(page, 'secret.jpg');
    await card.getByText('This service needs an API key').waitFor();
    const field = page.getByLabel('API key');
    await eventually(page, 'document.activeElement.id === "api-key"');
    await field.fill('sesame');
    await field.press('Tab');
    await card.getByRole('button', { name: 'Try again' }).click();
    await (await server.job(0)).succeed();
    await card.getByRole('link', { name: 'Download' }).waitFor();
    await page.reload();
    assert.equal(await field.inputValue(), 'sesame');
    await page.locator('#model option', { hasText: 'Tessera Lite' }).waitFor({ state: 'attached' });
  },
);

test('a pasted picture is taken like a dropped one', options, async () => {
  await give(page, 'paste', [await photo('clip.png', 40, 40)]);
  assert.equal((await server.job(0)).view.fileName, 'clip.png');
});

test('a result that the browser cannot show is still there to download', options, async () => {
  await give(page, 'drop', [await photo('odd.jpg', 40, 40)]);
  const job = await server.job(0);
  await job.succeed({ format: 'tiff' });
  job.result = Buffer.from('II*\0 not for browsers');
  await page.getByText(/This browser cannot show this TIFF picture/).waitFor();
  await page.locator('#stage-download').waitFor();
});

test('by keyboard alone: compare, close, remove; the focus is never lost', options, async () => {
  await give(page, 'drop', [await photo('a.jpg', 60, 40), await photo('b.jpg', 60, 40, 2)]);
  await server.job(1);
  for (const job of server.jobs) await job.succeed();
  const compare = cardOf(page, 'b.jpg').getByRole('button', { name: 'Compare' });
  await compare.focus();
  await page.keyboard.press('Enter');
  const focused = () => page.evaluate('document.activeElement.id || document.activeElement.className');
  assert.equal(await focused(), 'stage-title');
  assert.equal(await page.locator('#stage-title').textContent(), 'b.jpg');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'Compare: b.jpg');
  await cardOf(page, 'b.jpg').getByRole('button', { name: 'Remove' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'card');
  await server.until(() => server.jobs.some((job) => job.deleted));
  await cardOf(page, 'a.jpg').getByRole('button', { name: 'Remove' }).press('Enter');
  assert.equal(await focused(), 'files');
  assert.ok(await page.getByRole('heading', { name: 'Make a picture larger.' }).isVisible());
});

test('leaving the page cancels what nobody will ask for any more', options, async () => {
  await give(page, 'drop', [await photo('gone.jpg', 60, 40)]);
  const job = await server.job(0);
  await server.until(() => job.streams.size > 0);
  await page.goto(`${server.url}/docs`);
  await server.until(() => job.deleted);
});

test(
  'no accessibility rule of axe is broken, in light and dark, empty and with results',
  options,
  async () => {
    const axe = createRequire(import.meta.url).resolve('axe-core');
    const source = await import('node:fs/promises').then(({ readFile }) => readFile(axe, 'utf8'));
    const check = async (state: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.evaluate(
          'Promise.allSettled(document.getAnimations().map((animation) => animation.finished))',
        );
        await page.evaluate(source);
        const broken = await page.evaluate(
          'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)].join(" ")))',
        );
        assert.deepEqual(broken, [], `${state}, ${colorScheme}`);
      }
    };
    await page.locator('#more summary').click();
    await check('empty');
    await give(page, 'drop', [
      await photo('a.jpg', 60, 40),
      await photo('b.jpg', 60, 40),
      await photo('c.jpg', 60, 40),
    ]);
    await server.job(2);
    await server.jobs[0]?.succeed({ fallback: true });
    server.jobs[1]?.fail('corrupt_image', 'The image is cut off.');
    server.jobs[2]?.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
    await page.getByText('1 on their way, 1 ready, 1 failed').waitFor();
    await page.getByRole('slider', { name: 'Divider' }).waitFor();
    await check('with results');
  },
);

test('at 360 pixels nothing is wider than the window, in any state', options, async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  assert.equal(await overflow(page), 0);
  await page.locator('#more summary').click();
  assert.equal(await overflow(page), 0);
  const long = 'a-very-long-file-name-without-any-place-to-break-it-at-all-0123456789.jpg';
  await give(page, 'drop', [await photo(long, 200, 150), await photo('b.jpg', 60, 40)]);
  await server.job(1);
  server.jobs[1]?.fail('corrupt_image', `The file "${'x'.repeat(90)}" is damaged.`);
  const job = server.jobs[0];
  job?.progress({
    stage: 'infer',
    tilesDone: 3,
    tilesTotal: 1200,
    model: 'realesr-general-x4v3',
    provider: 'webgpu',
    secondsLeft: 4000,
  });
  await page.getByText('Tile 4 of 1200').waitFor();
  assert.equal(await overflow(page), 0);
  await job?.succeed({ fallback: true });
  await page.getByRole('slider', { name: 'Divider' }).waitFor();
  assert.equal(await overflow(page), 0);
});
