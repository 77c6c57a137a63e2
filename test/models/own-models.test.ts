import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addModel } from '../../src/models/add-model.js';
import { loadCustomEntries } from '../../src/models/manifest.js';
import { RefusedChange } from '../../src/models/own-models.js';
import { fileState } from '../../src/models/verify.js';
import { endlessNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { ownModels } from './own-models-rig.js';

describe("one's own models", () => {
  const { home, fileOf, snapshot } = ownModels();

  describe('a name that is taken is refused before the network is even read', () => {
    // A network that computes for ever would show by the time.
    const file = () => fileOf(endlessNetwork(), 'taken.onnx');
    const refused = async (name: string, message: RegExp) => {
      await assert.rejects(addModel(await file(), home.models, { name }), (error: unknown) => {
        assert.ok(error instanceof RefusedChange, String(error));
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await readdir(home.models), ['manifest.json']);
    };
    for (const [name, message] of [
      ['lanczos', /"lanczos" is taken: it stands for plain resampling.* --name/],
      ['auto', /"auto" is taken: in MODEL_CHAIN it stands for the usual models.* --name/],
      ['tessera-lite-x4', /belongs to a shipped model.* --name/],
      ['realesrgan-x4plus', /belongs to a shipped model.* --name/],
      [
        'tessera-lite-x4.f32',
        /tessera-lite-x4\.f32\.onnx, which is that of the model "tessera-lite-x4-f32".* --name/,
      ],
      ['../up', /"\.\.\/up" cannot be used: expected up to 64 of a to z/],
      ['', /"" cannot be used/],
    ] as const)
      test(`"${name}"`, () => refused(name, message));

    test('one that the file itself has', async () => {
      const path = await fileOf(endlessNetwork(), 'AUTO.onnx');
      await assert.rejects(addModel(path, home.models), /"auto" is taken/);
    });

    test('one of your own, unless it is to be replaced; a reserved one cannot be', async () => {
      await addModel(await fileOf(nearestNetwork({ scale: 3 })), home.models, { name: 'mine' });
      const before = await snapshot();
      await assert.rejects(
        addModel(await file(), home.models, { name: 'mine' }),
        /a model "mine" of your own already\. Replace it with --replace, or choose another name with --name/,
      );
      for (const name of ['lanczos', 'auto', 'tessera-lite-x4'])
        await assert.rejects(addModel(await file(), home.models, { name, replace: true }), RefusedChange);
      assert.deepEqual(await snapshot(), before);
    });
  });

  test('a name that another process took in the meantime is refused, and its entry stays', async () => {
    const file = await fileOf(nearestNetwork());
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => addModel(file, home.models, { name: 'mine' })),
    );
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.match(String(outcome.reason), /of your own already/);
    assert.deepEqual((await readdir(home.models)).sort(), ['custom.json', 'manifest.json', 'mine.onnx']);
  });

  test('a model that is replaced is the old one or the new one at every moment', async () => {
    const first = await addModel(await fileOf(nearestNetwork({ scale: 3 })), home.models, { name: 'mine' });
    const second = await fileOf(nearestNetwork({ scale: 2 }), 'second.onnx');
    let isReplaced = false;
    const replacing = addModel(second, home.models, { name: 'mine', replace: true }).finally(() => {
      isReplaced = true;
    });
    const seen = new Set<number>();
    while (!isReplaced) {
      const [entry] = await loadCustomEntries(home.models);
      assert.ok(entry !== undefined);
      seen.add(entry.scale);
      // Its file may only go after the entry that names it.
      const state = await fileState(entry, home.models, 'sha256');
      if (state !== 'intact') assert.notDeepEqual(await loadCustomEntries(home.models), [entry]);
    }
    assert.ok(seen.has(3));
    const entry = await replacing;
    assert.notEqual(entry.file, first.file);
    assert.deepEqual(await loadCustomEntries(home.models), [entry]);
    assert.deepEqual((await readdir(home.models)).sort(), ['custom.json', 'manifest.json', entry.file]);
    const again = await addModel(second, home.models, { name: 'mine', replace: true, title: 'Once more' });
    assert.deepEqual([again.file, again.title], [entry.file, 'Once more']);
    assert.equal(await fileState(again, home.models, 'sha256'), 'intact');
  });

  test('a file of yours that has the model’s name is not overwritten', async () => {
    await writeFile(join(home.models, 'mine.onnx'), 'something else');
    const entry = await addModel(await fileOf(nearestNetwork()), home.models, { name: 'mine' });
    assert.match(entry.file, /^mine\.[0-9a-f]{8}\.onnx$/);
    assert.equal(await readFile(join(home.models, 'mine.onnx'), 'utf8'), 'something else');
  });

  test('lines that the manifest would refuse are refused first', async () => {
    const file = await fileOf(endlessNetwork());
    for (const [key, text] of [
      ['title', ''],
      ['purpose', 'x'.repeat(121)],
      ['licence', 'MIT\u001b[2J'],
    ] as const)
      await assert.rejects(
        addModel(file, home.models, { [key]: text }),
        new RegExp(`one line of 1 to 120 characters for --${key}`),
      );
    assert.deepEqual(await readdir(home.models), ['manifest.json']);
  });
});
