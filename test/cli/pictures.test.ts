import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import test from 'node:test';
import { findPictures, formatOfName } from '../../src/cli/files/pictures.js';
import type { Picture } from '../../src/cli/picture.js';
import { UsageError } from '../../src/cli/terminal/usage-error.js';
import { Desk } from './terminal.js';

/** A desk with a folder of files, and a way to ask for pictures there. */
async function deskWith(t: test.TestContext, files: readonly string[]) {
  const desk = await Desk.create(t);
  for (const file of files) {
    await mkdir(desk.path(file, '..'), { recursive: true });
    await writeFile(desk.path(file), '');
  }
  const at = (path: string) => (path === '-' ? path : desk.path(path) + (path.endsWith('/') ? '/' : ''));
  const from = (path: string) => (isAbsolute(path) ? relative(desk.folder, path) : path);
  const targetOf = ({ target }: Picture) =>
    target.kind === 'stdout'
      ? '-'
      : target.kind === 'file'
        ? from(target.path)
        : `${from(target.folder)}/${target.stem}*`;
  return async (inputs: readonly string[], output?: string, recursive = false) => {
    const { pictures } = await findPictures({
      inputs: inputs.map(at),
      output: output === undefined ? undefined : at(output),
      recursive,
    });
    return pictures.map((picture) => [from(picture.name), targetOf(picture)]);
  };
}

test('where a result goes follows from inputs and output together', async (t) => {
  const find = await deskWith(t, ['a.jpg', 'b.v2.png', 'there/old.txt']);
  assert.deepEqual(await find(['a.jpg']), [['a.jpg', '/a*']]);
  assert.deepEqual(await find(['a.jpg'], 'big.png'), [['a.jpg', 'big.png']]);
  assert.deepEqual(await find(['a.jpg'], '-'), [['a.jpg', '-']]);
  assert.deepEqual(await find(['a.jpg'], 'there'), [['a.jpg', 'there/a*']]);
  assert.deepEqual(await find(['a.jpg'], 'new/'), [['a.jpg', 'new/a*']]);
  assert.deepEqual(await find(['a.jpg', 'b.v2.png'], 'new'), [
    ['a.jpg', 'new/a*'],
    ['b.v2.png', 'new/b.v2*'],
  ]);
  assert.deepEqual(await find(['-']), [['-', '-']]);
  assert.deepEqual(await find(['-'], 'out.png'), [['-', 'out.png']]);
  assert.deepEqual(await find(['-'], 'there'), [['-', 'there/image*']]);
});

test('a folder keeps its shape; other files, hidden ones and earlier results are left alone', async (t) => {
  const find = await deskWith(t, [
    'in/b.JPG',
    'in/a.png',
    'in/x/c.tiff',
    'in/x/notes.txt',
    'in/.d.jpg',
    'in/.thumbnails/a.png',
    'in/out/a_x4.png',
  ]);
  assert.deepEqual(await find(['in'], 'in/out', true), [
    ['in/a.png', 'in/out/a*'],
    ['in/b.JPG', 'in/out/b*'],
    ['in/x/c.tiff', 'in/out/x/c*'],
  ]);
});

test('a file that is named is taken whatever its ending, and once however often it is named', async (t) => {
  const find = await deskWith(t, ['scan']);
  assert.deepEqual(await find(['scan', './scan'], 'out'), [['scan', 'out/scan*']]);
});

