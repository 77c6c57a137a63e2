import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import test from 'node:test';
import { leftOutInWords } from '../../src/cli/files/left-out.js';
import { findPictures } from '../../src/cli/files/pictures.js';
import { photo } from '../web/photos.js';
import { Desk } from './terminal.js';

/** A desk with these files, and what a call takes and leaves out there. */
async function deskWith(t: test.TestContext, files: readonly string[]) {
  const desk = await Desk.create(t);
  for (const file of files) {
    await mkdir(desk.path(file, '..'), { recursive: true });
    await writeFile(desk.path(file), '');
  }
  const names = (all: readonly { path?: string | undefined }[]) =>
    all.map(({ path = '-' }) => relative(desk.folder, path));
  return async (inputs: readonly string[], output?: string) => {
    const found = await findPictures({
      inputs: inputs.map((input) => desk.path(input)),
      output: output === undefined ? undefined : desk.path(output),
      recursive: true,
    });
    return { taken: names(found.pictures), leftOut: names(found.leftOut), found };
  };
}

test('results of an earlier run are left out where their sources are among the pictures', async (t) => {
  const files = ['a.jpg', 'a_x4.jpg', 'a_x2.5.png', 'a_x4_x4.jpg', 'b.png', 'b_x4.webp', 'c_x4.jpg'];
  const find = await deskWith(t, files);
  const { taken, leftOut } = await find(files);
  assert.deepEqual(taken, ['a.jpg', 'b.png', 'c_x4.jpg']);
  assert.deepEqual(leftOut, ['a_x4.jpg', 'a_x2.5.png', 'a_x4_x4.jpg', 'b_x4.webp']);
  assert.deepEqual((await find(['a_x4.jpg'])).taken, ['a_x4.jpg'], 'named alone it is a picture');
});

test('so they are in a folder, whatever folder below it they went to', async (t) => {
  const find = await deskWith(t, [
    'in/a.jpg',
    'in/a_x4.jpg',
    'in/deep/b.jpg',
    'in/x2/a_x2.jpg',
    'in/x2/deep/b_x2.jpg',
    'in/other/b_x2.jpg',
  ]);
  for (const output of ['in', 'in/x4', 'out']) {
    const { taken } = await find(['in'], output);
    assert.deepEqual(taken, ['in/a.jpg', 'in/deep/b.jpg', 'in/other/b_x2.jpg'], output);
  }
});

test('of a folder it is told what is not read, by kind', async (t) => {
  const raw = Array.from({ length: 7 }, (_, index) => `in/${index}.NEF`);
  const find = await deskWith(t, [
    ...raw,
    'in/a.jpg',
    'in/b.jxl',
    'in/notes.txt',
    'in/.hidden.nef',
    'in/out/a_x4.jpg',
  ]);
  const { taken, found } = await find(['in'], 'in/out');
  assert.deepEqual(taken, ['in/a.jpg']);
  const told = leftOutInWords(
    found.leftOut.map((file) => ({ ...file, path: file.path.replace(/^.*\/in\//, '') })),
  );
  assert.deepEqual(told, [
    'Left out, camera RAW, which is not read (export it as TIFF or JPEG): 0.NEF, 1.NEF, 2.NEF, 3.NEF, 4.NEF and 2 more.',
    'Left out, JPEG XL, which is not read: b.jxl.',
    'Left out, no pictures by their names: notes.txt.',
    'Left out, the folder of the results: out.',
  ]);
});

test('a second run over the same files enlarges no result, and says so', async (t) => {
  const desk = await Desk.create(t);
  await mkdir(desk.path('in'));
  await writeFile(desk.path('in', 'b.jpg'), (await photo('b.jpg', 16, 12)).buffer);
  await writeFile(desk.path('in', 'c.nef'), '');
  const args = ['upscale', '-r', 'in', '-o', 'in', '--model', 'lanczos', '--json'];
  await desk.tessera(args);
  const { code, stdout, stderr } = await desk.tessera(args);
  assert.equal(code, 0);
  assert.deepEqual(await desk.files(), ['in/b.jpg', 'in/b_x4.jpg', 'in/c.nef']);
  assert.match(stderr, /^Left out, results of an earlier run \(.*\): in\/b_x4\.jpg\.$/m);
  assert.match(stderr, /^Left out, camera RAW, .*: in\/c\.nef\.$/m);
  const records = stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ input, status }) => `${input} ${status}`),
    ['in/c.nef left_out', 'in/b_x4.jpg left_out', 'in/b.jpg done'],
  );
  const named = await desk.tessera(['upscale', 'in/b.jpg', 'in/b_x4.jpg', '--model', 'lanczos']);
  assert.equal(named.code, 0);
  assert.deepEqual(await desk.files(), ['in/b.jpg', 'in/b_x4.jpg', 'in/c.nef']);
});
