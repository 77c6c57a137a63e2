import type { CostModel } from '../../cost/cost-model.js';
import type { Share } from '../../cost/workload.js';
import { TesseraError } from '../../domain/errors.js';
import type { Attempt, FallbackReason } from '../../domain/types.js';
import { ModelLoadError } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import type { Loan, SessionPool } from '../onnx/session-pool.js';
import { type Candidate, exclusionOf, type NetworkCandidate, namesOf } from './candidate.js';
import type { ChainRequest } from './chain-request.js';
import type { SecondLook } from './second-look.js';
import { fitIntoTime, type Refusal } from './time-budget.js';
import type { LeftForTime } from './time-watch.js';

/** What a walk works with. */
interface WalkContext {
  readonly pool: SessionPool;
  readonly costs: CostModel;
  readonly secondLook: SecondLook;
  /** The request's share of the engine's work. */
  readonly share: Share;
}

/** When to come back for a candidate that did not serve, in seconds. Reasons that stay until an operator acts have none. */
const PASSING_SECONDS: Partial<Record<FallbackReason, number>> = {
  out_of_memory: 30,
  over_time_budget: 30,
  device_lost: 10,
  engine_crash: 10,
};

/**
 * One request's walk down the fallback chain: which candidate is next, and whether it can begin. Serving and planning follow the same
 * walk, so that a plan says what serving would do.
 */
export class Walk implements Iterable<Candidate> {
  /** An answer of any other candidate is a fallback; see ModelChain. */
  readonly eligible: Candidate | undefined;
  readonly #allowed: readonly Candidate[];
  /** Models whose files have shown to be damaged: their stand-ins are tried. */
  readonly #damaged = new Set<ModelEntry>();
  #left: Pick<LeftForTime, 'slowdown' | 'tilesAtWork'> = { slowdown: 1, tilesAtWork: false };

  constructor(
    candidates: readonly Candidate[],
    private readonly request: ChainRequest,
    private readonly context: WalkContext,
  ) {
    this.eligible = firstEligible(candidates, request);
    const end = this.eligible === undefined ? -1 : candidates.indexOf(this.eligible) + 1;
    this.#allowed = request.fallback ? candidates : candidates.slice(0, end);
  }

  /** The candidates that may serve, first to last. */
  *[Symbol.iterator](): Generator<Candidate> {
    for (const candidate of this.#allowed) {
      if (candidate.kind === 'network') {
        if (candidate.standIn && !this.#damaged.has(candidate.asked)) continue;
        // An engine that died has recorded its attempt.
        if (exclusionOf(candidate, this.request) && this.#failedEarlier(candidate)) continue;
      }
      yield candidate;
    }
  }

  /** The networks that may be tried after a candidate. */
  networksAfter(candidate: Candidate): readonly NetworkCandidate[] {
    return this.#allowed
      .slice(this.#allowed.indexOf(candidate) + 1)
      .filter((each) => each.kind === 'network')
      .filter((each) => each.standIn === undefined && exclusionOf(each, this.request) === undefined);
  }

  /** Weighs a candidate without loading it. @returns how many passes fit into the time, or why it cannot begin. */
  fit(candidate: NetworkCandidate): Refusal | { readonly passes: 1 | 2 } {
    return this.#barred(candidate) ?? this.#fitIntoTime(candidate);
  }

  /**
   * Loads a candidate that fits into the time. Loading measures its speed where that is unknown.
   * @returns the loan of its model, to be given back, or why it cannot begin. @throws TileFailure where its device is lost.
   */
  async open(
    candidate: NetworkCandidate,
  ): Promise<Refusal | { readonly passes: 1 | 2; readonly loan: Loan }> {
    const { pool, secondLook } = this.context;
    const { entry, provider, asked } = candidate;
    const barred = this.#barred(candidate);
    if (barred !== undefined) return barred;
    const early = this.#fitIntoTime(candidate);
    if ('reason' in early) {
      secondLook.note(candidate);
      if (!secondLook.isDue(candidate, this.request)) return early;
    }
    this.request.onCandidate?.(entry.name, provider);
    if ('reason' in early && !(await secondLook.measure(candidate))) return early;
    try {
      const loan = await pool.borrow(entry, provider);
      const fit = this.#fitIntoTime(candidate);
      if ('passes' in fit) return { passes: fit.passes, loan };
      loan.giveBack();
      secondLook.note(candidate);
      return fit;
    } catch (error) {
      if (!(error instanceof ModelLoadError)) throw error;
      if (error.reason === 'corrupt_model') this.#damaged.add(asked);
      return { outcome: 'failed', reason: error.reason, detail: error.message };
    }
  }

  /** A network was left: the candidates after it are weighed by the pace that it has shown. */
  leave(left: LeftForTime): void {
    this.#left = left;
  }

  /**
   * The answer to a request that no candidate serves. Chain models that are merely not installed are not to blame.
   * @param tried the candidates that did not serve, in their order.
   */
  refused(tried: readonly Pick<Attempt, 'model' | 'reason' | 'detail'>[]): TesseraError {
    const wanted = this.eligible?.kind === 'network' ? this.eligible.entry.name : this.request.model;
    const unserved = tried.filter(({ reason }) => reason !== undefined);
    const blamed =
      unserved.findLast(({ model }) => model === wanted) ??
      unserved.findLast(({ reason }) => reason !== 'not_installed');
    const name = this.request.model ?? blamed?.model;
    const detail = name === undefined ? 'No model of the chain is installed.' : (blamed?.detail ?? '');
    const retryAfterSeconds = blamed?.reason === undefined ? undefined : PASSING_SECONDS[blamed.reason];
    return new TesseraError(
      'fallback_refused',
      `${name ?? 'No network'} could not serve this image, and fallback=false allows no other. ${detail}`.trim(),
      {
        internal: JSON.stringify(tried),
        details: retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
      },
    );
  }

  /** @returns why a candidate may not be tried at all. */
  #barred(candidate: NetworkCandidate): Refusal | undefined {
    if (this.#left.tilesAtWork) {
      const detail = 'Tiles of the network before it are still at work.';
      return { outcome: 'skipped', reason: 'over_time_budget', detail };
    }
    const reason = exclusionOf(candidate, this.request)?.reason;
    return reason && { outcome: 'skipped', reason, detail: 'It failed on this image before.' };
  }

  #fitIntoTime(candidate: NetworkCandidate): ReturnType<typeof fitIntoTime> {
    const { costs, share } = this.context;
    return fitIntoTime(candidate, this.request, costs, share, this.#left.slowdown);
  }

  #failedEarlier(candidate: NetworkCandidate): boolean {
    const { model, provider } = namesOf(candidate);
    return this.request.earlierAttempts.some(
      (attempt) => attempt.outcome === 'failed' && attempt.model === model && attempt.provider === provider,
    );
  }
}

/**
 * The first candidate that the machine has: the model that the request names, installed or not, or else the first network. Unusable
 * providers, and chain models that are not installed, come before it without counting.
 * @returns undefined when only Lanczos is left, though the request did not ask for it.
 */
function firstEligible(
  candidates: readonly Candidate[],
  { model }: Pick<ChainRequest, 'model'>,
): Candidate | undefined {
  if (candidates.length === 1) return candidates[0];
  return (
    candidates.find(
      (each) => each.kind === 'skip' && each.reason !== 'provider_unavailable' && each.model === model,
    ) ?? candidates.find((each) => each.kind === 'network')
  );
}
