import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import sharp from 'sharp';
import { gridFile, HEIGHT, heicFile, heicPath, rotated, WIDTH } from '../pipeline/heic-files.js';
import { needsDecoder, whole } from '../pipeline/heic-stage.js';
import { psnr } from '../quality/likeness.js';
import { imageForm } from './pictures.js';
import { startServer } from './server-process.js';

test('a service answers what a phone photographs', needsDecoder, async (t) => {
  const server = await startServer(t);
  const send = (file: Buffer, query: string) =>
    fetch(`${server.origin}/upscale?${query}`, {
      method: 'POST',
      body: imageForm(file, {}, 'IMG_0001.HEIC'),
    });

  await t.test('in tiles and turned, as PNG', async () => {
    const response = await send(heicFile(gridFile([rotated(1)])), 'scale=2&format=png');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-upscale-width'), String(HEIGHT * 2));
    assert.equal(response.headers.get('x-upscale-height'), String(WIDTH * 2));
    const upright = await sharp(await response.arrayBuffer())
      .rotate(90)
      .resize(WIDTH, HEIGHT)
      .removeAlpha()
      .raw()
      .toBuffer();
    assert.ok(psnr(upright, whole()) > 35);
  });

  await t.test('with alpha, as a PNG that has it too', async () => {
    const response = await send(await readFile(heicPath('alpha')), 'scale=2');
    assert.equal(response.headers.get('content-type'), 'image/png');
    assert.equal((await sharp(await response.arrayBuffer()).metadata()).hasAlpha, true);
  });

  await t.test('and says what it would do, without decoding', async () => {
    const response = await send(await readFile(heicPath('plain')), 'dry_run=true');
    const plan = (await response.json()) as { width: number; height: number };
    assert.deepEqual([plan.width, plan.height], [WIDTH * 4, HEIGHT * 4]);
  });

  await t.test('and refuses a damaged one, and goes on', async () => {
    const file = await readFile(heicPath('plain'));
    const response = await send(file.fill(0xff, Math.floor(file.length / 2)), 'scale=2');
    const problem = (await response.json()) as { code: string };
    assert.deepEqual([response.status, problem.code], [400, 'corrupt_image']);
    await server.clean();
  });
});
