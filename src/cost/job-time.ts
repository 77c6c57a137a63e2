import {
  type ImageHeader,
  LANCZOS,
  type ModelStatus,
  type UpscaleOptions,
  type UpscaleProgress,
} from '../domain/types.js';
import { DEFAULT_SCALE, resolveScale, servingModels } from '../options/resolve-scale.js';
import { likelyFormat } from '../options/result-format.js';
import type { CostModel } from './cost-model.js';
import { gridTerms, tilesSeconds, wantedPasses } from './tile-grid.js';

/** The speed of a network that was never measured: that of the embedded one on two cores. */
const GUESSED_SPEED_US = 3;

type TimedModel = Pick<
  ModelStatus,
  'name' | 'scale' | 'sizeRequirements' | 'overlapPx' | 'microsecondsPerPixel' | 'provider'
>;

/** The network of a chain that no engine has reported yet. */
const UNKNOWN_MODEL: TimedModel = {
  name: '',
  scale: DEFAULT_SCALE,
  sizeRequirements: { minimum: 1, multipleOf: 1 },
  overlapPx: 0,
  microsecondsPerPixel: {},
};

/** A job, as far as its time depends on it. */
export interface TimedJob {
  readonly header: ImageHeader;
  readonly options: UpscaleOptions;
}

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
 * What a job takes with each model that may serve it, first to last; with Lanczos at the end.
 * @param models as the engine reports them.
 */
function jobTimes(
  { header, options }: TimedJob,
  models: readonly ModelStatus[],
  costs: CostModel,
): [JobTime, ...JobTime[]] {
  const { width, height, hasAlpha, sixteenBit } = header;
  const rasters = hasAlpha ? 2 : 1;
  const request = { ...options, sixteenBit };
  const format = likelyFormat({ header, options });
  const scale = resolveScale(request, models);
  const resultPixels = width * height * scale * scale;
  const { networkMs, lanczosMs } = costs.finishing({ header, rasters, resultPixels, format });
  const encoding = costs.encodingMs(format, resultPixels) / 1000;
  const decoding = costs.decodingMs(header) / 1000;
  const timeOf = (model: TimedModel): JobTime => {
    const { name, provider = 'cpu', microsecondsPerPixel } = model;
    const measured = microsecondsPerPixel[provider];
    const speed = measured ?? GUESSED_SPEED_US;
    const terms = gridTerms({ entry: model, provider }, speed, costs.limits, options.tileSizePx);
    const overlapPx = options.tileOverlapPx ?? model.overlapPx;
    const [passes] = wantedPasses(model.scale, scale);
    const tiles = tilesSeconds({ width, height, rasters }, terms, overlapPx, passes) ?? 0;
    const drawing = decoding + tiles + networkMs / 1000 - encoding;
    return { model: name, drawing, encoding, isMeasured: measured !== undefined };
  };
  const isUnknown = models.length === 0 && options.model !== LANCZOS;
  const networks = (isUnknown ? [UNKNOWN_MODEL] : servingModels(request, models)).map(timeOf);
  const lanczos = {
    model: LANCZOS,
    drawing: decoding + lanczosMs / 1000 - encoding,
    encoding,
    isMeasured: true,
  };
  const [first = lanczos, ...others] = networks;
  return [first, ...others, lanczos];
}

/**
 * What a job still needs in an engine: with the model at work or, before there is one, the first that fits into the job's time; without
 * the share of its tiles or rows that is done.
 * @param progress undefined before it runs. @returns seconds.
 */
export function secondsLeft(
  job: TimedJob,
  progress: UpscaleProgress | undefined,
  models: readonly ModelStatus[],
  costs: CostModel,
): number {
  const times = jobTimes(job, models, costs);
  const fits = ({ drawing, encoding }: JobTime) => drawing + encoding <= job.options.timeoutSeconds;
  const { drawing, encoding } =
    times.find(({ model }) => model === progress?.model) ?? times.find(fits) ?? times[0];
  if (progress?.stage === 'encode') return progress.secondsLeft ?? encoding;
  return drawing * (1 - shareDrawn(progress)) + encoding;
}

/** What a job needs in all with the first model that may serve it. @returns seconds; undefined before that model was measured. */
export function measuredSeconds(
  job: TimedJob,
  models: readonly ModelStatus[],
  costs: CostModel,
): number | undefined {
  const [{ drawing, encoding, isMeasured }] = jobTimes(job, models, costs);
  return isMeasured ? drawing + encoding : undefined;
}

/** 0 to 1. */
function shareDrawn(progress: UpscaleProgress | undefined): number {
  if (progress === undefined) return 0;
  const { stage, tilesDone, tilesTotal, rowsDone = 0, rowsTotal = 0 } = progress;
  if (stage === 'resample') return rowsTotal === 0 ? 0 : rowsDone / rowsTotal;
  return tilesTotal === 0 ? 0 : tilesDone / tilesTotal;
}
