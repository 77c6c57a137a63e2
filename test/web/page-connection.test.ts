import assert from 'node:assert/strict';
import { until } from '../until.js';
import { cardOf, downloaded, give } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

const LOST = 'The connection to the service is lost. Trying again.';

pageTest(
  'a lost connection is said, and the job goes on when the service is back',
  async ({ page, server }) => {
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    const job = await server.job(0);
    await until(() => job.streams.size > 0, 'The page follows the job.');
    job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 9 });
    const card = cardOf(page, 'a.jpg');
    await card.getByText('Tile 2 of 9').waitFor();
    server.die();
    await card.getByText(LOST).waitFor();
    assert.equal(await page.locator('#announcer').textContent(), LOST);
    server.reachable = true;
    await card.getByText('Tile 2 of 9').waitFor();
    assert.equal(await page.locator('#announcer').textContent(), 'The connection to the service is back.');
    await until(() => job.streams.size > 0, 'The page follows the job.');
    job.progress({ stage: 'infer', tilesDone: 7, tilesTotal: 9 });
    await card.getByText('Tile 8 of 9').waitFor();
  },
);

pageTest(
  'a job that is gone when the service is back is a failure that says so',
  async ({ page, server }) => {
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    const job = await server.job(0);
    await until(() => job.streams.size > 0, 'The page follows the job.');
    server.die();
    const card = cardOf(page, 'a.jpg');
    await card.getByText(LOST).waitFor();
    job.deleted = true;
    server.reachable = true;
    await card.getByText('There is no such job; it may have expired.').waitFor();
    await card.getByRole('button', { name: 'Try again' }).click();
    await (await server.job(1)).succeed();
    await card.getByRole('link', { name: 'Download' }).waitFor();
  },
);

pageTest('a result is fetched also when the service dies just before', async ({ page, server }) => {
  await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
  const job = await server.job(0);
  await until(() => job.streams.size > 0, 'The page follows the job.');
  server.reachable = false;
  await job.succeed();
  const card = cardOf(page, 'a.jpg');
  await card.getByText(LOST).waitFor();
  server.reachable = true;
  const { content } = await downloaded(page, card.getByRole('link', { name: 'Download' }));
  assert.deepEqual(content, job.result);
});

pageTest('a job can be cancelled while the service is out of reach', async ({ page, server }) => {
  await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
  const job = await server.job(0);
  await until(() => job.streams.size > 0, 'The page follows the job.');
  server.die();
  const card = cardOf(page, 'a.jpg');
  await card.getByText(LOST).waitFor();
  await card.getByRole('button', { name: 'Cancel' }).click();
  await card.getByText('Cancelled').waitFor();
});
