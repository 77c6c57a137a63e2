import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { type ErrorCode, RETRY } from '../../src/domain/errors.js';
import { until } from '../until.js';
import { cardOf, downloaded, eventually, give } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

const again = (card: Locator, name: 'Run again' | 'Try again') => card.getByRole('button', { name });
const download = (card: Locator) => card.getByRole('link', { name: 'Download' });

pageTest(
  'a finished picture runs again with other options; its result stays until the new one is there',
  async ({ page, server }) => {
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    const first = await server.job(0);
    await first.succeed();
    const card = cardOf(page, 'a.jpg');
    await page.getByRole('slider', { name: 'Divider' }).waitFor();
    await page.getByRole('radio', { name: '2×' }).check();
    await page.getByLabel('Format').selectOption('png');
    await again(card, 'Run again').click();
    const second = await server.job(1);
    assert.deepEqual({ ...second.options }, { scale: '2', format: 'png' });
    assert.deepEqual(second.source, first.source);

    second.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
    await card.getByText('Tile 2 of 9').waitFor();
    await card.getByText('The earlier result is still here.').waitFor();
    assert.equal((await downloaded(page, download(card))).name, 'a_x4.jpg');
    assert.ok(await page.locator('#stage').isVisible());

    await second.succeed();
    await card.getByText('120 × 80').waitFor();
    const { name, content } = await downloaded(page, download(card));
    assert.equal(name, 'a_x2.png');
    assert.deepEqual(content, second.result);
    await page.locator('#stage-facts').getByText('120 × 80 · PNG').waitFor();
    await until(() => first.deleted, 'The page has removed the job.');
    assert.equal(second.deleted, false);
  },
);

pageTest('cancelled or failed, another run leaves the earlier result', async ({ page, server }) => {
  await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
  const first = await server.job(0);
  await first.succeed();
  const card = cardOf(page, 'a.jpg');
  await again(card, 'Run again').click();
  const second = await server.job(1);
  await card.getByRole('button', { name: 'Cancel' }).click();
  await card.getByText('Tessera Lite ×4 on the CPU').waitFor();
  await until(() => second.deleted, 'The page has removed the job.');
  await again(card, 'Run again').click();
  (await server.job(2)).fail('output_too_large', 'The result would have too many pixels.', 413);
  await card.getByText('The result would have too many pixels.').waitFor();
  await card.getByText('The earlier result is still here.').waitFor();
  const { name, content } = await downloaded(page, download(card));
  assert.equal(name, 'a_x4.jpg');
  assert.deepEqual(content, first.result);
  assert.equal(first.deleted, false);
  await page.reload();
  assert.deepEqual((await downloaded(page, download(card).first())).content, first.result);
});

pageTest('another run is offered as far as it can help', async ({ page, server }) => {
  const codes: ErrorCode[] = ['corrupt_image', 'output_too_large', 'deadline_exceeded', 'internal'];
  const offered = { as_is: ['Try again'], changed: ['Run again'], never: [] } as const;
  for (const [index, code] of codes.entries()) {
    const name = `${code}.jpg`;
    await give(page, 'drop', [await photo(name, 60, 40)]);
    (await server.job(index)).fail(code, `It is ${code}.`);
    const card = cardOf(page, name);
    await card.getByText(`It is ${code}.`).waitFor();
    const words = await card.locator('[data-action=again]:not([hidden])').allTextContents();
    assert.deepEqual(words, offered[RETRY[code]], code);
  }
});

pageTest('of the scales, the one that is seen to be chosen is sent', async ({ page, server }) => {
  const scaleOf = async (index: number) => {
    await give(page, 'drop', [await photo(`${index}.jpg`, 60, 40)]);
    return (await server.job(index)).options.scale;
  };
  const exact = page.getByRole('spinbutton', { name: 'Scale' });
  await page.getByRole('radio', { name: 'Other' }).check();
  await exact.fill('3.5');
  assert.equal(await scaleOf(0), '3.5');
  await page.getByRole('radio', { name: '2×' }).check();
  assert.equal(await exact.isVisible(), false);
  assert.equal(await scaleOf(1), '2');
});

pageTest(
  'a longer side takes the place of the scale; strength, sharpening and a purpose are sent and told',
  async ({ page, server }) => {
    await page.locator('#model optgroup[label=For]').waitFor({ state: 'attached' });
    await page.locator('#model').selectOption('drawing');
    await page.locator('#model-purpose').getByText('Here: Tessera Lite').waitFor();
    await page.locator('#more summary').click();
    await page.locator('[name=max_side]').fill('2400');
    await page.locator('[name=strength]').fill('0.6');
    await page.locator('[name=sharpen]').fill('0.25');
    assert.equal(await page.locator('#strength-value').textContent(), '0.6');
    assert.equal(
      await page.locator('#more-set').textContent(),
      'longer side 2400 px, strength 0.6, sharpen 0.25',
    );
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    const { options } = await server.job(0);
    assert.deepEqual(
      { ...options },
      { max_side: '2400', model: 'drawing', strength: '0.6', sharpen: '0.25' },
    );
  },
);

pageTest('what is set under closed options is told beside them', async ({ page, server }) => {
  const more = page.locator('#more');
  await more.locator('summary').click();
  await page.getByLabel('Time limit').fill('30');
  await page.getByRole('checkbox', { name: 'Keep metadata' }).check();
  await more.locator('summary').click();
  await page.getByText('time limit 30 s, metadata kept').waitFor();
  await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
  assert.deepEqual({ ...(await server.job(0)).options }, { scale: '4', timeout: '30', metadata: 'keep' });
});

pageTest(
  'a model that can no longer be chosen is neither shown as chosen nor sent',
  async ({ page, server }) => {
    await page.locator('#model option', { hasText: 'Tessera Lite' }).waitFor({ state: 'attached' });
    await page.locator('#model').selectOption('tessera-lite-x4');
    server.installed = [];
    await page.locator('#more summary').click();
    await page.getByLabel('API key').fill('any');
    await page.getByLabel('API key').press('Tab');
    await eventually(page, 'document.querySelector("#model").value === "auto"');
    assert.equal(
      await page.locator('#model').evaluate((menu: { selectedIndex: number }) => menu.selectedIndex),
      0,
    );
  },
);
