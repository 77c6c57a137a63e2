import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { until } from '../until.js';
import { cardOf, give, overflow } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

pageTest('by keyboard alone: compare, close, remove; the focus is never lost', async ({ page, server }) => {
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
  await until(() => server.jobs.some((job) => job.deleted), 'The page has removed the job.');
  await cardOf(page, 'a.jpg').getByRole('button', { name: 'Remove' }).press('Enter');
  assert.equal(await focused(), 'files');
  assert.ok(await page.getByRole('heading', { name: 'Make a picture larger.' }).isVisible());
});

pageTest(
  'no accessibility rule of axe is broken, in light and dark, empty and with results',
  async ({ page, server }) => {
    const axe = createRequire(import.meta.url).resolve('axe-core');
    const source = await readFile(axe, 'utf8');
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

pageTest('at 360 pixels nothing is wider than the window, in any state', async ({ page, server }) => {
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
