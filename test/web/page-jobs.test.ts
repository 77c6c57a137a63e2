import assert from 'node:assert/strict';
import { until } from '../until.js';
import { cardOf, downloaded, eventually, give } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

pageTest(
  'progress moves by tile, and the first result opens beside its original',
  async ({ page, server }) => {
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
  },
);

pageTest('metadata and profile are kept when they are asked for', async ({ page, server }) => {
  await page.getByText('More options').click();
  await page.getByRole('checkbox', { name: 'Keep metadata' }).check();
  await page.getByRole('checkbox', { name: 'Keep the colour profile' }).check();
  await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
  const job = await server.job(0);
  await job.succeed({ notKept: ['profile'], droppedPages: 2 });
  assert.deepEqual([job.options.metadata, job.options.profile], ['keep', 'keep']);
  await cardOf(page, 'a.jpg').getByRole('button', { name: 'Compare' }).click();
  await page.getByText('colour profile, converted to sRGB').waitFor();
  await page.getByText('the first of 3 frames or pages').waitFor();
});

pageTest('a download holds the bytes of the result, under its name', async ({ page, server }) => {
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

pageTest('all results come in one ZIP, with a number where names are the same', async ({ page, server }) => {
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

pageTest(
  'cancelling stops the job in the service, and it can be tried again with other options',
  async ({ page, server }) => {
    await give(page, 'drop', [await photo('stop.jpg', 60, 40)]);
    const job = await server.job(0);
    job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
    const card = cardOf(page, 'stop.jpg');
    await card.getByRole('button', { name: 'Cancel' }).click();
    await card.getByText('Cancelled').waitFor();
    await until(() => job.deleted, 'The page has removed the job.');
    await page.getByRole('radio', { name: '3×' }).check();
    await card.getByRole('button', { name: 'Try again' }).click();
    assert.equal((await server.job(1)).options.scale, '3');
  },
);

pageTest(
  'a bad file shows the service’s own sentence, and so does a job that fails later',
  async ({ page, server }) => {
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
  },
);

pageTest('an event stream that breaks is taken up where it was', async ({ page, server }) => {
  await give(page, 'drop', [await photo('broken.jpg', 60, 40)]);
  const job = await server.job(0);
  await until(() => job.streams.size > 0, 'The page follows the job.');
  job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
  job.progress({ stage: 'infer', tilesDone: 2, tilesTotal: 9 });
  const card = cardOf(page, 'broken.jpg');
  await card.getByText('Tile 3 of 9').waitFor();
  job.breakStreams();
  await until(() => job.resumedAt.length === 2, 'The page has taken up both streams again.');
  assert.deepEqual(job.resumedAt, [undefined, '2']);
  job.progress({ stage: 'infer', tilesDone: 7, tilesTotal: 9 });
  await card.getByText('Tile 8 of 9').waitFor();
  await job.succeed();
  await card.getByRole('link', { name: 'Download' }).waitFor();
});

pageTest('a job that the service has forgotten is a failure with its reason', async ({ page, server }) => {
  await give(page, 'drop', [await photo('lost.jpg', 60, 40)]);
  const job = await server.job(0);
  await until(() => job.streams.size > 0, 'The page follows the job.');
  job.deleted = true;
  job.breakStreams();
  await cardOf(page, 'lost.jpg').getByText('There is no such job; it may have expired.').waitFor();
});

pageTest('a busy service is asked again after the time it names', async ({ page, server }) => {
  server.busyAnswers = 1;
  await give(page, 'drop', [await photo('patient.jpg', 60, 40)]);
  const card = cardOf(page, 'patient.jpg');
  await card.getByText('The service is busy. Next try in 1 s').waitFor();
  await (await server.job(0)).succeed();
  await card.getByRole('link', { name: 'Download' }).waitFor();
});

pageTest('more jobs than event streams all come to their end', async ({ page, server }) => {
  const pictures = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((number) => photo(`p${number}.jpg`, 40, 30, number)),
  );
  await give(page, 'drop', pictures);
  await server.job(5);
  for (const job of [...server.jobs].reverse()) await job.succeed();
  await page.getByText('6 ready').waitFor();
});

pageTest('a fallback is told in words, with every attempt', async ({ page, server }) => {
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

pageTest(
  'a service with keys asks for one, and the key goes with every request from then on',
  async ({ page, server }) => {
    server.apiKey = 'sesame';
    await page.reload();
    await give(page, 'drop', [await photo('secret.jpg', 60, 40)]);
    const card = cardOf(page, 'secret.jpg');
    await card.getByText('This service needs an API key').waitFor();
    const field = page.getByLabel('API key');
    await eventually(page, 'document.activeElement.id === "api-key"');
    await field.fill('sesame');
    await field.press('Tab');
    await card.getByRole('button', { name: 'Run again' }).click();
    await (await server.job(0)).succeed();
    await card.getByRole('link', { name: 'Download' }).waitFor();
    await page.reload();
    assert.equal(await field.inputValue(), 'sesame');
    await page.locator('#model option', { hasText: 'Tessera Lite' }).waitFor({ state: 'attached' });
  },
);

pageTest('a pasted picture is taken like a dropped one', async ({ page, server }) => {
  await give(page, 'paste', [await photo('clip.png', 40, 40)]);
  assert.equal((await server.job(0)).view.fileName, 'clip.png');
});

pageTest('models that are not installed stand apart, and cannot be chosen', async ({ page }) => {
  const missing = page.locator('#model optgroup[label="Not installed"]');
  await missing.waitFor({ state: 'attached' });
  assert.equal(await missing.evaluate((group: { disabled: boolean }) => group.disabled), true);
  assert.deepEqual(await missing.locator('option').allTextContents(), ['Real-ESRGAN general ×4']);
  assert.deepEqual(await page.locator('#model > option').allTextContents(), [
    'Best available',
    'Tessera Lite ×4',
    'Lanczos',
  ]);
});

pageTest('what a model is for is said below the menu, and of all in a list', async ({ page }) => {
  const purpose = page.locator('#model-purpose');
  await page.locator('#model option', { hasText: 'Tessera Lite' }).waitFor({ state: 'attached' });
  assert.match((await purpose.textContent()) ?? '', /done in time/);
  await page.locator('#model').selectOption('tessera-lite-x4');
  assert.equal(await purpose.textContent(), 'Photographs and screenshots, quickly.');
  await page.locator('#more summary').click();
  assert.deepEqual(await page.locator('#model-list dd').allTextContents(), [
    'Photographs and screenshots, quickly.',
    'Plain resampling, without a network.',
    'Photographs with noise and strong compression. Not installed.',
  ]);
});
