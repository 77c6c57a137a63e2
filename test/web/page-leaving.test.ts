import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { until } from '../until.js';
import { cardOf, downloaded, give } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

pageTest('the API documentation opens beside the page, which stays as it is', async ({ page, server }) => {
  await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
  await (await server.job(0)).succeed();
  await cardOf(page, 'a.jpg').getByRole('link', { name: 'Download' }).waitFor();
  const link = page.getByRole('link', { name: 'API documentation' });
  const [docs] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
  await docs.waitForLoadState();
  assert.equal(await docs.title(), 'docs');
  assert.equal(await docs.evaluate('window.opener'), null);
  assert.ok(await cardOf(page, 'a.jpg').getByRole('link', { name: 'Download' }).isVisible());
});

pageTest('a reload finds results and running jobs again', async ({ page, server }) => {
  await give(page, 'drop', [await photo('done.jpg', 60, 40)]);
  const done = await server.job(0);
  await done.succeed();
  await give(page, 'drop', [await photo('running.jpg', 60, 40, 2)]);
  const running = await server.job(1);
  await page.getByText('1 on their way, 1 ready').waitFor();

  await page.reload();
  await page.getByText('1 on their way, 1 ready').waitFor();
  const card = cardOf(page, 'done.jpg');
  const { name, content } = await downloaded(page, card.getByRole('link', { name: 'Download' }));
  assert.equal(name, 'done_x4.jpg');
  assert.deepEqual(content, done.result);
  await card.getByRole('button', { name: 'View' }).click();
  const note = page.getByText('The original went with the page that sent it');
  await note.waitFor();
  // The stage scrolls into view as it opens: only then is there a point to look at.
  const uncovered = `(() => {
    const { left, top, width, height } = document.querySelector('#stage-note').getBoundingClientRect();
    return document.elementFromPoint(left + width / 2, top + height / 2)?.id === 'stage-note';
  })()`;
  await page.locator('.stage-view.with-picture').waitFor();
  await note.scrollIntoViewIfNeeded();
  await page.waitForFunction(uncovered);
  assert.equal(await page.getByText('Before', { exact: true }).first().isVisible(), false);
  await until(() => running.streams.size > 0, 'The page follows the job.');
  running.progress({ stage: 'infer', tilesDone: 4, tilesTotal: 9 });
  await cardOf(page, 'running.jpg').getByText('Tile 5 of 9').waitFor();

  await page.goto(`${server.url}/docs`);
  await page.goBack();
  await running.succeed();
  await page.getByText('2 ready').waitFor();
  assert.ok(server.jobs.every((job) => !job.deleted));
});

pageTest('what was removed stays away; what has expired says so once', async ({ page, server }) => {
  await give(page, 'drop', [await photo('away.jpg', 60, 40)]);
  await (await server.job(0)).succeed();
  await give(page, 'drop', [await photo('expired.jpg', 60, 40, 2)]);
  const expired = await server.job(1);
  await expired.succeed();
  await page.getByText('2 ready').waitFor();
  await cardOf(page, 'away.jpg').getByRole('button', { name: 'Remove' }).click();
  expired.deleted = true;

  await page.reload();
  const card = cardOf(page, 'expired.jpg');
  await card.getByText('There is no such job; it may have expired.').waitFor();
  assert.equal(await card.getByRole('button', { name: 'Try again' }).isVisible(), false);
  assert.equal(await page.locator('.card').count(), 1);
  await page.reload();
  await page.getByRole('heading', { name: 'Make a picture larger.' }).waitFor();
  assert.equal(await page.locator('.card').count(), 0);
});

pageTest(
  'leaving asks only while a picture is at work or a result was not downloaded',
  async ({ page, server }) => {
    const asked = watchLeaving(page);
    assert.equal(await asked(), false, 'empty');
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    const job = await server.job(0);
    assert.equal(await asked(), true, 'at work');
    await job.succeed();
    const download = cardOf(page, 'a.jpg').getByRole('link', { name: 'Download' });
    await download.waitFor();
    assert.equal(await asked(), true, 'not downloaded');
    await downloaded(page, download);
    assert.equal(await asked(), false, 'downloaded');
    await download.waitFor();
    assert.equal(await asked(), false, 'downloaded before a reload');
  },
);

/** @returns a reload, which tells whether the browser asked first. */
function watchLeaving(page: Page): () => Promise<boolean> {
  let count = 0;
  page.on('dialog', async (dialog) => {
    if (dialog.type() === 'beforeunload') count += 1;
    await dialog.accept();
  });
  return async () => {
    const before = count;
    // Browsers ask only somebody who has touched the page.
    await page.getByRole('radio', { name: '4×' }).click({ force: true });
    await page.reload();
    return count > before;
  };
}
