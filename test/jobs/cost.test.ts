import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { jobCost } from '../../src/cost/job-cost.js';
import type { ImageHeader, ModelStatus, UpscaleOptions } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { upscale } from '../../src/pipeline/upscale.js';
import { atEnd } from '../at-end.js';
import { modelStatus, NOT_INSTALLED } from '../model-status.js';
import {
  defaults,
  freeScheduler,
  GivenChain,
  limits,
  networkCandidate,
  noOverhead,
  openEmbedded,
} from '../pipeline/stage.js';
import { request, tempDir } from './rig.js';

const installed = (name: string, scale: number, chainPosition?: number): ModelStatus =>
  modelStatus({ name, scale, ...(chainPosition === undefined ? {} : { chainPosition }) });

describe('the disk that a job is promised', () => {
  let embedded: LoadedModel;
  before(async () => {
    embedded = await openEmbedded();
  });
  after(() => embedded.release());

  for (const [scale, channels] of [
    [1.2, 3],
    [1.2, 4],
    [4, 4],
  ] as const)
    it(`is enough for what it has there at its end, and at most three times that: scale ${scale}, ${channels} channels`, async (test) => {
      const folder = await tempDir(test);
      const sourcePath = join(await tempDir(test), 'source.png');
      const noise = { type: 'gaussian', mean: 120, sigma: 60 } as const;
      const picture = sharp({ create: { width: 300, height: 200, channels: 3, background: '#888', noise } });
      await (channels === 4 ? picture.ensureAlpha(0.5) : picture).toFile(sourcePath);
      const header = await readHeader(sourcePath, limits);
      const options = { ...defaults, scale };
      let scratchBytes = 0;
      // The last rows are still being written when the encoder begins.
      const looking = setInterval(() => {
        const names = readdirSync(folder).filter((name) => name !== 'result');
        const sizes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
        scratchBytes = Math.max(
          scratchBytes,
          sizes.reduce((sum, size) => sum + size, 0),
        );
      }, 1);
      atEnd(test, () => clearInterval(looking));
      const task = { id: 'job', sourcePath, resultPath: join(folder, 'result'), workFolder: folder };
      const { bytes } = await upscale(
        {
          ...task,
          header,
          options,
          deadlineAtMs: monotonicMs() + 600_000,
          excludedCandidates: [],
          earlierAttempts: [],
        },
        {
          chain: new GivenChain(() => [networkCandidate(embedded)]),
          scheduler: freeScheduler,
          limits,
          threads: 2,
          costs: noOverhead,
        },
        {
          signal: new AbortController().signal,
          onAttempt: () => {},
          onProgress: () => {},
        },
      );
      assert.ok(scratchBytes > 0);
      const { diskBytes } = jobCost({ ...request(), header, options }, [
        installed(embedded.entry.name, embedded.entry.scale, 1),
      ]);
      const used = scratchBytes + bytes;
      assert.ok(used <= diskBytes, `${used} bytes were used, ${diskBytes} promised`);
      assert.ok(diskBytes <= 3 * used, `${used} bytes were used, ${diskBytes} promised`);
    });

  it('counts the canvas of the largest model that may serve, and Lanczos at the size that is asked for', () => {
    const cost = (scale: number, models: readonly ModelStatus[], model?: string) =>
      jobCost(
        {
          ...request(1024),
          options: { ...defaults, scale, ...(model === undefined ? {} : { model }) },
        },
        models,
      ).diskBytes;
    const twice = installed('twice', 2, 1);
    const eight = installed('eight', 8);
    const result = (scale: number) => 1024 * scale * scale * 3;
    const close = (one: number, other: number) => assert.ok(Math.abs(one - other) < 1, `${one}, ${other}`);
    close(cost(1.5, [twice, eight]), result(2) + result(1.5));
    close(cost(3, [twice, eight]), result(4) + result(3));
    close(cost(1.5, [twice, eight], 'eight'), result(8) + result(1.5));
    close(cost(1.5, [twice, { ...eight, ...NOT_INSTALLED }], 'eight'), result(2) + result(1.5));
    close(cost(1.5, [twice, eight], 'lanczos'), 2 * result(1.5));
    close(cost(1.5, []), result(4) + result(1.5));
  });
});

describe('the memory that a job is promised', () => {
  const twice = { ...installed('twice', 2, 0), ...NOT_INSTALLED };
  const models = [twice, installed('four', 4, 1)];
  const bytes = (options: Partial<UpscaleOptions>, header: Partial<ImageHeader> = {}) => {
    const plain = request(1e6);
    return jobCost({ header: { ...plain.header, ...header }, options: { ...defaults, ...options } }, models)
      .memoryBytes;
  };

  it('is that of the scale which the request gets, named or not', () => {
    assert.equal(bytes({ format: 'avif' }), bytes({ format: 'avif', scale: 4 }));
    assert.ok(bytes({ format: 'avif' }) > bytes({ format: 'avif', scale: 2 }));
  });

  it('grows with alpha, with bits, and with encoders that hold the whole image', () => {
    const plain = bytes({});
    assert.equal(bytes({}, { hasAlpha: true }), (plain * 4) / 3);
    assert.equal(bytes({}, { sixteenBit: true }), 2 * plain);
    assert.equal(bytes({ format: 'avif' }), plain + 16e6 * 40);
    assert.equal(bytes({ format: 'webp' }), plain + 16e6 * 6);
    assert.equal(bytes({ format: 'auto', accept: ['image/webp'] }), bytes({ format: 'webp' }));
  });
});
