import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { atEnd } from '../at-end.js';
import { photo } from '../web/photos.js';
import { startService } from '../web/real-service.js';
import { Desk } from './terminal.js';

test('the same picture, made here and by a running service, is the same to the byte', async (t) => {
  const desk = await Desk.create(t);
  const service = await startService({ API_KEYS: 'sesame' });
  atEnd(t, () => service.close());
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 150, 100)).buffer);
  const options = ['--scale', '2.5', '--format', 'png', '--tile-size', '64'];
  const here = await desk.tessera(['upscale', 'a.jpg', '-o', 'here/', ...options]);
  assert.equal(here.code, 0, here.stderr);
  const far = ['--server', service.url];
  const there = await desk.tessera(['upscale', 'a.jpg', '-o', 'there/', ...options, ...far], '', {
    TESSERA_API_KEY: 'sesame',
  });
  assert.equal(there.code, 0, there.stderr);
  assert.deepEqual(await desk.files(), ['a.jpg', 'here/a_x2.5.png', 'there/a_x2.5.png']);
  assert.deepEqual(
    await readFile(desk.path('here/a_x2.5.png')),
    await readFile(desk.path('there/a_x2.5.png')),
  );
  assert.deepEqual(await service.jobFiles(), []);

  const planned = await desk.tessera(['upscale', 'a.jpg', '--dry-run', ...far, '--api-key', 'sesame']);
  assert.match(planned.stderr, /^a\.jpg: 600 x 400, \d+ tiles?, about .*\n/);
  const refused = await desk.tessera(['upscale', 'a.jpg', ...far, '--model', 'nix', '--api-key', 'sesame']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /The option "model" is "nix"; expected .*tessera-lite-x4/);
  const locked = await desk.tessera(['upscale', 'a.jpg', ...far]);
  assert.match(locked.stderr, /This service needs an API key/);
});
