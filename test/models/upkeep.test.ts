import assert from 'node:assert/strict';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import type { ModelStatus, ProviderStatus } from '../../src/domain/types.js';
import { ModelUpkeep, wantedDownloads } from '../../src/models/download/upkeep.js';
import { loadManifest } from '../../src/models/manifest.js';
import { install, nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest, chainRig, RecordingLog, type Rig } from './chain-rig.js';
import { serveFile, wellBehaved } from './file-server.js';
import { SHIPPED_MODELS } from './shipped-models.js';

const CPU: ProviderStatus = { provider: 'cpu', usable: true, detail: '' };
const NETWORK = nearestNetwork({ scale: 4 });

describe('the models of a running service', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function rigWithMissing(name: string): Promise<Rig> {
    const rig = await chainRig([
      { name, network: NETWORK, missing: true, changes: { url: 'http://unreachable.invalid/x.onnx' } },
      { name: 'at-hand', network: NETWORK },
    ]);
    ends.push(rig.close);
    return rig;
  }

  /** Upkeep of a chain, and a promise of the next time that it is told of a change. */
  function upkeepOf(rig: Rig, settings: { MODELS_DOWNLOAD: 'auto' | 'off'; MODELS_MIRROR: string }) {
    let told = (): void => undefined;
    const change = new Promise<void>((resolve) => {
      told = resolve;
    });
    const log = new RecordingLog();
    const upkeep = new ModelUpkeep(
      { MODELS_DIR: rig.folder, DEFAULT_MODEL: 'auto', ...settings },
      {
        status: () => ({ models: rig.chain.status(), providers: rig.chain.providers() }),
        modelsChanged: () => {
          void rig.chain.modelsChanged().then(told);
        },
      },
      log,
    );
    ends.push(() => upkeep.close());
    return { upkeep, change, log };
  }

  const servedBy = async (rig: Rig): Promise<string> =>
    (await rig.chain.serve(chainRequest(), async () => 0)).model;

  test('a missing model of the chain is fetched while the service works, and then serves', async () => {
    const server = await serveFile(NETWORK.bytes, [wellBehaved]);
    ends.push(server.close);
    const rig = await rigWithMissing('late');
    assert.equal(await servedBy(rig), 'at-hand');
    const { upkeep, change, log } = upkeepOf(rig, { MODELS_DOWNLOAD: 'auto', MODELS_MIRROR: server.url });
    const downloaded = log.next('model downloaded');
    await upkeep.start();
    assert.deepEqual(
      upkeep.downloads().map(({ model }) => model),
      ['late'],
    );
    await downloaded;
    await change;
    assert.equal(await servedBy(rig), 'late');
    assert.deepEqual(
      upkeep.downloads().map(({ state }) => state),
      ['arrived'],
    );
    assert.deepEqual(server.requests, ['/late.onnx']);
  });

  test('off downloads nothing, but a file added by hand is noticed', async () => {
    const rig = await rigWithMissing('late');
    const { upkeep, change } = upkeepOf(rig, { MODELS_DOWNLOAD: 'off', MODELS_MIRROR: 'http://127.0.0.1:9' });
    await upkeep.start();
    assert.deepEqual(upkeep.downloads(), []);
    await install(rig.folder, 'late', NETWORK);
    const alive = setInterval(() => undefined, 1000);
    await change;
    clearInterval(alive);
    assert.equal(await servedBy(rig), 'late');
  });

  test('an unwatchable folder or an unreadable manifest gives a warning', async () => {
    const rig = await rigWithMissing('late');
    const { upkeep, log } = upkeepOf(rig, { MODELS_DOWNLOAD: 'auto', MODELS_MIRROR: '' });
    await writeFile(join(rig.folder, 'manifest.json'), 'rubbish');
    await upkeep.start();
    assert.deepEqual(log.lines, ['models are not downloaded: the manifest cannot be read']);
    const gone = new ModelUpkeep(
      {
        MODELS_DIR: join(rig.folder, 'absent'),
        MODELS_DOWNLOAD: 'off',
        MODELS_MIRROR: '',
        DEFAULT_MODEL: 'auto',
      },
      { status: () => ({ models: [], providers: [] }), modelsChanged: () => undefined },
      log,
    );
    await gone.start();
    assert.match(log.lines[1] ?? '', /cannot be watched/);
    await copyFile(join(SHIPPED_MODELS, 'manifest.json'), join(rig.folder, 'manifest.json'));
  });

  test('missing models of the chain are downloaded in order, the default model first, and half-precision twins for a GPU', async () => {
    const entries = await loadManifest(SHIPPED_MODELS);
    const status = (name: string, chainPosition: number | undefined, installed: boolean): ModelStatus => ({
      name,
      title: name,
      scale: 4,
      licence: '',
      family: 'custom',
      installed,
      confirmed: true,
      sizeRequirements: { minimum: 1, multipleOf: 1 },
      overlapPx: 0,
      servesBits: installed ? [8, 16] : [],
      loaded: false,
      microsecondsPerPixel: {},
      ...(chainPosition === undefined ? {} : { chainPosition }),
    });
    const statuses = [
      status('tessera-lite-x4', 3, true),
      status('swin2sr-lightweight-x2', 2, false),
      status('realesrgan-x4plus', 0, false),
      status('realesr-general-x4v3', 1, true),
      status('realesrgan-x4plus-fp16', undefined, false),
      status('swin2sr-classical-x2', undefined, false),
    ];
    const names = (providers: readonly ProviderStatus[], defaultModel = 'auto') =>
      wantedDownloads(entries, statuses, providers, defaultModel).map((entry) => entry.name);
    assert.deepEqual(names([CPU]), ['realesrgan-x4plus', 'swin2sr-lightweight-x2']);
    assert.deepEqual(names([CPU], 'swin2sr-classical-x2'), [
      'swin2sr-classical-x2',
      'realesrgan-x4plus',
      'swin2sr-lightweight-x2',
    ]);
    assert.deepEqual(names([CPU], 'tessera-lite-x4'), names([CPU]));
    assert.deepEqual(names([{ ...CPU, provider: 'cuda', usable: false }, CPU]), names([CPU]));
    assert.deepEqual(names([{ ...CPU, provider: 'cuda' }, CPU]), [
      'realesrgan-x4plus-fp16',
      'realesrgan-x4plus',
      'swin2sr-lightweight-x2',
    ]);
  });

  test('closing before the start starts nothing', async () => {
    const rig = await rigWithMissing('late');
    const { upkeep } = upkeepOf(rig, { MODELS_DOWNLOAD: 'auto', MODELS_MIRROR: 'http://127.0.0.1:9' });
    await upkeep.close();
    await upkeep.start();
    assert.deepEqual(upkeep.downloads(), []);
    await rm(join(rig.folder, 'late.onnx'), { force: true });
  });
});
