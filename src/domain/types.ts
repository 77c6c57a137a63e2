/** The shared types: what crosses rooms and the process border. All are plain data, safe to clone and to store as JSON. */

export const OUTPUT_FORMATS = ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const INPUT_FORMATS = ['jpeg', 'png', 'webp', 'tiff', 'bmp', 'avif', 'gif', 'heic'] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** ONNX Runtime execution providers that Tessera knows; `none` for Lanczos, which needs no runtime. */
export const PROVIDERS = ['cuda', 'webgpu', 'coreml', 'dml', 'cpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Largest side of a tile where the request names none, in input pixels. */
export const DEFAULT_TILE_PX = 512;

/** Largest side of a tile that is taken without being asked for, in input pixels: 2048 pixels and their border in two tiles. */
export const MAX_TILE_PX = 1088;

/** As the name of a model: the chain's first. In `MODEL_CHAIN`: the usual models of this machine. */
export const AUTO_MODEL = 'auto';

/** The name under which plain Lanczos resampling appears as a model. */
export const LANCZOS = 'lanczos';

/** What a result can lack though it was asked to be kept. */
export const KEEPABLE = ['exif', 'xmp', 'profile'] as const;
export type NotKept = (typeof KEEPABLE)[number];

/** Options of one upscale, validated and with defaults applied. */
export interface UpscaleOptions {
  /** 1 < scale <= 8; undefined means the scale of the model that leads the chain for this request. */
  readonly scale?: number;
  /** A manifest name or `lanczos`; undefined means the chain's own order. */
  readonly model?: string;
  readonly format: OutputFormat | 'auto';
  /** Image media types the client named in `Accept`, best first; only `auto` looks at it. */
  readonly accept: readonly string[];
  /** 1..100, for JPEG, WebP and AVIF. */
  readonly quality: number;
  /**
   * Largest model input in pixels, margins included; undefined means `DEFAULT_TILE_PX`, or more for a model that is fast
   * enough here.
   */
  readonly tileSizePx?: number;
  /** Input pixels that neighbouring tiles share; undefined means the model's own. */
  readonly tileOverlapPx?: number;
  /** sRGB, 0..255 each; what alpha is flattened on for JPEG. */
  readonly background: readonly [number, number, number];
  readonly metadata: 'strip' | 'keep';
  /** The colours stay as the source's RGB or grey profile has them, and the result has that profile; undefined means sRGB. */
  readonly profile?: 'keep';
  /** false: fail with `fallback_refused` rather than be served by another candidate than the first. */
  readonly fallback: boolean;
  /** Seconds from the end of the upload to the result. */
  readonly timeoutSeconds: number;
}

/** What the server learns from an image's header before anything is decoded. */
export interface ImageHeader {
  readonly format: InputFormat;
  /** Pixels as shown, EXIF orientation applied. */
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  readonly sixteenBit: boolean;
  /** Frames or pages in the file; only the first is upscaled. */
  readonly pages: number;
}

export type AttemptOutcome = 'served' | 'failed' | 'skipped';

/** Why a candidate did not serve. A closed list: bad input and cancellation never cause a fallback. */
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

/** One try of one candidate (or of one tile size on it). */
export interface Attempt {
  readonly model: string;
  /** undefined for Lanczos. */
  readonly provider?: Provider;
  /** Model input in pixels at the time; undefined when the candidate was skipped before planning. */
  readonly tileSizePx?: number;
  readonly outcome: AttemptOutcome;
  readonly reason?: FallbackReason;
  /** One sentence for people; nothing internal. */
  readonly detail?: string;
  readonly ms: number;
}

/** A candidate not to be tried for this job, with the reason to record. */
export interface ExcludedCandidate {
  readonly model: string;
  readonly provider?: Provider;
  readonly reason: FallbackReason;
}

/** One job as the engine gets it. Only paths and small values: pixels never cross the process border. */
export interface UpscaleTask {
  readonly id: string;
  readonly sourcePath: string;
  /** Where the encoded result goes, inside `workFolder`. */
  readonly resultPath: string;
  /** The job's own folder (0700): scratch files go here and nowhere else. */
  readonly workFolder: string;
  readonly header: ImageHeader;
  readonly options: UpscaleOptions;
  /** By `monotonicMs`, which an engine reads as its server does. */
  readonly deadlineAtMs: number;
  /** Set when an engine died under this job. */
  readonly excludedCandidates: readonly ExcludedCandidate[];
  /** Attempts from engines that died, to be reported before this engine's own. */
  readonly earlierAttempts: readonly Attempt[];
}

/** What a job is at: reading its picture, a network (loading it, then tile by tile), plain resampling, writing the result. */
export const STAGES = ['decode', 'infer', 'resample', 'encode'] as const;
export type Stage = (typeof STAGES)[number];

export interface UpscaleProgress {
  readonly stage: Stage;
  readonly tilesDone: number;
  /** 0 until a network is loaded, and for plain resampling, which has none. */
  readonly tilesTotal: number;
  /** Of plain resampling, and of reading where rows can be counted: rows of the source, those of its alpha counted apart. */
  readonly rowsDone?: number;
  readonly rowsTotal?: number;
  /** Of writing, in formats that are written row by row. */
  readonly bytesWritten?: number;
  /** The candidate at work; undefined before one is chosen. */
  readonly model?: string;
  readonly provider?: Provider;
  /** Of this stage, by the tiles or rows done so far, or by results of before; undefined while nothing tells. */
  readonly secondsLeft?: number;
}

export interface UpscaleTimings {
  readonly decodeMs: number;
  /** Inside ONNX Runtime (and conversion to its layout). */
  readonly inferMs: number;
  /** Planning, cutting tiles out, feathering and copying into the canvas. */
  readonly blendMs: number;
  readonly encodeMs: number;
  /** Inside the engine but waiting for other jobs' tiles. */
  readonly turnWaitMs: number;
}

export interface UpscaleResult {
  readonly width: number;
  readonly height: number;
  readonly format: OutputFormat;
  readonly bytes: number;
  /** output width / input width as asked. */
  readonly scale: number;
  readonly model: string;
  /** undefined for Lanczos. */
  readonly provider?: Provider;
  readonly tiles: number;
  /** true when another candidate than the first eligible one served. */
  readonly fallback: boolean;
  readonly attempts: readonly Attempt[];
  readonly timings: UpscaleTimings;
  /** Frames or pages in the source beyond the first, which alone was upscaled. */
  readonly droppedPages: number;
  /** What `metadata=keep` or `profile=keep` asked for, the source has and the result lacks; absent when there is nothing. */
  readonly notKept?: readonly NotKept[];
}

/** The answer to a dry run. */
export interface UpscalePlan {
  readonly width: number;
  readonly height: number;
  readonly candidates: readonly PlannedCandidate[];
  /** Name of the candidate expected to serve. */
  readonly model: string;
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
  /** Absent while its speed is unknown, and where it would be skipped. */
  readonly estimatedSeconds?: number;
  /** What the image adds to an engine, without a network's own activations. */
  readonly estimatedMemoryBytes?: number;
  /** Set when the candidate would be skipped. */
  readonly skipReason?: FallbackReason;
}

/** Kinds of networks. */
export const FAMILIES = ['tessera', 'real-esrgan', 'swin2sr', 'lanczos', 'custom'] as const;

/** A model as `GET /models` tells of it. */
export interface ModelStatus {
  readonly name: string;
  readonly title: string;
  /** What it is for, in a sentence; a user's own model may say nothing. */
  readonly purpose?: string;
  readonly scale: number;
  readonly licence: string;
  /** Of its file, which it is compared with when it is loaded; absent for Lanczos, which has none. */
  readonly sha256?: string;
  /** Family: what `/health` needs to tell a Real-ESRGAN model from the embedded network. */
  readonly family: (typeof FAMILIES)[number];
  readonly installed: boolean;
  /** Two independent sources agree on its hash. */
  readonly confirmed: boolean;
  /** Place in the chain, from 0; undefined when not in it. */
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
  /** Provider of the loaded session, or the one that would be tried first. */
  readonly provider?: Provider;
  /** Measured while working, by provider; absent until measured. */
  readonly microsecondsPerPixel: Readonly<Partial<Record<Provider | 'none', number>>>;
  /** Why it cannot serve now, when it cannot. */
  readonly unavailable?: string;
}

/** What working with a model on a provider has taught. */
export interface LearntCandidate {
  /** By `models/model-key`: other weights under the same name are another model. */
  readonly model: string;
  readonly provider: Provider;
  /** Input pixels: the largest tile known to fit into memory; absent while none was too large. */
  readonly tileSizePx?: number;
  /** Of input pixels, measured. */
  readonly microsecondsPerPixel?: number;
}

/** Work beside the tiles of networks. Decoding and blending go by the pixels of the source, the others by those of the result. */
export type Work = `decode ${InputFormat}` | 'blend' | 'resample' | `encode ${OutputFormat}`;

/** A fixed time, and a time for each pixel. */
export interface PixelTime {
  readonly fixedMs: number;
  readonly microsecondsPerPixel: number;
}

/** What an engine has learnt of costs; handed to the server process and to other engines. */
export interface LearntCosts {
  readonly candidates: readonly LearntCandidate[];
  readonly work: Readonly<Partial<Record<Work, PixelTime>>>;
}

export interface ProviderStatus {
  readonly provider: Provider;
  readonly usable: boolean;
  /** Why not, when not; or how it was proven. */
  readonly detail: string;
}

/** The part of a pino logger that rooms below HTTP write to. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
