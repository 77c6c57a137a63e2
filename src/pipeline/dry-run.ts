import { LANCZOS, type PlannedCandidate, type UpscalePlan, type UpscaleTask } from '../domain/types.js';
import { monotonicMs } from '../host/clock.js';
import type { CandidatePlan, ChainRequest } from '../models/fallback/chain-request.js';
import { tileCount, tilesAtOnce } from '../tiling/plan.js';
import { checkOutputSize, outputSize, type PipelineLimits } from './limits.js';
import { likelyFormat } from './output/result-format.js';
import type { OverheadCost } from './overhead.js';
import { planRender } from './render/render.js';

/** What a dry run needs of the chain. */
export interface PlanningChain {
  leadScale(request: Pick<ChainRequest, 'model' | 'sixteenBit'>): number;
  plan(request: ChainRequest): Promise<readonly CandidatePlan[]>;
}

const FLOAT_BYTES = 4;
const RGB = 3;

/**
 * What `upscale` would do now, without an image: output size, candidates, tiles, time and memory. The memory is what the image adds:
 * its decoded pixels, a strip of output, and the tensors of a tile; a network's own activations are not known here.
 * @param beside what was measured of decoding, blending and encoding.
 * @throws TesseraError output_too_large, fallback_refused, invalid_option.
 */
export async function dryRun(
  { header, options }: Pick<UpscaleTask, 'header' | 'options'>,
  chain: PlanningChain,
  limits: PipelineLimits,
  beside: OverheadCost,
): Promise<UpscalePlan> {
  const { width, height, sixteenBit } = header;
  const named = options.model === undefined ? {} : { model: options.model };
  const scale = options.scale ?? chain.leadScale({ ...named, sixteenBit });
  const target = outputSize(width, height, scale);
  checkOutputSize(target.width, target.height, options.format, limits);
  const rasters = header.hasAlpha ? 2 : 1;
  const finishing = beside.finishing({
    sourcePixels: width * height,
    resultPixels: target.width * target.height,
    rasters,
    format: likelyFormat({ options, header }),
  });
  const decodingMs = beside.decodingMs(header);
  const steps = await chain.plan({
    ...named,
    scale,
    sixteenBit,
    width,
    height,
    rasters,
    finishing,
    fallback: options.fallback,
    ...(options.tileSizePx === undefined ? {} : { tileSizePx: options.tileSizePx }),
    ...(options.tileOverlapPx === undefined ? {} : { tileOverlapPx: options.tileOverlapPx }),
    deadlineAtMs: monotonicMs() + options.timeoutSeconds * 1000 - decodingMs,
    excludedCandidates: [],
    earlierAttempts: [],
    signal: new AbortController().signal,
  });
  const sampleBytes = sixteenBit ? 2 : 1;
  const decodedBytes = width * height * (header.hasAlpha ? 4 : RGB) * sampleBytes;
  const candidates = steps.map((step): PlannedCandidate => {
    const { model, provider, tileSizePx, estimatedSeconds, skipReason } = step;
    const grid = drawing(step, width, height, options.tileOverlapPx);
    const isNetwork = step.entry !== undefined;
    const tilesSeconds = isNetwork ? estimatedSeconds : 0;
    const overheadMs = decodingMs + (isNetwork ? finishing.networkMs : finishing.lanczosMs);
    return {
      model,
      ...(provider === undefined ? {} : { provider }),
      ...(tileSizePx === undefined ? {} : { tileSizePx }),
      ...(grid === undefined
        ? {}
        : {
            tiles: grid.tiles * rasters,
            estimatedMemoryBytes:
              decodedBytes + grid.stripPixels * RGB * sampleBytes + grid.tensorPixels * RGB * FLOAT_BYTES,
          }),
      ...(skipReason !== undefined
        ? { skipReason }
        : tilesSeconds === undefined
          ? {}
          : { estimatedSeconds: toMilliseconds(tilesSeconds + overheadMs / 1000) }),
    };
  });
  const serving = candidates[steps.findIndex((step) => step.serves)];
  return {
    ...target,
    candidates,
    model: serving?.model ?? LANCZOS,
    ...(serving?.provider === undefined ? {} : { provider: serving.provider }),
    tiles: serving?.tiles ?? 0,
    estimatedSeconds: serving?.estimatedSeconds ?? toMilliseconds((decodingMs + finishing.networkMs) / 1000),
    estimatedMemoryBytes: serving?.estimatedMemoryBytes ?? decodedBytes,
  };
}

interface Grid {
  readonly tiles: number;
  /** Output pixels of one row of tiles. */
  readonly stripPixels: number;
  /** Pixels of the tiles that are computed at once, on their way in and out. */
  readonly tensorPixels: number;
}

/** The tiles of all passes of a step; the last pass is the largest. undefined for what has no network. */
function drawing(
  { entry, provider, tileSizePx, microsecondsPerPixel, tileWorkers = 1, passes }: CandidatePlan,
  width: number,
  height: number,
  overlapPx: number | undefined,
): Grid | undefined {
  if (entry === undefined || provider === undefined || tileSizePx === undefined) return undefined;
  const candidate = { model: { entry, provider }, tileSizePx, microsecondsPerPixel, tileWorkers };
  let tiles = 0;
  let grid: Grid | undefined;
  for (let pass = 1, enlarged = 1; pass <= passes; pass++, enlarged *= entry.scale) {
    const plan = planRender(width * enlarged, height * enlarged, candidate, overlapPx ?? entry.overlapPx);
    tiles += tileCount(plan);
    const tilePixels = plan.columns.tileLength * plan.rows.tileLength;
    const atOnce = tilesAtOnce(tileCount(plan), tileWorkers);
    grid = {
      tiles,
      stripPixels: width * enlarged * entry.scale * plan.rows.tileLength * entry.scale,
      tensorPixels: atOnce * tilePixels * (1 + entry.scale ** 2),
    };
  }
  return grid;
}

/** What lies behind the third decimal is no knowledge. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
