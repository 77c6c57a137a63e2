import { type ImageRequest, LANCZOS, type ModelStatus, type UpscaleProgress } from '../domain/types.js';
import { resolveScale, servingModels } from '../options/resolve-scale.js';
import { likelyFormat } from '../options/result-format.js';
import { resultSize } from '../options/result-size.js';
import type { CostModel } from './cost-model.js';
import { gridTerms, tilesSeconds, wantedPasses } from './tile-grid.js';

/** The speed of a network that was never measured, or that no engine has reported yet: that of the embedded one on two cores. */
const GUESSED_SPEED_US = 3;

/** What a job takes with one model, in seconds of engine time, nothing else being at work. */
interface JobTime {
  readonly model: string;
  /** Decoding and drawing. */
  readonly drawing: number;
  readonly encoding: number;
  /** false: the speed of the model is a guess. */
  readonly isMeasured: boolean;
}

/**
 * What a job takes with each model that may serve it, first to last; with Lanczos at the end. Each time is estimated
 * only when it is requested, because an estimate plans the tiles of the image.
 * @param models as the engine reports them.
 */
function* jobTimes(
  { header, options }: ImageRequest,
  models: readonly ModelStatus[],
  costs: CostModel,
): Generator<JobTime> {
  const { hasAlpha, sixteenBit } = header;
  const rasters = hasAlpha ? 2 : 1;
  const format = likelyFormat({ header, options });
  const size = resultSize(options, header, resolveScale({ ...options, sixteenBit }, models));
  const { scale, reducesOnly } = size;
  const { width, height } = size.shown;
  const resultPixels = size.target.width * size.target.height;
  const request = { ...options, ...(reducesOnly ? { model: LANCZOS } : {}), sixteenBit };
  const { networkMs, lanczosMs } = costs.finishing({
    header: { ...header, width, height },
    rasters,
    resultPixels,
    format,
    options,
  });
  const encodingMs = costs.encodingMs(format, resultPixels, options);
  const timeOf = (model: string, tiles: number, finishingMs: number, isMeasured: boolean): JobTime => {
    const drawing = tiles + (costs.decodingMs(header) + finishingMs - encodingMs) / 1000;
    return { model, drawing, encoding: encodingMs / 1000, isMeasured };
  };
  for (const model of servingModels(request, models)) {
    const { name, provider = 'cpu' } = model;
    const measured = model.microsecondsPerPixel[provider];
    const speed = measured ?? GUESSED_SPEED_US;
    const terms = gridTerms({ entry: model, provider }, speed, costs.limits, options.tileSizePx);
    const overlapPx = options.tileOverlapPx ?? model.overlapPx;
    const [passes] = wantedPasses(model.scale, scale);
    const tiles = tilesSeconds({ width, height, rasters }, terms, overlapPx, passes) ?? 0;
    yield timeOf(name, tiles, networkMs, measured !== undefined);
  }
  if (models.length === 0 && request.model !== LANCZOS)
    yield timeOf('', (width * height * rasters * GUESSED_SPEED_US) / 1e6, networkMs, false);
  yield timeOf(LANCZOS, 0, lanczosMs, true);
}

/**
 * What a job still needs in an engine: with the model at work or, before there is one, the first that fits into the job's time; without
 * the share of its tiles or rows that is done.
 * @param progress undefined before it runs. @returns seconds.
 */
export function secondsLeft(
  job: ImageRequest,
  progress: UpscaleProgress | undefined,
  models: readonly ModelStatus[],
  costs: CostModel,
): number {
  const atWork = progress?.model;
  const isExpected = ({ model, drawing, encoding }: JobTime) =>
    atWork === undefined ? drawing + encoding <= job.options.timeoutSeconds : model === atWork;
  let expected: JobTime | undefined;
  for (const time of jobTimes(job, models, costs)) {
    if (expected === undefined || isExpected(time)) expected = time;
    if (isExpected(time)) break;
  }
  const { drawing = 0, encoding = 0 } = expected ?? {};
  if (progress?.stage === 'encode') return progress.secondsLeft ?? encoding;
  return drawing * (1 - shareDrawn(progress)) + encoding;
}

/** What a job needs in all with the first model that may serve it. @returns seconds; undefined before that model was measured. */
export function measuredSeconds(
  job: ImageRequest,
  models: readonly ModelStatus[],
  costs: CostModel,
): number | undefined {
  const [first] = jobTimes(job, models, costs);
  return first?.isMeasured ? first.drawing + first.encoding : undefined;
}

/** 0 to 1. */
function shareDrawn(progress: UpscaleProgress | undefined): number {
  if (progress === undefined) return 0;
  const { stage, tilesDone, tilesTotal, rowsDone = 0, rowsTotal = 0 } = progress;
  if (stage === 'resample') return rowsTotal === 0 ? 0 : rowsDone / rowsTotal;
  return tilesTotal === 0 ? 0 : tilesDone / tilesTotal;
}
