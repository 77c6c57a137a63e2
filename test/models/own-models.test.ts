import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addModel } from '../../src/models/custom/add-model.js';
import { changeOwnModels, RefusedChange } from '../../src/models/custom/own-models.js';
import { newOwner } from '../../src/models/download/file-lock.js';
import { loadCustomEntries } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { fileState } from '../../src/models/verify.js';
import { endlessNetwork, install, nearestNetwork } from '../onnx-writer/test-models.js';
import { childrenOf, gone, readOrNothing } from '../processes.js';
import { until } from '../until.js';
import { ownModels } from './own-models-rig.js';

describe("a user's own models", () => {
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
      ['best', /"best" is taken: it stands for the model of a purpose.* --name/],
      ['lanczos', /"lanczos" is taken: it stands for plain resampling.* --name/],
      [
        'auto',
        /"auto" is taken: it stands for the chain's first model, and in MODEL_CHAIN for the usual ones.* --name/,
      ],
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

    test('the name of the file itself', async () => {
      const path = await fileOf(endlessNetwork(), 'AUTO.onnx');
      await assert.rejects(addModel(path, home.models), /"auto" is taken/);
    });

    test('the name of an own model, unless it may be replaced; a reserved name never', async () => {
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

  test('a model that is being replaced is the old or the new one at every moment', async () => {
    const { entry: first } = await addModel(await fileOf(nearestNetwork({ scale: 3 })), home.models, {
      name: 'mine',
    });
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
    const { entry } = await replacing;
    assert.notEqual(entry.file, first.file);
    assert.deepEqual(await loadCustomEntries(home.models), [entry]);
    assert.deepEqual((await readdir(home.models)).sort(), ['custom.json', 'manifest.json', entry.file]);
    const { entry: again } = await addModel(second, home.models, {
      name: 'mine',
      replace: true,
      title: 'Once more',
    });
    assert.deepEqual([again.file, again.title], [entry.file, 'Once more']);
    assert.equal(await fileState(again, home.models, 'sha256'), 'intact');
  });

  test("an existing file with the model's name is not overwritten", async () => {
    await writeFile(join(home.models, 'mine.onnx'), 'something else');
    const { entry } = await addModel(await fileOf(nearestNetwork()), home.models, { name: 'mine' });
    assert.match(entry.file, /^mine\.[0-9a-f]{8}\.onnx$/);
    assert.equal(await readFile(join(home.models, 'mine.onnx'), 'utf8'), 'something else');
  });

  test('text that the manifest would refuse is refused first', async () => {
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

  const anytime = new AbortController().signal;
  const entryOf = async (name: string): Promise<ModelEntry> => install(home.models, name, nearestNetwork());

  test('of many changes at once none is lost', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `model-${index}`);
    const change = async (name: string) => {
      const entry = await entryOf(name);
      await changeOwnModels(home.models, anytime, (own) => ({
        entries: [...own, entry],
        finish: () => undefined,
      }));
    };
    await Promise.all(names.map(change));
    const own = await loadCustomEntries(home.models);
    assert.deepEqual(own.map(({ name }) => name).sort(), [...names].sort());
  });

  test('of several "models add" at once none is lost, and no other file is left', async () => {
    const names = ['one', 'two', 'three', 'four', 'five'];
    const file = await fileOf(nearestNetwork());
    const codes = await Promise.all(names.map((name) => finished(adding(file, name))));
    assert.deepEqual(codes, [0, 0, 0, 0, 0]);
    const own = await loadCustomEntries(home.models);
    assert.deepEqual(own.map(({ name }) => name).sort(), [...names].sort());
    const files = ['custom.json', 'manifest.json', ...names.map((name) => `${name}.onnx`)];
    assert.deepEqual((await readdir(home.models)).sort(), files.sort());
  });

  test('a "models add" that is killed changes nothing and does not block the next one', async () => {
    await changeOwnModels(home.models, anytime, async () => ({
      entries: [await entryOf('before')],
      finish: () => undefined,
    }));
    const file = await fileOf(endlessNetwork());
    const killed = adding(file, 'killed');
    // It is trying the network: what it will copy lies in the folder, unfinished.
    await until(
      async () => (await readdir(home.models)).some((name) => name.startsWith('.add-')),
      'An unfinished copy is there.',
    );
    const triedBy = await childOf(killed);
    const exit = finished(killed);
    killed.kill('SIGKILL');
    await exit;
    if (triedBy !== undefined) await gone(triedBy);
    assert.deepEqual(
      (await loadCustomEntries(home.models)).map(({ name }) => name),
      ['before'],
    );
    const [left] = (await readdir(home.models)).filter((name) => name.startsWith('.add-'));
    assert.ok(left !== undefined);
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(home.models, left), longAgo, longAgo);
    await addModel(await fileOf(nearestNetwork(), 'next.onnx'), home.models, { name: 'killed' });
    const files = ['before.onnx', 'custom.json', 'killed.onnx', 'manifest.json'];
    assert.deepEqual((await readdir(home.models)).sort(), files);
  });

  test('a "models add" that is killed before it writes the entry does not block the next one', async () => {
    const network = nearestNetwork();
    await writeFile(join(home.models, 'mine.onnx'), network.bytes);
    await writeFile(join(home.models, '.custom.json.lock'), JSON.stringify(await deadOwner()));
    const { entry } = await addModel(await fileOf(network), home.models, {
      name: 'mine',
      signal: AbortSignal.timeout(60_000),
    });
    assert.equal(entry.file, 'mine.onnx');
    assert.deepEqual((await readdir(home.models)).sort(), ['custom.json', 'manifest.json', 'mine.onnx']);
  });

  test('a change that was suspended until another process took over its lock changes nothing', async () => {
    const entry = await entryOf('late');
    const late = changeOwnModels(home.models, anytime, async (own) => {
      await writeFile(join(home.models, '.custom.json.lock'), JSON.stringify(await deadOwner()));
      return { entries: [...own, entry], finish: () => undefined };
    });
    await assert.rejects(late, /another process took over its lock/);
    assert.deepEqual(await loadCustomEntries(home.models), []);
  });

  test('an aborted "models add" ends its process and leaves no file', async () => {
    const stop = new AbortController();
    const adding = addModel(await fileOf(endlessNetwork()), home.models, { signal: stop.signal });
    await until(async () => (await readdir(home.models)).length > 1, 'The add has begun.');
    stop.abort();
    await assert.rejects(adding, { name: 'AbortError' });
    assert.deepEqual(await readdir(home.models), ['manifest.json']);
  });

  function adding(file: string, name: string): ChildProcess {
    const env = { PATH: process.env.PATH, MODELS_DIR: home.models };
    return spawn(process.execPath, [CLI, 'models', 'add', file, '--name', name], { env, stdio: 'ignore' });
  }
});

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

async function finished(child: ChildProcess): Promise<number | null> {
  await once(child, 'exit');
  return child.exitCode;
}

/** @returns the process that a command has started and that computes, busy for a second; undefined where that cannot be seen. */
async function childOf({ pid }: ChildProcess): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  return until(() => {
    const [child] = childrenOf(pid ?? 0);
    const fields = readOrNothing(`/proc/${child}/stat`).split(') ')[1]?.split(' ') ?? [];
    // User time of proc(5), in hundredths of a second: loading takes less.
    return Number(fields[11]) > 200 && child;
  }, 'The command has started a process that computes.');
}

/** The owner of a lock whose process has ended. */
async function deadOwner() {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  const { pid = 0 } = child;
  await finished(child);
  return { ...newOwner(), pid };
}
