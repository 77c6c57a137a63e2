import { imageBytes } from '../cost/job-cost.js';
import { imageGrids } from '../cost/tile-grid.js';
import { type ImageRequest, LANCZOS, type PlannedCandidate, type UpscalePlan } from '../domain/types.js';
import { monotonicMs } from '../host/clock.js';
import type { ModelChain } from '../models/fallback/chain.js';
import type { CandidatePlan } from '../models/fallback/chain-request.js';
import { likelyFormat } from '../options/result-format.js';
import { resultSize } from '../options/result-size.js';
import { tileCount, tilesAtOnce } from '../tiling/plan.js';
import { checkOutputSize, type PipelineLimits } from './limits.js';
import type { PipelineServices } from './pipeline-services.js';
import { stepsOf } from './steps.js';

const TENSOR_BYTES_PER_PIXEL = 3 * Float32Array.BYTES_PER_ELEMENT;

/**
 * Plans what `upscale` would do now, without an image: output size, candidates, tiles, time and memory. The memory is
 * what the image adds to an engine, with the tensors of its tiles; a network's own activations are not known here.
 * @throws TesseraError output_too_large, fallback_refused, invalid_option.
 */
export async function dryRun(
  request: ImageRequest,
  chain: Pick<ModelChain, 'resolveScale' | 'plan'>,
  limits: PipelineLimits,
  costs: PipelineServices['costs'],
): Promise<UpscalePlan> {
  const { header, options } = request;
  const { sixteenBit } = header;
  const asked = chain.resolveScale({ ...options, sixteenBit });
  const size = resultSize(options, header, asked);
  const { target, shown, scale, reducesOnly } = size;
  const { width, height } = shown;
  const model = reducesOnly ? LANCZOS : options.model;
  checkOutputSize(target, options, limits);
  const resultPixels = target.width * target.height;
  const rasters = header.hasAlpha ? 2 : 1;
  const part = { ...request, header: { ...header, width, height } };
  const finishing = costs.finishing({
    header: part.header,
    rasters,
    resultPixels,
    format: likelyFormat(request),
    options,
  });
  const decodingMs = costs.decodingMs(header);
  const plans = await chain.plan({
    ...(model === undefined ? {} : { model }),
    ...(options.tileSizePx === undefined ? {} : { tileSizePx: options.tileSizePx }),
    ...(options.tileOverlapPx === undefined ? {} : { tileOverlapPx: options.tileOverlapPx }),
    scale,
    sixteenBit,
    width,
    height,
    rasters,
    finishing,
    fallback: options.fallback,
    deadlineAtMs: monotonicMs() + options.timeoutSeconds * 1000 - decodingMs,
    excludedCandidates: [],
    earlierAttempts: [],
    signal: new AbortController().signal,
  });
  const candidates = plans.map((plan): PlannedCandidate => {
    const { provider, network, skipReason } = plan;
    const tilesSeconds = network === undefined ? 0 : plan.estimatedSeconds;
    const otherMs = decodingMs + (network === undefined ? finishing.lanczosMs : finishing.networkMs);
    return {
      model: plan.model,
      ...(provider === undefined ? {} : { provider }),
      ...(network === undefined ? {} : tilesOf(network, part, resultPixels)),
      ...(skipReason === undefined ? {} : { skipReason }),
      ...(skipReason !== undefined || tilesSeconds === undefined
        ? {}
        : { estimatedSeconds: toMilliseconds(tilesSeconds + otherMs / 1000) }),
    };
  });
  const place = plans.findIndex(({ serves }) => serves);
  const serving = candidates[place];
  const network = plans[place]?.network;
  const nativeScale = network === undefined ? 1 : network.terms.model.entry.scale ** network.passes;
  return {
    ...target,
    candidates,
    model: serving?.model ?? LANCZOS,
    steps: stepsOf(size, request, serving?.model ?? LANCZOS, nativeScale),
    ...(serving?.provider === undefined ? {} : { provider: serving.provider }),
    tiles: serving?.tiles ?? 0,
    estimatedSeconds: serving?.estimatedSeconds ?? toMilliseconds((decodingMs + finishing.networkMs) / 1000),
    estimatedMemoryBytes:
      serving?.estimatedMemoryBytes ?? imageBytes(request, { resultPixels, drawnScale: scale, stripRows: 0 }),
  };
}

/** Tiles of all passes, and the memory of the last one, which is the largest. */
function tilesOf(
  { terms, overlapPx, passes }: NonNullable<CandidatePlan['network']>,
  request: ImageRequest,
  resultPixels: number,
): Pick<PlannedCandidate, 'tileSizePx' | 'tiles' | 'estimatedMemoryBytes'> {
  const { scale } = terms.model.entry;
  const grids = imageGrids(request.header, terms, overlapPx, passes);
  const tiles = grids.reduce((sum, grid) => sum + tileCount(grid), 0);
  const memory = grids.map((grid, pass) => {
    const { columns, rows } = grid;
    const tilePixels = columns.tileLength * rows.tileLength * (1 + scale ** 2);
    const atOnce = tilesAtOnce(tileCount(grid), terms.tileWorkers);
    const strip = { drawnScale: scale ** (pass + 1), stripRows: rows.tileLength / scale ** pass };
    return imageBytes(request, { resultPixels, ...strip }) + atOnce * tilePixels * TENSOR_BYTES_PER_PIXEL;
  });
  return {
    tileSizePx: terms.tileSizePx,
    tiles: tiles * (request.header.hasAlpha ? 2 : 1),
    estimatedMemoryBytes: Math.max(...memory),
  };
}

/** Rounds to the precision of an estimate. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
