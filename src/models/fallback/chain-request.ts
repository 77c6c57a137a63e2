import type { FinishingCost } from '../../cost/cost-model.js';
import type { GridTerms, TiledImage } from '../../cost/tile-grid.js';
import type { Attempt, ExcludedCandidate, FallbackReason, Provider } from '../../domain/types.js';

/** What the chain needs to know of an image to choose and to estimate. */
export interface ChainRequest extends TiledImage {
  readonly model?: string;
  /** Of the result, by `resolveScale`. */
  readonly scale: number;
  readonly sixteenBit: boolean;
  /** What is left to do beside the tiles. */
  readonly finishing: FinishingCost;
  readonly fallback: boolean;
  /** Largest model input, in pixels; undefined lets the chain choose. */
  readonly tileSizePx?: number;
  /** Input pixels that neighbouring tiles share; undefined means the model's own. */
  readonly tileOverlapPx?: number;
  /** By `monotonicMs`. */
  readonly deadlineAtMs: number;
  readonly excludedCandidates: readonly ExcludedCandidate[];
  readonly earlierAttempts: readonly Attempt[];
  readonly signal: AbortSignal;
  /** Called before a candidate is loaded: should the process die, this candidate was at work. */
  onCandidate?(model: string, provider: Provider | undefined): void;
  /** Called with each attempt as it ends; not with the earlier ones. */
  onAttempt?(attempt: Attempt): void;
}

/** Records an attempt. Its time is that since the candidate began, where `ms` does not say another. */
export type NoteAttempt = (attempt: Omit<Attempt, 'ms'> & { readonly ms?: number }) => void;

export interface ChainAnswer<T> {
  readonly value: T;
  readonly model: string;
  readonly provider?: Provider;
  readonly fallback: boolean;
  readonly attempts: readonly Attempt[];
}

/** A candidate as a dry run tells of it, before tiles are planned. */
export interface CandidatePlan {
  readonly model: string;
  readonly provider?: Provider;
  /** What its grid depends on; absent for Lanczos, and for models that are skipped before anything is loaded. */
  readonly network?: { readonly terms: GridTerms; readonly overlapPx: number; readonly passes: 1 | 2 };
  /** Of the tiles alone, and of other jobs that the engine has now; absent while unknown. */
  readonly estimatedSeconds?: number;
  /** true for exactly one candidate: the one expected to serve. */
  readonly serves: boolean;
  readonly skipReason?: FallbackReason;
}
