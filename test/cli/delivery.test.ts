import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import test from 'node:test';
import { Delivery, existingResult } from '../../src/cli/files/delivery.js';
import type { Finished } from '../../src/cli/upscaler.js';
import { until } from '../until.js';
import { Desk } from './terminal.js';

const open = new AbortController().signal;

function finished(content: Readable): Finished {
  return {
    facts: {
      width: 8,
      height: 8,
      format: 'png',
      bytes: 4,
      scale: 2.5,
      model: 'lanczos',
      tiles: 1,
      fallback: false,
      attempts: [],
      milliseconds: 1,
    },
    open: async () => content,
    dispose: async () => undefined,
  };
}

test('a result in a folder is named after picture, scale and format; the folder is made', async (t) => {
  const desk = await Desk.create(t);
  const delivery = new Delivery(new PassThrough());
  const target = { kind: 'folder', folder: desk.path('new', 'deep'), stem: 'a' } as const;
  const path = await delivery.deliver(finished(Readable.from(['full'])), target, open);
  assert.equal(path, desk.path('new', 'deep', 'a_x2.5.png'));
  assert.equal(await readFile(path, 'utf8'), 'full');
  assert.deepEqual(await desk.files(), ['new/deep/a_x2.5.png']);
});

test('the longest name that a file system takes is no longer while it is unfinished', async (t) => {
  const desk = await Desk.create(t);
  const delivery = new Delivery(new PassThrough());
  const path = desk.path(`${'山'.repeat(83)}ab.png`);
  await delivery.deliver(finished(Readable.from(['full'])), { kind: 'file', path }, open);
  assert.equal(await readFile(path, 'utf8'), 'full');
});

test('a result that breaks off leaves nothing, and the file of before as it was', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.png'), 'before');
  const delivery = new Delivery(new PassThrough());
  const breaking = Readable.from(
    (function* () {
      yield 'half';
      throw new Error('connection lost');
    })(),
  );
  const target = { kind: 'file', path: desk.path('a.png') } as const;
  await assert.rejects(delivery.deliver(finished(breaking), target, open), /connection lost/);
  assert.deepEqual(await desk.files(), ['a.png']);
  assert.equal(await readFile(desk.path('a.png'), 'utf8'), 'before');
});

test('an interruption while a result is written leaves nothing, also when it cannot wait', async (t) => {
  const desk = await Desk.create(t);
  const delivery = new Delivery(new PassThrough());
  const endless = new PassThrough();
  endless.write('half');
  const stop = new AbortController();
  const target = { kind: 'file', path: desk.path('a.png') } as const;
  const delivered = delivery.deliver(finished(endless), target, stop.signal);
  await until(async () => (await desk.files()).length > 0, 'The file of the result has been begun.');
  assert.match((await desk.files()).join(), /^\.a\.png\.[0-9a-f]{12}\.part$/);
  delivery.removeUnfinished();
  assert.deepEqual(await desk.files(), []);
  stop.abort();
  await assert.rejects(delivered, { name: 'AbortError' });
  assert.deepEqual(await desk.files(), []);
});

test('an earlier result is known by name, and by scale and format where they are asked for', async (t) => {
  const desk = await Desk.create(t);
  for (const name of ['a_x4.jpg', 'b_x2.5.png', 'c_x.jpg', 'd_x4.jpg.part', 'e.png'])
    await writeFile(desk.path(name), '');
  const found = async (stem: string, scale: number | undefined, format: 'auto' | 'png' | 'jpeg') =>
    (await existingResult({ kind: 'folder', folder: desk.folder, stem }, { scale, format }))?.slice(
      desk.folder.length + 1,
    );
  assert.equal(await found('a', undefined, 'auto'), 'a_x4.jpg');
  assert.equal(await found('a', 4, 'jpeg'), 'a_x4.jpg');
  assert.equal(await found('a', 2, 'auto'), undefined);
  assert.equal(await found('a', undefined, 'png'), undefined);
  assert.equal(await found('b', 2.5, 'auto'), 'b_x2.5.png');
  assert.equal(await found('c', undefined, 'auto'), undefined);
  assert.equal(await found('d', undefined, 'auto'), undefined);
  const named = { kind: 'file', path: desk.path('e.png') } as const;
  assert.equal(await existingResult(named, { scale: 4, format: 'png' }), desk.path('e.png'));
  assert.equal(await existingResult({ kind: 'stdout' }, { scale: 4, format: 'png' }), undefined);
});
