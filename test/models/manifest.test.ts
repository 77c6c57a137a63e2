import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { modelSettingProblems } from '../../src/models/checked-config.js';
import { loadManifest, ManifestError, parseManifest } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { SHIPPED_MODELS, SHIPPED_NAMES } from './shipped-models.js';

const ENTRY: ModelEntry = {
  name: 'mine',
  title: 'Mine',
  family: 'custom',
  scale: 2,
  licence: 'MIT',
  file: 'mine.onnx',
  bytes: 10,
  sha256: 'a'.repeat(64),
  confirmed: false,
  input: 'x',
  output: 'y',
  layout: 'nchw',
  dtype: 'float32',
  range: 1,
  sizeRequirements: { minimum: 1, multipleOf: 1 },
  overlapPx: 32,
};

const textOf = (...models: object[]): string => JSON.stringify({ models });

describe('manifest', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-manifest-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('the shipped manifest is valid and leads with the embedded model', async () => {
    const entries = await loadManifest(SHIPPED_MODELS);
    assert.equal(entries[0]?.name, 'tessera-lite-x4');
    assert.equal(entries[0]?.floatTwin, 'tessera-lite-x4-f32');
    assert.deepEqual(
      entries.filter(({ family }) => family === 'tessera').map(({ name }) => name),
      SHIPPED_NAMES,
    );
    assert.deepEqual(
      entries.filter((entry) => !entry.confirmed).map((entry) => entry.name),
      ['realesrgan-x4plus-fp16', 'swin2sr-classical-x2'],
    );
    for (const { name, purpose } of entries)
      assert.match(purpose ?? '', /\.$/, `${name} says what it is for`);
    for (const entry of entries.filter((each) => each.family !== 'tessera'))
      assert.match(entry.url ?? '', /^https:\/\//, `${entry.name} can be downloaded`);
  });

  test('a custom file is read beside the shipped one', async () => {
    await writeFile(join(folder, 'manifest.json'), textOf(ENTRY));
    await writeFile(join(folder, 'custom.json'), textOf({ ...ENTRY, name: 'other', file: 'other.onnx' }));
    assert.deepEqual(
      (await loadManifest(folder)).map((entry) => entry.name),
      ['mine', 'other'],
    );
  });

  test('every problem of a file is named, with the model it is in', () => {
    const { title: _, ...untitled } = ENTRY;
    assert.throws(
      () =>
        parseManifest(
          textOf(
            { ...untitled, sha256: 'ABC', dtype: 'int4' },
            { ...ENTRY, name: 'second', overlap: 3, file: '../evil.onnx' },
          ),
          'custom.json',
        ),
      (error: unknown) => {
        assert.ok(error instanceof ManifestError);
        assert.equal(error.file, 'custom.json');
        for (const part of [
          /model 0 \(mine\).*title/,
          /model 0 \(mine\): sha256/,
          /model 0 \(mine\): dtype must be one of \["float32","float16","uint8"\]/,
          /model 1 \(second\) has unknown keys: overlap/,
          /model 1 \(second\): file/,
        ])
          assert.match(error.message, part);
        return true;
      },
    );
  });

  test('text that is not JSON is refused', () => {
    assert.throws(
      () => parseManifest('{', 'manifest.json'),
      /manifest\.json cannot be used:\n {2}- it is not JSON/,
    );
    assert.throws(() => parseManifest('[]', 'manifest.json'), ManifestError);
  });

  test('a missing manifest is refused by name', async () => {
    await assert.rejects(loadManifest(folder), /manifest\.json.*there is no such file or folder/s);
  });

  test('no model may have a reserved name', async () => {
    await writeFile(join(folder, 'manifest.json'), textOf());
    for (const name of ['auto', 'lanczos']) {
      await writeFile(join(folder, 'custom.json'), textOf({ ...ENTRY, name }));
      await assert.rejects(loadManifest(folder), new RegExp(`the name "${name}" is taken`));
    }
  });

  test('names, files and twins must agree across entries', async () => {
    await writeFile(
      join(folder, 'manifest.json'),
      textOf(
        { ...ENTRY, floatTwin: 'absent' },
        { ...ENTRY, halfTwin: 'x4' },
        { ...ENTRY, name: 'x4', file: 'x4.onnx', scale: 4 },
        { ...ENTRY, name: 'lanczos', file: 'l.onnx', dtype: 'uint8' },
        {
          ...ENTRY,
          name: 'f',
          file: 'f.onnx',
          sizeRequirements: { minimum: 1, multipleOf: 8, fixed: [64, 60] },
        },
      ),
    );
    await assert.rejects(loadManifest(folder), (error: unknown) => {
      assert.ok(error instanceof ManifestError);
      assert.deepEqual(error.problems, [
        'two models are named "mine"',
        '"mine" and "mine" share the file mine.onnx',
        'the name "lanczos" is taken: it stands for plain resampling, without a network',
        '"lanczos" is uint8, so its range must be 255',
        '"f" has a fixed size that is no multiple of 8',
        '"mine" names the floatTwin "absent", which is not listed',
        '"mine" and its halfTwin "x4" differ in scale',
      ]);
      return true;
    });
  });

  test('settings are checked against it before anything is started', async () => {
    const ofChain = (...MODEL_CHAIN: string[]) =>
      modelSettingProblems({ MODELS_DIR: SHIPPED_MODELS, MODEL_CHAIN, DEFAULT_MODEL: 'auto' });
    assert.deepEqual(await ofChain('tessera-lite-x4', 'auto', 'lanczos'), []);
    const [unknown, ...more] = await ofChain('auto', 'imaginary');
    assert.match(unknown ?? '', /^MODEL_CHAIN names imaginary; expected some of auto, tessera-lite-x4, /);
    assert.deepEqual(more, []);
    const ofDefault = (DEFAULT_MODEL: string) =>
      modelSettingProblems({ MODELS_DIR: SHIPPED_MODELS, MODEL_CHAIN: ['auto'], DEFAULT_MODEL });
    for (const good of ['auto', 'lanczos', 'realesrgan-x4plus']) assert.deepEqual(await ofDefault(good), []);
    const [unknownDefault] = await ofDefault('imaginary');
    assert.match(
      unknownDefault ?? '',
      /^DEFAULT_MODEL is "imaginary"; expected auto, tessera-lite-x4, .*, lanczos\.$/,
    );
    const unreadable = { MODELS_DIR: folder, MODEL_CHAIN: ['auto'], DEFAULT_MODEL: 'auto' };
    assert.deepEqual(await modelSettingProblems(unreadable), [
      `MODELS_DIR: manifest.json: it cannot be read from the models folder ${folder}: there is no such file or folder`,
    ]);
  });

  test('the shipped files of the embedded models are the ones the manifest describes', async () => {
    const { createHash } = await import('node:crypto');
    for (const entry of await loadManifest(SHIPPED_MODELS)) {
      if (entry.family !== 'tessera') continue;
      const bytes = await readFile(join(SHIPPED_MODELS, entry.file));
      assert.deepEqual(
        [bytes.length, createHash('sha256').update(bytes).digest('hex')],
        [entry.bytes, entry.sha256],
        `${entry.file} changed: run "npm run models:pin" to write its size and hash into the manifest`,
      );
    }
  });
});
