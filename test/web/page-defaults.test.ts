import assert from 'node:assert/strict';
import { give } from './page-driver.js';
import { pageTest } from './page-test.js';
import { photo } from './photos.js';

pageTest(
  'the form starts with the defaults of the service, and sends what differs from them',
  async ({ page, server }) => {
    const setUnderMore = page.locator('#more-set');
    assert.equal(await setUnderMore.textContent(), '');
    assert.equal(await page.getByRole('radio', { name: 'Other' }).isChecked(), true);
    assert.equal(await page.getByLabel('Scale', { exact: true }).inputValue(), '2.5');
    assert.equal(await page.getByLabel('Format').inputValue(), 'webp');
    assert.equal(await page.locator('#model').inputValue(), 'lanczos');
    await page.locator('#more summary').click();
    assert.equal(await page.locator('#quality-value').textContent(), '70');
    assert.equal(await page.getByLabel('Background').inputValue(), '#ff8800');
    assert.equal(await page.getByLabel('Tile size').getAttribute('placeholder'), '200');
    assert.equal(await page.getByLabel('Tile size').inputValue(), '');
    assert.equal(await page.getByLabel('Tile overlap').getAttribute('placeholder'), '40');
    for (const [name, checked] of [
      ['metadata', true],
      ['profile', true],
      ['fallback', false],
    ] as const) {
      assert.equal(await page.locator(`[name=${name}]`).isChecked(), checked, name);
    }
    await page.locator('#model option', { hasText: 'Tessera Lite' }).waitFor({ state: 'attached' });
    assert.equal(await page.locator('#model').inputValue(), 'lanczos');
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    assert.deepEqual({ ...(await server.job(0)).options }, { scale: '2.5' });

    await page.locator('#model').selectOption('auto');
    await page.getByLabel('Format').selectOption('auto');
    await page.locator('[name=metadata]').uncheck();
    await page.locator('[name=profile]').uncheck();
    await page.locator('[name=fallback]').check();
    assert.equal(await setUnderMore.textContent(), 'metadata removed, colours as sRGB, other models allowed');
    await give(page, 'drop', [await photo('b.jpg', 60, 40)]);
    assert.deepEqual(
      { ...(await server.job(1)).options },
      {
        scale: '2.5',
        model: 'auto',
        format: 'auto',
        metadata: 'strip',
        profile: 'srgb',
        fallback: 'true',
      },
    );
  },
  {
    DEFAULT_SCALE: '2.5',
    DEFAULT_MODEL: 'lanczos',
    DEFAULT_FORMAT: 'webp',
    DEFAULT_QUALITY: '70',
    DEFAULT_TILE_SIZE: '200',
    DEFAULT_TILE_OVERLAP: '40',
    DEFAULT_BACKGROUND: '#f80',
    DEFAULT_METADATA: 'keep',
    DEFAULT_PROFILE: 'keep',
    DEFAULT_FALLBACK: 'false',
  },
);

pageTest(
  'a default scale that the form offers is chosen there',
  async ({ page, server }) => {
    assert.equal(await page.getByRole('radio', { name: '2×' }).isChecked(), true);
    await give(page, 'drop', [await photo('a.jpg', 60, 40)]);
    assert.deepEqual({ ...(await server.job(0)).options }, { scale: '2' });
  },
  { DEFAULT_SCALE: '2' },
);
