import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { addModel } from '../../src/models/custom/add-model.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { openChain } from '../../src/models/fallback/open-chain.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import type { Raster } from '../../src/tiling/raster.js';
import { psnr } from '../quality/likeness.js';
import { chainRequest, RecordingLog } from './chain-rig.js';
import { PACKAGE_ROOT, SHIPPED_MODELS } from './shipped-models.js';

/** Real-ESRGAN networks, converted: other bytes than the published files, so they get entries of their own. */
const SHARED = process.env.TESSERA_SHARED ?? join(PACKAGE_ROOT, '..', 'shared');
const NETWORKS = ['realesr-general-x4v3', 'realesr-animevideov3-x4'] as const;
const absent = NETWORKS.every((name) => existsSync(join(SHARED, 'models', `${name}.onnx`)))
  ? false
  : 'the Real-ESRGAN networks are not at hand (TESSERA_SHARED)';

describe('Real-ESRGAN networks', { skip: absent }, () => {
  let folder: string;
  const entries: ModelEntry[] = [];
  let photo: Raster<3>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-real-'));
    for (const file of ['manifest.json', 'tessera-lite-x4.onnx', 'tessera-lite-x4.f32.onnx'])
      await copyFile(join(SHIPPED_MODELS, file), join(folder, file));
    for (const name of NETWORKS)
      entries.push(
        (await addModel(join(SHARED, 'models', `${name}.onnx`), folder, { name: `${name}-converted` })).entry,
      );
    const { data, info } = await sharp(await readFile(join(SHARED, 'data/eval/Set5/x4/003_LR.png')))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    photo = { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
  });
  after(() => rm(folder, { recursive: true }));

  test('are taken in by "add" with the contract that is published for them', () => {
    for (const { scale, input, output, layout, dtype, range, sizeRequirements, overlapPx } of entries) {
      assert.deepEqual(
        { scale, input, output, layout, dtype, range, sizeRequirements },
        {
          scale: 4,
          input: 'input',
          output: 'output',
          layout: 'nchw',
          dtype: 'float32',
          range: 1,
          sizeRequirements: { minimum: 1, multipleOf: 1 },
        },
      );
      // Radius 34 and 18: the measured overlap lies below twice that, and is not nothing.
      assert.ok(overlapPx >= 16 && overlapPx <= 68, `overlap ${overlapPx}`);
    }
  });

  test('serve from the chain before the embedded model, and their pictures are of the same thing', async () => {
    const names = entries.map((entry) => entry.name);
    const chain = await openChain(
      {
        MODELS_DIR: folder,
        MODEL_CHAIN: [...names, 'tessera-lite-x4'],
        MODEL_IDLE_MINUTES: 1,
        EXECUTION_PROVIDERS: ['cpu'],
      },
      { threads: 2, log: new RecordingLog() },
    );
    const answers = new Map<string, Raster<3>>();
    const run = async (candidate: LoadedCandidate): Promise<Raster<3>> => {
      if (candidate.kind !== 'network') throw new Error('no network served');
      return candidate.model.run(photo);
    };
    try {
      for (const model of [...names, 'tessera-lite-x4']) {
        const answer = await chain.serve(chainRequest({ model, ...photo }), run);
        assert.deepEqual([answer.model, answer.fallback], [model, false]);
        answers.set(model, answer.value);
      }
      const lead = await chain.serve(chainRequest(photo), run);
      assert.deepEqual([lead.model, lead.fallback], [names[0], false]);
    } finally {
      await chain.close();
    }
    const [general, anime, embedded] = [...answers.values()];
    assert.ok(general && anime && embedded);
    assert.equal(general.width, photo.width * 4);
    for (const [a, b] of [
      [general, anime],
      [general, embedded],
    ] as const)
      assert.ok(psnr(a.data, b.data) > 20 && psnr(a.data, b.data) < 60, `PSNR ${psnr(a.data, b.data)}`);
  });
});
