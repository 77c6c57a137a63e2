import type { Config } from '../config/config.js';
import type { ErrorMessage } from '../domain/errors.js';
import type { LearntCosts } from '../domain/learnt-costs.js';
import type {
  Attempt,
  ExcludedCandidate,
  ImageRequest,
  Log,
  ModelStatus,
  ProviderStatus,
  UpscalePlan,
  UpscaleProgress,
  UpscaleResult,
  UpscaleTask,
} from '../domain/types.js';

/**
 * The protocol between the server process and an engine process: only paths and small values, as JSON over Node's IPC
 * channel. Both ends come from one package. The version detects a server that was upgraded in place and forks an
 * engine of other code.
 */
export const PROTOCOL_VERSION = 1;

/** The configuration without secrets, since engines decode strangers' images. */
export type EngineConfig = Omit<Config, 'API_KEYS' | 'CALLBACK_SECRET' | 'CALLBACK_HOSTS' | 'MODELS_MIRROR'>;

export function engineConfig(config: Config): EngineConfig {
  const {
    API_KEYS: _keys,
    CALLBACK_SECRET: _secret,
    CALLBACK_HOSTS: _hosts,
    MODELS_MIRROR: _mirror,
    ...rest
  } = config;
  return rest;
}

/** The first message to an engine process. */
export interface EngineSettings {
  readonly config: EngineConfig;
  /** Threads of ONNX Runtime and libvips in this engine. */
  readonly threads: number;
  /** Memory budget of this engine. */
  readonly memoryBytes: number;
  /** Interval of heartbeats. */
  readonly heartbeatMs: number;
  /** Load the leading model before the first job. Not in a replacement: its predecessor may have died of the model. */
  readonly preload: boolean;
  /** Measurements of the engines before this one. */
  readonly learnt: LearntCosts;
}

/** Why a job stops at its next tile. */
export type StopCode = 'cancelled' | 'deadline_exceeded' | 'shutting_down';

export type ToEngine =
  | { readonly type: 'start'; readonly version: number; readonly settings: EngineSettings }
  | { readonly type: 'run'; readonly task: UpscaleTask }
  | { readonly type: 'stop'; readonly id: string; readonly error: ErrorMessage }
  | { readonly type: 'plan'; readonly planId: number; readonly request: ImageRequest }
  | { readonly type: 'models-changed' };

export type FromEngine =
  | { readonly type: 'ready'; readonly version: number }
  | { readonly type: 'heartbeat'; readonly rssBytes: number }
  | {
      readonly type: 'status';
      readonly models: readonly ModelStatus[];
      readonly providers: readonly ProviderStatus[];
      readonly learnt: LearntCosts;
    }
  | { readonly type: 'progress'; readonly id: string; readonly progress: UpscaleProgress }
  | { readonly type: 'attempt'; readonly id: string; readonly attempt: Attempt }
  | { readonly type: 'done'; readonly id: string; readonly result: UpscaleResult }
  | { readonly type: 'failed'; readonly id: string; readonly error: ErrorMessage }
  /** The job's attempts were sent before, the lost candidate's last. */
  | { readonly type: 'candidate-lost'; readonly id: string; readonly candidate: ExcludedCandidate }
  /**
   * Memory ran out outside of the network.
   * @param internal for the log.
   */
  | { readonly type: 'out-of-memory'; readonly id: string; readonly internal: string }
  | {
      readonly type: 'log';
      readonly level: keyof Log;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  | { readonly type: 'planned'; readonly planId: number; readonly plan: UpscalePlan }
  | { readonly type: 'plan-failed'; readonly planId: number; readonly error: ErrorMessage };
