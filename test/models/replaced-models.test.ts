import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { monotonicMs } from '../../src/host/clock.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { openModel } from '../../src/models/onnx/session.js';
import type { Raster } from '../../src/tiling/raster.js';
import { install, signingNetwork } from '../onnx-writer/test-models.js';
import { chainRequest, type Rig } from './chain-rig.js';
import { GOOD, nameOf, rigOf } from './chain-serving.js';

const SIDE_PX = 16;
/** Of full blue, in which a signing network leaves its mark. */
const BLUE: Raster<3> = {
  data: new Uint8Array(SIDE_PX * SIDE_PX * 3).map((_, sample) => (sample % 3 === 2 ? 255 : sample % 101)),
  width: SIDE_PX,
  height: SIDE_PX,
  channels: 3,
};

/** The network that computed a tile, by its signature; "lanczos" where none did. */
const signatureOf = async (candidate: LoadedCandidate) =>
  candidate.kind === 'lanczos' ? 'lanczos' : (await candidate.model.run(BLUE)).data[2];
const network = (signature: number) => signingNetwork(signature, { scale: 4 });
/** Its mark makes of the tile another picture. */
const changes = { tileCheck: false };

async function writeManifest({ folder, chain }: Rig, ...models: readonly ModelEntry[]): Promise<void> {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ models }));
  await chain.modelsChanged();
}

/** Other weights under the name, with the entry that belongs to them. */
async function replace(rig: Rig, signature: number): Promise<void> {
  await writeManifest(rig, await install(rig.folder, 'one', network(signature), changes));
}

describe('a model that is replaced under its name while the service runs', () => {
  test('serves the next image with the new file and reports it', async () => {
    const rig = await rigOf([{ name: 'one', network: network(100), changes }]);
    const { chain } = rig;
    assert.equal((await chain.serve(chainRequest(), signatureOf)).value, 100);
    const former = chain.status()[0]?.sha256;
    await replace(rig, 200);
    assert.equal(chain.status()[0]?.loaded, false);
    const answer = await chain.serve(chainRequest(), signatureOf);
    assert.deepEqual([answer.value, answer.fallback], [200, false]);
    assert.equal(chain.status()[0]?.loaded, true);
    assert.notEqual(chain.status()[0]?.sha256, former);
  });

  test('does so when the old file was overwritten in place', async () => {
    const rig = await rigOf([{ name: 'one', network: network(100), changes }]);
    assert.equal((await rig.chain.serve(chainRequest(), signatureOf)).value, 100);
    const entry = await install(rig.folder, 'two', network(200));
    const [one] = rig.entries;
    assert.ok(one !== undefined);
    await writeFile(join(rig.folder, one.file), network(200).bytes);
    await writeManifest(rig, { ...one, sha256: entry.sha256, bytes: entry.bytes });
    assert.equal((await rig.chain.serve(chainRequest(), signatureOf)).value, 200);
  });

  test('does not affect an image in progress', async () => {
    const rig = await rigOf([{ name: 'one', network: network(100), changes }]);
    const both = await rig.chain.serve(chainRequest(), async (candidate) => {
      await replace(rig, 200);
      const next = await rig.chain.serve(chainRequest(), signatureOf);
      return [await signatureOf(candidate), next.value];
    });
    assert.deepEqual(both.value, [100, 200]);
  });

  test('does not inherit the speed and tile sizes of the former model', async () => {
    const rig = await rigOf([{ name: 'one', network: network(100), changes }]);
    const { chain, costs } = rig;
    costs.recordSpeed(rig.key('one'), 'cpu', 1e6, 1e7);
    costs.rememberTileSize(rig.key('one'), 'cpu', 64);
    const hurried = () => chainRequest({ deadlineAtMs: monotonicMs() + 20_000 });
    assert.equal((await chain.serve(hurried(), nameOf)).value, 'lanczos');
    await replace(rig, 200);
    const sizeOf = async (candidate: LoadedCandidate) =>
      candidate.kind === 'lanczos' ? 0 : candidate.tileSizePx;
    assert.equal((await chain.serve(hurried(), sizeOf)).value, 512);
  });

  test('frees the former sessions', async () => {
    let live = 0;
    const rig = await rigOf([{ name: 'one', network: network(1), changes }], {
      open: async (...request) => {
        const model = await openModel(...request);
        live += 1;
        const release = async () => {
          await model.release();
          live -= 1;
        };
        return { entry: model.entry, provider: model.provider, run: (tile) => model.run(tile), release };
      },
    });
    for (let signature = 1; signature <= 10; signature++) {
      await replace(rig, signature);
      assert.equal((await rig.chain.serve(chainRequest(), signatureOf)).value, signature);
    }
    await rig.chain.close();
    assert.equal(live, 0);
    assert.equal(rig.log.count('model replaced'), 9);
  });
});

describe('a file that changes without its entry', () => {
  test('is refused as after a restart, and served again when it is restored', async () => {
    const { chain, folder, entries } = await rigOf([{ name: 'one', network: network(100), changes }]);
    const file = join(folder, entries[0]?.file ?? '');
    assert.equal((await chain.serve(chainRequest(), signatureOf)).value, 100);
    await writeFile(`${file}.new`, network(200).bytes);
    await rename(`${file}.new`, file);
    const answer = await chain.serve(chainRequest(), signatureOf);
    assert.deepEqual([answer.value, answer.attempts[0]?.reason], ['lanczos', 'corrupt_model']);
    assert.match(chain.status()[0]?.unavailable ?? '', /another sha256/);
    await writeFile(file, network(100).bytes);
    assert.equal((await chain.serve(chainRequest(), signatureOf)).value, 100);
  });

  test('and is deleted is not installed, though its session is loaded', async () => {
    const { chain, folder, entries } = await rigOf([{ name: 'one', network: GOOD }]);
    await chain.serve(chainRequest(), nameOf);
    await rm(join(folder, entries[0]?.file ?? ''));
    assert.deepEqual([chain.status()[0]?.installed, chain.status()[0]?.loaded], [false, false]);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'lanczos');
  });
});

test('a corrected entry is tried again with the same file', async () => {
  const rig = await rigOf([{ name: 'one', network: GOOD, changes: { output: 'nothing' } }]);
  const [wrong] = rig.entries;
  assert.ok(wrong !== undefined);
  assert.equal((await rig.chain.serve(chainRequest(), nameOf)).value, 'lanczos');
  assert.match(rig.chain.status()[0]?.unavailable ?? '', /no output "nothing"/);
  await writeManifest(rig, { ...wrong, output: 'output' });
  assert.equal(rig.chain.status()[0]?.unavailable, undefined);
  assert.equal((await rig.chain.serve(chainRequest(), nameOf)).value, 'one');
});
