/** The types that several rooms and processes share. All are plain data, safe to clone and to store as JSON. */

import type { SizeWish } from './size-wish.js';

export const OUTPUT_FORMATS = ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const INPUT_FORMATS = ['jpeg', 'png', 'webp', 'tiff', 'bmp', 'avif', 'gif', 'heic'] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** ONNX Runtime execution providers that Tessera knows; `none` for Lanczos, which needs no runtime. */
export const PROVIDERS = ['cuda', 'webgpu', 'coreml', 'dml', 'cpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Default side of a tile, in input pixels. */
export const DEFAULT_TILE_PX = 512;

/** Largest side of a tile that no request asked for, in input pixels: two such tiles cover 2048 pixels and their border. */
export const MAX_TILE_PX = 1088;

/** As the option `model`: the first model of the chain. In `MODEL_CHAIN`: the usual models of this machine. */
export const AUTO_MODEL = 'auto';

/** What a request may name in place of a model; each machine has its own model for it. */
export const PURPOSES = ['photo', 'drawing', 'fast', 'best'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** The model name of plain Lanczos resampling. */
export const LANCZOS = 'lanczos';

/** Data of the source that `keep` options ask for and a result can lack. */
export const KEEPABLE = ['exif', 'xmp', 'profile'] as const;
export type NotKept = (typeof KEEPABLE)[number];

/** What was done to an image, in this order; a step that was not needed is absent. */
export const UPSCALE_STEPS = ['crop', 'network', 'mix', 'resize', 'sharpen'] as const;
export type UpscaleStep = (typeof UPSCALE_STEPS)[number];

/** Options of one upscale, validated, with defaults applied. */
export interface UpscaleOptions {
  /** 1 <= scale <= 8; undefined means the scale of the model that leads the chain for this request. */
  readonly scale?: number;
  /** Counts instead of `scale`. */
  readonly size?: SizeWish;
  /** A manifest name or `lanczos`; undefined means the chain's own order. */
  readonly model?: string;
  /** Between 0 and 1: the network's share in the result, the rest is plain resampling; undefined: all. */
  readonly strength?: number;
  /** Above 0 and up to 1: how much brightness is sharpened at the end; undefined: not at all. */
  readonly sharpen?: number;
  readonly format: OutputFormat | 'auto';
  /** Image media types of the request's `Accept`, best first; only `format=auto` uses them. */
  readonly accept: readonly string[];
  /** 1..100, for JPEG, WebP and AVIF. */
  readonly quality: number;
  /** Side of the model input in pixels, margins included; undefined means `DEFAULT_TILE_PX`, or more for a fast model. */
  readonly tileSizePx?: number;
  /** Input pixels that neighbouring tiles share; undefined means the model's own. */
  readonly tileOverlapPx?: number;
  /** sRGB, 0..255 each: the colour behind transparency in JPEG. */
  readonly background: readonly [number, number, number];
  readonly metadata: 'strip' | 'keep';
  /** Pixels per inch of the result; undefined: the source's. */
  readonly dpi?: number;
  /** `keep`: the result has the source's RGB or grey profile; undefined: the result is sRGB. */
  readonly profile?: 'keep';
  /** false: fail with `fallback_refused` when the first candidate cannot serve. */
  readonly fallback: boolean;
  /** Seconds from the end of the upload to the result. */
  readonly timeoutSeconds: number;
}

/** The facts in an image's header, read before anything is decoded. */
export interface ImageHeader {
  readonly format: InputFormat;
  /** In pixels, EXIF orientation applied. */
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  readonly sixteenBit: boolean;
  /** Frames or pages in the file; only the first is upscaled. */
  readonly pages: number;
}

/** Why a candidate did not serve. Bad input and cancellation never cause a fallback. */
export const FALLBACK_REASONS = [
  'not_installed',
  'corrupt_model',
  'unsupported_by_model',
  'provider_unavailable',
  'out_of_memory',
  'invalid_output',
  'device_lost',
  'engine_crash',
  'over_time_budget',
  'runtime_error',
] as const;
export type FallbackReason = (typeof FALLBACK_REASONS)[number];

/** One attempt with one candidate at one tile size. */
export interface Attempt {
  readonly model: string;
  /** undefined for Lanczos. */
  readonly provider?: Provider;
  /** Side of the model input in pixels; undefined when the candidate was skipped before planning. */
  readonly tileSizePx?: number;
  readonly outcome: 'served' | 'failed' | 'skipped';
  readonly reason?: FallbackReason;
  /** One sentence for people, without internal facts. */
  readonly detail?: string;
  readonly ms: number;
}

/** A candidate that this job does not try, with the reason to record. */
export interface ExcludedCandidate {
  readonly model: string;
  readonly provider?: Provider;
  readonly reason: FallbackReason;
}

/** A job as the engine receives it. Pixels never cross the process border: only paths and small values do. */
export interface UpscaleTask {
  readonly id: string;
  readonly sourcePath: string;
  /** Path of the encoded result, inside `workFolder`. */
  readonly resultPath: string;
  /** The job's own folder (0700), for all scratch files. */
  readonly workFolder: string;
  readonly header: ImageHeader;
  readonly options: UpscaleOptions;
  /** On the clock of `monotonicMs`, which server and engine share. */
  readonly deadlineAtMs: number;
  /** Candidates that ran when an engine died under this job. */
  readonly excludedCandidates: readonly ExcludedCandidate[];
  /** Attempts in engines that died, reported before this engine's own. */
  readonly earlierAttempts: readonly Attempt[];
}

/** An image that is asked for, before there is a job. */
export type ImageRequest = Pick<UpscaleTask, 'header' | 'options'>;

/** Stages of a job: reading the image, running a network (after loading it), plain resampling, writing the result. */
export const STAGES = ['decode', 'infer', 'resample', 'encode'] as const;
export type Stage = (typeof STAGES)[number];

export interface UpscaleProgress {
  readonly stage: Stage;
  readonly tilesDone: number;
  /** 0 until a network is loaded, and for plain resampling. */
  readonly tilesTotal: number;
  /** Rows of the source, alpha rows counted apart: in plain resampling, and in reading where the decoder counts rows. */
  readonly rowsDone?: number;
  readonly rowsTotal?: number;
  /** In writing, for formats that are written row by row. */
  readonly bytesWritten?: number;
  /** The candidate at work; undefined before one is chosen. */
  readonly model?: string;
  readonly provider?: Provider;
  /** Until the end of this stage, estimated from the tiles or rows so far or from earlier results; undefined without either. */
  readonly secondsLeft?: number;
}

interface UpscaleTimings {
  readonly decodeMs: number;
  /** In ONNX Runtime, with the conversion to its layout. */
  readonly inferMs: number;
  /** Planning, cutting and blending tiles, copying into the canvas. */
  readonly blendMs: number;
  readonly encodeMs: number;
  /** In the engine, waiting for tiles of other jobs. */
  readonly turnWaitMs: number;
}

export interface UpscaleResult {
  readonly width: number;
  readonly height: number;
  readonly format: OutputFormat;
  readonly bytes: number;
  /** Result pixels for each pixel of the source, along the side that grows more. */
  readonly scale: number;
  /** Absent from results of earlier versions, which stored jobs may have. */
  readonly steps?: readonly UpscaleStep[];
  readonly model: string;
  /** undefined for Lanczos. */
  readonly provider?: Provider;
  readonly tiles: number;
  /** true when the first eligible candidate did not serve. */
  readonly fallback: boolean;
  readonly attempts: readonly Attempt[];
  readonly timings: UpscaleTimings;
  /** Frames or pages of the source after the first, which alone is upscaled. */
  readonly droppedPages: number;
  /** Data of the source that `metadata=keep` or `profile=keep` asked for and the result lacks; absent when it lacks none. */
  readonly notKept?: readonly NotKept[];
}

/** The answer of a dry run. */
export interface UpscalePlan {
  readonly width: number;
  readonly height: number;
  readonly candidates: readonly PlannedCandidate[];
  /** Model of the candidate that is expected to serve. */
  readonly model: string;
  /** What would be done to the image by that model. */
  readonly steps: readonly UpscaleStep[];
  readonly provider?: Provider;
  readonly tiles: number;
  readonly estimatedSeconds: number;
  readonly estimatedMemoryBytes: number;
}

export interface PlannedCandidate {
  readonly model: string;
  readonly provider?: Provider;
  readonly tileSizePx?: number;
  readonly tiles?: number;
  /** Absent while its speed is unknown, and for a candidate that would be skipped. */
  readonly estimatedSeconds?: number;
  /** Memory that the image adds to an engine, without the activations of the network. */
  readonly estimatedMemoryBytes?: number;
  /** Why the candidate would be skipped. */
  readonly skipReason?: FallbackReason;
}

/** Kinds of networks. */
export const FAMILIES = ['tessera', 'real-esrgan', 'swin2sr', 'lanczos', 'custom'] as const;

/** A model in the answer of `GET /models`. */
export interface ModelStatus {
  readonly name: string;
  readonly title: string;
  /** One sentence on its use; a custom model may have none. */
  readonly purpose?: string;
  readonly scale: number;
  readonly licence: string;
  /** The expected hash of its file, compared at loading; absent for Lanczos. */
  readonly sha256?: string;
  /** `/health` tells a Real-ESRGAN model from the embedded network by its family. */
  readonly family: (typeof FAMILIES)[number];
  readonly installed: boolean;
  /** Two independent sources agree on its hash. */
  readonly confirmed: boolean;
  /** Place in the fallback chain, from 1; undefined outside of the chain. */
  readonly chainPosition?: number;
  /** Bits of a sample in the images that it, or a twin of it, can compute here now. */
  readonly servesBits: readonly (8 | 16)[];
  readonly sizeRequirements: {
    readonly minimum: number;
    readonly multipleOf: number;
    readonly fixed?: readonly [number, number];
  };
  readonly overlapPx: number;
  readonly loaded: boolean;
  /** The provider of the loaded session, or the provider that would be tried first. */
  readonly provider?: Provider;
  /** Measured in jobs, by provider; a provider is absent until it is measured. */
  readonly microsecondsPerPixel: Readonly<Partial<Record<Provider | 'none', number>>>;
  /** Why it cannot serve now. */
  readonly unavailable?: string;
}

export interface ProviderStatus {
  readonly provider: Provider;
  readonly usable: boolean;
  /** Why it is not usable, or how it was proven. */
  readonly detail: string;
}

/** The methods of a pino logger that rooms below HTTP use. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
