import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { atEnd } from '../at-end.js';
import { enlarged, imageForm, photo, psnr } from './pictures.js';
import { startServer } from './server-process.js';

const EMBEDDED = 'tessera-lite-x4';

test('fetch and FormData: a photo comes back four times as large, by the embedded model', async (t) => {
  const server = await startServer(t);
  const image = await photo(1);
  const response = await fetch(`${server.origin}/upscale`, { method: 'POST', body: imageForm(image) });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-upscale-model'), EMBEDDED);
  assert.equal(response.headers.get('x-upscale-provider'), 'cpu');
  assert.equal(response.headers.get('content-disposition'), 'inline; filename="photo_x4.jpg"');
  const body = Buffer.from(await response.arrayBuffer());
  assert.equal(Number(response.headers.get('content-length')), body.length);
  const { width, height, format } = await sharp(body).metadata();
  assert.deepEqual([width, height, format], [384, 288, 'jpeg']);
  assert.ok((await psnr(body, await enlarged(image, 4))) > 25);
  await server.clean();

  await t.test('options, formats and an exact decimal scale', async () => {
    for (const format of ['png', 'webp', 'avif', 'tiff']) {
      const answer = await fetch(`${server.origin}/upscale?scale=2.37`, {
        method: 'POST',
        body: imageForm(image, { format }),
      });
      assert.equal(answer.status, 200, format);
      assert.equal(answer.headers.get('content-type'), `image/${format}`);
      const size = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
      assert.deepEqual([size.width, size.height], [Math.round(96 * 2.37), Math.round(72 * 2.37)], format);
    }
  });

  await t.test('the image itself as the body, and Lanczos by name', async () => {
    const answer = await fetch(`${server.origin}/upscale?model=lanczos&scale=3&format=png`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(image),
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-upscale-model'), 'lanczos');
    assert.equal(answer.headers.get('x-upscale-provider'), 'none');
    assert.ok((await psnr(Buffer.from(await answer.arrayBuffer()), await enlarged(image, 3))) > 35);
  });

  await t.test('a dry run', async () => {
    const answer = await fetch(`${server.origin}/upscale?dry_run=true`, {
      method: 'POST',
      body: imageForm(image),
    });
    assert.equal(answer.status, 200);
    const plan = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([plan.width, plan.height, plan.model], [384, 288, EMBEDDED]);
  });

  await t.test('eight clients at once, each gets its own picture back', async () => {
    const images = await Promise.all(Array.from({ length: 8 }, (_, index) => photo(100 + index, 120, 90)));
    const answers = await Promise.all(
      images.map(async (each) => {
        const answer = await fetch(`${server.origin}/upscale?format=png`, {
          method: 'POST',
          body: imageForm(each),
        });
        assert.equal(answer.status, 200);
        return Buffer.from(await answer.arrayBuffer());
      }),
    );
    const expected = await Promise.all(images.map((each) => enlarged(each, 4)));
    for (const [index, answer] of answers.entries()) {
      for (const [other, picture] of expected.entries()) {
        const likeness = await psnr(answer, picture);
        if (other === index) assert.ok(likeness > 24, `${index}: ${likeness} dB of its own`);
        else assert.ok(likeness < 20, `${index}: ${likeness} dB of ${other}'s`);
      }
    }
  });

  await t.test('models, health, metrics and documents answer', async () => {
    const { models } = (await (await fetch(`${server.origin}/models`)).json()) as {
      models: { name: string; loaded: boolean; purpose?: string }[];
    };
    for (const { name, purpose } of models) assert.ok(purpose, `${name} says what it is for`);
    assert.equal(models.find(({ name }) => name === EMBEDDED)?.loaded, true);
    assert.equal((await fetch(`${server.origin}/health/ready`)).status, 200);
    assert.match(
      await (await fetch(`${server.origin}/metrics`)).text(),
      /tessera_jobs_total\{outcome="succeeded"\} \d+/,
    );
    assert.equal((await fetch(`${server.origin}/openapi.json`)).status, 200);
  });
  await server.clean();
});

const curl = spawnSync('curl', ['--version']).status === 0;

test('curl, as in the README', { skip: curl ? false : 'curl is not installed' }, async (t) => {
  const server = await startServer(t);
  const folder = await mkdtemp(join(tmpdir(), 'tessera-curl-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'photo.png'), await photo(2));
  // A body over one megabyte makes curl ask for "100 Continue" first.
  const noise = Buffer.from(Array.from({ length: 700 * 600 * 3 }, (_, i) => (i * i * 31) % 251));
  await sharp(noise, { raw: { width: 700, height: 600, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toFile(join(folder, 'large.png'));
  const run = (...args: string[]) =>
    promisify(execFile)('curl', ['-sS', '--max-time', '60', '-w', '%{http_code} %{size_upload}', ...args], {
      cwd: folder,
    });

  const { stdout } = await run('-F', 'file=@photo.png', `${server.origin}/upscale`, '-o', 'photo_x4.jpg');
  assert.match(stdout, /^200 /);
  assert.equal((await sharp(await readFile(join(folder, 'photo_x4.jpg'))).metadata()).width, 384);

  await run('-F', 'file=@photo.png', '-F', 'scale=2', '-OJ', `${server.origin}/upscale`);
  const named = await sharp(await readFile(join(folder, 'photo_x2.jpg'))).metadata();
  assert.equal(named.width, 192);

  const large = await run(
    '--data-binary',
    '@large.png',
    '-H',
    'Content-Type: image/png',
    `${server.origin}/upscale?scale=1.5`,
    '-o',
    'large.jpg',
  );
  assert.match(large.stdout, /^200 12\d{5}$/);
  assert.equal((await sharp(await readFile(join(folder, 'large.jpg'))).metadata()).width, 1050);

  // Refused by its head: curl, which waits for "100 Continue", sends nothing of the image.
  const refused = await run(
    '-H',
    'Expect: 100-continue',
    '--data-binary',
    '@large.png',
    '-H',
    'Content-Type: image/png',
    `${server.origin}/upscale?scale=99`,
    '-o',
    'problem.json',
  );
  assert.equal(refused.stdout, '400 0');
  const problem = JSON.parse(await readFile(join(folder, 'problem.json'), 'utf8')) as Record<string, unknown>;
  assert.equal(problem.parameter, 'scale');
  await server.clean();
});
