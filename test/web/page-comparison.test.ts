import assert from 'node:assert/strict';
import { eventually, give } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

pageTest(
  'the divider follows mouse and keys, and tells screen readers where it is',
  async ({ page, server }) => {
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
  },
);

pageTest('zoom goes in and out around the picture, both halves alike', async ({ page, server }) => {
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

pageTest('a result that the browser cannot show is still there to download', async ({ page, server }) => {
  await give(page, 'drop', [await photo('odd.jpg', 40, 40)]);
  const job = await server.job(0);
  await job.succeed({ format: 'tiff' });
  job.result = Buffer.from('II*\0 not for browsers');
  await page.getByText(/This browser cannot show this TIFF picture/).waitFor();
  await page.locator('#stage-download').waitFor();
});
