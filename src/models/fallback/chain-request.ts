import type { Attempt, ExcludedCandidate, FallbackReason, Provider } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';
import type { LoadedCandidate } from './loaded-candidate.js';

/** What an image costs beside its tiles, in milliseconds: drawing and encoding. */
export interface FinishingCost {
  /** Where a network computes them. */
  readonly networkMs: number;
  /** Where there are none. */
  readonly lanczosMs: number;
}

/** What the chain needs to know of an image to choose and to estimate. */
export interface ChainRequest {
  readonly model?: string;
  readonly scale?: number;
  readonly sixteenBit: boolean;
  readonly width: number;
  readonly height: number;
  /** Pictures of that size that pass through the network: 2 where there is alpha, which is computed as one of its own. */
  readonly rasters: 1 | 2;
  /** What is left to do beside the tiles; undefined counts as nothing. */
  readonly finishing?: FinishingCost;
  readonly fallback: boolean;
  /** Largest model input, in pixels; undefined lets the chain choose. */
  readonly tileSizePx?: number;
  /** What neighbouring tiles share; undefined means the model's own. */
  readonly tileOverlapPx?: number;
  /** By `monotonicMs`. */
  readonly deadlineAtMs: number;
  /** How much slower than known the machine is, as a candidate has shown; undefined means as known. */
  readonly slowdown?: number;
  /** A network was left whose tiles still keep the processors busy: no other is of use. */
  readonly tilesAtWork?: boolean;
  readonly excludedCandidates: readonly ExcludedCandidate[];
  readonly earlierAttempts: readonly Attempt[];
  readonly signal: AbortSignal;
  /** Called before a candidate is loaded: should the process die, this is the candidate that was at work. */
  onCandidate?(model: string, provider: Provider | undefined): void;
  /** Called with each attempt as it ends; not with the earlier ones. */
  onAttempt?(attempt: Attempt): void;
}

/** Records a try that did not end the candidate (a tile too large for memory, say). */
export type NoteAttempt = (attempt: Omit<Attempt, 'ms'> & { readonly ms?: number }) => void;

export interface ChainAnswer<T> {
  readonly value: T;
  readonly model: string;
  readonly provider?: Provider;
  readonly fallback: boolean;
  readonly attempts: readonly Attempt[];
}

/** What the pipeline sees of the chain; `models/chain.ts` is the real one. */
export interface Chain {
  /**
   * Walks the candidates until `attempt` serves on one.
   * @throws TesseraError fallback_refused, and whatever TesseraError `attempt` throws: those are no reason to fall back.
   */
  serve<T>(
    request: ChainRequest,
    attempt: (candidate: LoadedCandidate, note: NoteAttempt) => Promise<T>,
  ): Promise<ChainAnswer<T>>;
  /** The scale that a request without one gets: that of the model which leads the chain for it. */
  leadScale(request: Pick<ChainRequest, 'model' | 'sixteenBit'>): number;
  /**
   * What the first network that the machine has for a request would take for its tiles, nothing else being at work.
   * @returns seconds, 0 where there is none; undefined while its speed is unknown.
   */
  estimateSeconds(request: ChainRequest): number | undefined;
}

/** One step of the fallback chain as a dry run tells of it, before tiles are planned. */
export interface CandidatePlan {
  readonly model: string;
  readonly provider?: Provider;
  /** What would compute; absent for Lanczos and for steps that are skipped before anything is loaded. */
  readonly entry?: ModelEntry;
  /** Largest tile side, and what else the grid depends on. */
  readonly tileSizePx?: number;
  readonly microsecondsPerPixel?: number | undefined;
  readonly tileWorkers?: number;
  readonly passes: 1 | 2;
  /** Of the tiles alone, with what else the engine has to do now; absent while unknown. */
  readonly estimatedSeconds?: number;
  /** true for exactly one step: the one expected to serve. */
  readonly serves: boolean;
  readonly skipReason?: FallbackReason;
}
