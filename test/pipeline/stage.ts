import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attempt, UpscaleOptions, UpscaleProgress, UpscaleResult } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import { packageRoot } from '../../src/host/package-root.js';
import type { ModelChain } from '../../src/models/fallback/chain.js';
import type { ChainRequest } from '../../src/models/fallback/chain-request.js';
import type { LoadedCandidate, LoadedNetwork } from '../../src/models/fallback/loaded-candidate.js';
import { loadManifest } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import { TileFailure, type TileModel } from '../../src/models/tile-model.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { restrictLoaders } from '../../src/pipeline/input/loaders.js';
import type { PipelineLimits } from '../../src/pipeline/limits.js';
import type { PipelineServices } from '../../src/pipeline/pipeline-services.js';
import type { TileScheduler } from '../../src/pipeline/tile-scheduler.js';
import { upscale } from '../../src/pipeline/upscale.js';
import { OPTIONS } from '../upscale-options.js';

// As every process of the service does first; without it libvips' cache would return the file that a test replaced.
restrictLoaders(1);

export const modelsFolder = join(packageRoot(), 'models');

export const limits: PipelineLimits = {
  maxInputPixels: 50e6,
  maxOutputPixels: 400e6,
  maxAvifPixels: 16e6,
};

export const defaults: UpscaleOptions = { ...OPTIONS, format: 'png' };

/** The manifest's embedded int8 entry (uint8), or its float twin. */
export async function embeddedEntry(twin: 'int8' | 'float' = 'int8'): Promise<ModelEntry> {
  const entries = await loadManifest(modelsFolder);
  const entry = entries.find((each) => each.family === 'tessera' && each.floatTwin !== undefined);
  const wanted = twin === 'int8' ? entry : entries.find((each) => each.name === entry?.floatTwin);
  if (wanted === undefined) throw new Error('The manifest has no embedded model with a float twin');
  return wanted;
}

export async function openEmbedded(twin: 'int8' | 'float' = 'int8', threads = 2): Promise<LoadedModel> {
  return openModel(await embeddedEntry(twin), modelsFolder, 'cpu', { threads });
}

export function networkCandidate(model: TileModel, changes: Partial<LoadedNetwork> = {}): LoadedNetwork {
  return {
    kind: 'network',
    model,
    passes: 1,
    tileSizePx: 512,
    givenTilePx: undefined,
    rememberTileSize: () => {},
    recordSpeed: () => {},
    checkPace: () => {},
    checkWait: () => {},
    alternative: async () => undefined,
    microsecondsPerPixel: 0.4,
    tileWorkers: 1,
    ...changes,
  };
}

/** A chain of given candidates: falls to the next on a TileFailure, as the real one does. */
export class GivenChain implements Pick<ModelChain, 'serve' | 'resolveScale'> {
  readonly requests: ChainRequest[] = [];
  constructor(
    readonly candidates: (request: ChainRequest) => readonly LoadedCandidate[],
    readonly scale = 4,
  ) {}

  resolveScale({ scale = this.scale }: { readonly scale?: number }): number {
    return scale;
  }

  async serve<T>(
    request: ChainRequest,
    attempt: (
      candidate: LoadedCandidate,
      note: (attempt: Omit<Attempt, 'ms'> & { ms?: number }) => void,
    ) => Promise<T>,
  ) {
    this.requests.push(request);
    const attempts: Attempt[] = [];
    let failure: unknown;
    for (const [index, candidate] of this.candidates(request).entries()) {
      const model = candidate.kind === 'lanczos' ? 'lanczos' : candidate.model.entry.name;
      try {
        const value = await attempt(candidate, (noted) => attempts.push({ ms: 0, ...noted }));
        attempts.push({ model, outcome: 'served', ms: 0 });
        const provider = candidate.kind === 'lanczos' ? {} : { provider: candidate.model.provider };
        return { value, model, ...provider, fallback: index > 0, attempts };
      } catch (error) {
        if (!(error instanceof TileFailure)) throw error;
        failure = error;
        attempts.push({ model, outcome: 'failed', reason: error.reason, ms: 0 });
      }
    }
    throw failure;
  }
}

/** All that is beside tiles costs nothing. */
export const noOverhead: PipelineServices['costs'] = {
  decodingMs: () => 0,
  finishing: () => ({ networkMs: 0, lanczosMs: 0 }),
  encodingMs: () => 0,
};

/** Turns for one job: every tile waits for one round of the event loop. */
export const freeScheduler: TileScheduler = {
  take: async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return { end: () => {} };
  },
};

export interface Run {
  readonly result: UpscaleResult;
  readonly resultPath: string;
  /** Names left in the work folder, the result aside. */
  readonly left: readonly string[];
  readonly progress: readonly UpscaleProgress[];
}

/** Upscales a file in a folder of its own; `use` looks at the result before the folder is removed. */
export async function upscaled<T>(
  sourcePath: string,
  options: Partial<UpscaleOptions>,
  services: Partial<PipelineServices> & Pick<PipelineServices, 'chain'>,
  use: (run: Run) => Promise<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  const workFolder = await mkdtemp(join(tmpdir(), 'tessera-pipeline-'));
  try {
    const header = await readHeader(sourcePath, limits);
    const resultPath = join(workFolder, 'result');
    const progress: UpscaleProgress[] = [];
    const result = await upscale(
      {
        id: 'job',
        sourcePath,
        resultPath,
        workFolder,
        header,
        options: { ...defaults, ...options },
        deadlineAtMs: monotonicMs() + 1000 * (options.timeoutSeconds ?? defaults.timeoutSeconds),
        excludedCandidates: [],
        earlierAttempts: [],
      },
      { scheduler: freeScheduler, limits, threads: 2, costs: noOverhead, ...services },
      { signal, onProgress: (each) => progress.push(each), onAttempt: () => {} },
    );
    const left = (await readdir(workFolder)).filter((name) => name !== 'result');
    return await use({ result, resultPath, left, progress });
  } finally {
    await rm(workFolder, { recursive: true });
  }
}

export function largestDifference(one: Uint8Array, other: Uint8Array): number {
  let largest = 0;
  for (let at = 0; at < one.length; at += 1)
    largest = Math.max(largest, Math.abs((one[at] ?? 0) - (other[at] ?? 0)));
  return largest;
}
