import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addModel } from '../../src/models/custom/add-model.js';
import { changeOwnModels, RefusedChange } from '../../src/models/custom/own-models.js';
import { removeModel } from '../../src/models/custom/remove-model.js';
import { loadCustomEntries, loadManifest } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { install, nearestNetwork } from '../onnx-writer/test-models.js';
import { ownModels } from './own-models-rig.js';

describe("removing a user's own model", () => {
  const { home, fileOf, snapshot } = ownModels();
  const anytime = new AbortController().signal;
  const entryOf = async (name: string): Promise<ModelEntry> => install(home.models, name, nearestNetwork());

  test('removes the entry and the copied file', async () => {
    await addModel(await fileOf(nearestNetwork()), home.models, { name: 'mine' });
    await addModel(await fileOf(nearestNetwork({ scale: 3 })), home.models, { name: 'other' });
    const { entry, isFileGone } = await removeModel('mine', home.models, anytime);
    assert.deepEqual([entry.name, isFileGone], ['mine', true]);
    assert.deepEqual((await readdir(home.models)).sort(), ['custom.json', 'manifest.json', 'other.onnx']);
    assert.deepEqual(
      (await loadCustomEntries(home.models)).map(({ name }) => name),
      ['other'],
    );
  });

  test('keeps a file that the user put there or changed', async () => {
    const entry = await entryOf('placed');
    await changeOwnModels(home.models, anytime, () => ({ entries: [entry], finish: () => undefined }));
    await addModel(join(home.models, 'placed.onnx'), home.models, { name: 'placed', replace: true });
    await addModel(await fileOf(nearestNetwork()), home.models, { name: 'changed' });
    await writeFile(join(home.models, 'changed.onnx'), 'mine now');
    for (const name of ['placed', 'changed'])
      assert.equal((await removeModel(name, home.models, anytime)).isFileGone, false);
    assert.deepEqual(await loadCustomEntries(home.models), []);
    const files = ['changed.onnx', 'custom.json', 'manifest.json', 'placed.onnx'];
    assert.deepEqual((await readdir(home.models)).sort(), files);
  });

  test('refuses shipped and unknown names, and a name that another entry needs, and changes nothing', async () => {
    const twin = await entryOf('twin');
    const entries = [twin, { ...(await entryOf('needy')), floatTwin: 'twin' }];
    const refused = async (name: string, message: RegExp) => {
      const before = await snapshot();
      await assert.rejects(removeModel(name, home.models, anytime), (error: unknown) => {
        assert.ok(error instanceof RefusedChange, String(error));
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await snapshot(), before);
    };
    await refused('imaginary', /no model "imaginary" of your own\. You have added none\.$/);
    await changeOwnModels(home.models, anytime, () => ({ entries, finish: () => undefined }));
    await refused('imaginary', /no model "imaginary" of your own\. You have added twin, needy\.$/);
    await refused('tessera-lite-x4', /is a shipped model/);
    await refused('lanczos', /needs no file/);
    await refused('twin', /named as a twin by "needy"\. Remove that one first/);
  });

  test('repairs a custom.json that keeps the service from starting', async () => {
    const entry = { ...(await entryOf('fine')), name: 'auto' };
    await writeFile(join(home.models, 'custom.json'), JSON.stringify({ models: [entry] }));
    await assert.rejects(loadManifest(home.models), /"auto" is taken/);
    await removeModel('auto', home.models, anytime);
    await loadManifest(home.models);
  });
});