test('two results of the same name are refused with both pictures and the ways out', async (t) => {
  const find = await deskWith(t, ['a.jpg', 'a.png', 'A.webp', 'deep/a.jpg', 'in/x/b.jpg', 'in/x/b.tif']);
  const cases: [string[], string | undefined, string[]][] = [
    [['a.jpg', 'a.png'], undefined, ['a.jpg', 'a.png']],
    [['a.jpg', 'A.webp'], undefined, ['a.jpg', 'A.webp']],
    [['a.jpg', 'deep/a.jpg'], 'out', ['a.jpg', 'deep/a.jpg']],
    [['in'], 'out', ['in/x/b.jpg', 'in/x/b.tif']],
  ];
  for (const [inputs, output, pictures] of cases) {
    await assert.rejects(find(inputs, output, true), (error) => {
      assert.ok(error instanceof UsageError);
      for (const text of [...pictures, 'same name', '-o FOLDER', '--format', 'Rename'])
        assert.ok(error.message.includes(text), `${error.message}: ${text}`);
      return true;
    });
  }
  assert.deepEqual(await find(['a.jpg', 'deep/a.jpg']), [
    ['a.jpg', '/a*'],
    ['deep/a.jpg', 'deep/a*'],
  ]);
});

test('what does not go together is refused with a sentence', async (t) => {
  const find = await deskWith(t, ['a.jpg', 'b.jpg', 'in/c.jpg']);
  const refused = (promise: Promise<unknown>, sentence: RegExp) =>
    assert.rejects(promise, (error) => error instanceof UsageError && sentence.test(error.message));
  await refused(find(['-', '-']), /only once/);
  await refused(find(['a.jpg', 'b.jpg'], '-'), /takes one picture/);
  await refused(find(['a.jpg', 'in'], 'b.jpg', true), /cannot go to the one file/);
  await refused(find(['a.jpg', 'b.jpg'], 'one.jpg'), /one picture .*one\.jpg; name a folder \(.*one\.jpg\/ /);
  await refused(find(['in'], 'one.png', true), /one picture .*one\.png/);
  await refused(find(['a.jpg'], 'a.jpg'), /overwritten by its own result/);
  await refused(find(['in'], 'out'), /add -r/);
  await refused(find(['in'], undefined, true), /Where to\?/);
});

test('the ending of an output says its format', () => {
  const formatOf = (path: string) => formatOfName({ kind: 'file', path });
  assert.deepEqual(
    ['a.jpg', 'a.JPEG', 'a.jfif', 'a.png', 'a.webp', 'a.avif', 'a.tif', 'a.tiff', 'a'].map(formatOf),
    ['jpeg', 'jpeg', 'jpeg', 'png', 'webp', 'avif', 'tiff', 'tiff', undefined],
  );
  assert.throws(() => formatOf('a.docx'), UsageError);
  assert.equal(formatOfName({ kind: 'stdout' }), undefined);
});

test('a pattern that the shell left alone becomes the files it matches', async (t) => {
  const find = await deskWith(t, ['in/a.jpg', 'in/deep/b.jpg', 'in/c.png', 'in/[1].jpg']);
  assert.deepEqual(await find(['in/**/*.jpg'], 'out/'), [
    ['in/[1].jpg', 'out/[1]*'],
    ['in/a.jpg', 'out/a*'],
    ['in/deep/b.jpg', 'out/b*'],
  ]);
  assert.deepEqual(await find(['in/[1].jpg'], 'out/'), [['in/[1].jpg', 'out/[1]*']]);
  await assert.rejects(find(['in/*.webp'], 'out/'), UsageError);
});

test('a name that is too long for its result is cut between characters', async (t) => {
  const fitting = '山'.repeat(80);
  const long = '海'.repeat(83);
  const find = await deskWith(t, [`${fitting}.jpg`, `${long}.jpg`]);
  assert.deepEqual(
    (await find([`${fitting}.jpg`, `${long}.jpg`])).map(([, target]) => target),
    [`/${fitting}*`, `/${'海'.repeat(80)}*`],
  );
});

test('a folder named like a picture takes several results when it is there, or ends with /', async (t) => {
  const find = await deskWith(t, ['a.jpg', 'b.jpg', 'old.jpg/c.txt']);
  for (const folder of ['old.jpg', 'new.jpg/']) {
    const targets = (await find(['a.jpg', 'b.jpg'], folder)).map(([, target]) => target);
    assert.deepEqual(targets, [`${folder.replace('/', '')}/a*`, `${folder.replace('/', '')}/b*`]);
  }
});
