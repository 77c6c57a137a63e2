import { TesseraError } from '../../domain/errors.js';
import {
  LANCZOS,
  type LearntSpeed,
  type Log,
  type ModelStatus,
  type ProviderStatus,
} from '../../domain/types.js';
import type { SpeedMemory } from '../cost/speed-memory.js';
import { type Share, Workload } from '../cost/workload.js';
import { ModelLoadError } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import type { Loan, SessionPool } from '../onnx/session-pool.js';
import { TileFailure } from '../tile-model.js';
import { AttemptLog } from './attempt-log.js';
import {
  type Candidate,
  candidatesFor,
  checkModelName,
  type NetworkCandidate,
  providerOf,
} from './candidate.js';
import type { CandidatePlan, Chain, ChainAnswer, ChainRequest, NoteAttempt } from './chain-request.js';
import { DeviceLost } from './device-lost.js';
import { allowedSteps, fallbackRefused, stepsToTry } from './eligibility.js';
import type { LoadedCandidate, LoadedNetwork } from './loaded-candidate.js';
import { modelStatuses } from './model-status.js';
import { networkCandidate } from './network-candidate.js';
import { planChain } from './plan-chain.js';
import { SecondLook } from './second-look.js';
import {
  estimateAlone,
  exclusion,
  failedEarlier,
  fitIntoTime,
  type Refusal,
  TIME_IS_OVER,
  wantedPasses,
} from './time-budget.js';
import { LeftForTime, NO_WATCH, watchTime } from './time-watch.js';

/** The scale of a request that names none when only Lanczos is left to say. */
const DEFAULT_SCALE = 4;

/** What the chain works on; replaced as a whole when models arrive or the manifest changes. */
export interface ChainModels {
  readonly entries: readonly ModelEntry[];
  /** First to last resort, without Lanczos. */
  readonly chain: readonly ModelEntry[];
}

export interface ChainParts {
  readonly models: ChainModels;
  /** In the order of preference, as probed. */
  readonly providers: readonly ProviderStatus[];
  readonly pool: SessionPool;
  readonly memory: SpeedMemory;
  /** Reads the manifest again. @throws ManifestError */
  readonly reload: () => Promise<ChainModels>;
  readonly log: Log;
}

/**
 * The fallback chain: walks the candidates (model on provider) from the best to the last resort and tells the truth about
 * which one served.
 *
 * `fallback` in an answer is true when another candidate than the first *eligible* one served. Eligible is what the machine
 * has: the model's file is installed, in a precision that fits the image, on a provider that passed its probe. So a chain
 * model that was never downloaded makes no answer a fallback; a candidate that failed, was lost, did not fit the time or
 * was excluded does. A model that the request names is always the first eligible one, installed or not.
 */
export class ModelChain implements Chain {
  #models: ChainModels;
  readonly #workload = new Workload();
  readonly #secondLook: SecondLook;

  constructor(private readonly parts: ChainParts) {
    this.#models = parts.models;
    this.#secondLook = new SecondLook(parts);
  }

  async serve<T>(
    request: ChainRequest,
    attempt: (candidate: LoadedCandidate, note: NoteAttempt) => Promise<T>,
  ): Promise<ChainAnswer<T>> {
    const attempts = new AttemptLog(request.earlierAttempts, request.onAttempt);
    const share = this.#workload.enter();
    try {
      return await this.#walk(request, attempts, share, attempt);
    } finally {
      share.end();
    }
  }

  leadScale(request: Pick<ChainRequest, 'model' | 'sixteenBit'>): number {
    const first = this.#steps(request).find((step) => step.kind === 'network');
    const named = this.#models.entries.find((entry) => entry.name === request.model);
    return named?.scale ?? (first?.kind === 'network' ? first.entry.scale : DEFAULT_SCALE);
  }

  estimateSeconds(request: ChainRequest): number | undefined {
    const { eligible } = allowedSteps(this.#steps(request), request);
    if (eligible?.kind !== 'network') return 0;
    const [passes] = wantedPasses(eligible.entry, request.scale ?? this.leadScale(request));
    return estimateAlone(eligible, request, passes, this.parts.memory);
  }

  /**
   * What `serve` would do now. May load a model to measure its speed; computes nothing of the image.
   * @returns the steps as far as they are known, the one expected to serve marked; every step after it is listed with
   * what is known without loading.
   * @throws TesseraError fallback_refused, invalid_option
   */
  async plan(request: ChainRequest): Promise<readonly CandidatePlan[]> {
    const share = this.#workload.enter();
    share.end();
    return planChain(allowedSteps(this.#steps(request), request), request, {
      ...this.parts,
      share,
      fit: (step) => this.#fit(step, request, share),
    });
  }

  /**
   * Measures anew, while nothing else is to be done, the networks that were skipped for want of time.
   * @param signal stops it at the next tile. @returns whether anything was measured.
   */
  measureSkipped(signal: AbortSignal): Promise<boolean> {
    return this.#secondLook.measureSkipped(signal);
  }

  status(): readonly ModelStatus[] {
    return modelStatuses(this.#models, this.parts);
  }

  providers(): readonly ProviderStatus[] {
    return this.parts.providers;
  }

  /** What a later process may begin with. */
  learnt(): readonly LearntSpeed[] {
    return this.parts.memory.learnt;
  }

  /** Takes up a manifest that has changed. Model files need no telling: the fallback chain looks at the disk. */
  async modelsChanged(): Promise<void> {
    try {
      this.#models = await this.parts.reload();
      this.#secondLook.forgetSkipped();
    } catch (error) {
      // Half-written or wrong: what worked goes on working.
      this.parts.log.error({ err: error }, 'the changed manifest cannot be used; keeping the former one');
    }
  }

  /** Frees all sessions, after the tiles under way. */
  close(): Promise<void> {
    return this.parts.pool.close();
  }

  async #walk<T>(
    request: ChainRequest,
    attempts: AttemptLog,
    share: Share,
    attempt: (candidate: LoadedCandidate, note: NoteAttempt) => Promise<T>,
  ): Promise<ChainAnswer<T>> {
    const { allowed, eligible } = allowedSteps(this.#steps(request), request);
    const damaged = new Set<ModelEntry>();
    let found = { slowdown: 1, tilesAtWork: false };
    for (const step of stepsToTry(allowed, damaged)) {
      request.signal.throwIfAborted();
      if (step.kind === 'network' && failedEarlier(step, request)) continue;
      const note = attempts.beginStep();
      if (step.kind === 'skip') {
        note({
          model: step.model,
          outcome: 'skipped',
          reason: step.reason,
          detail: step.detail,
          ...providerOf(step),
        });
        continue;
      }
      const lesser = allowed.slice(allowed.indexOf(step) + 1);
      const served = { model: step.kind === 'lanczos' ? LANCZOS : step.entry.name, ...providerOf(step) };
      let candidate: LoadedCandidate | undefined;
      const begin = (started: LoadedCandidate): Promise<T> => {
        candidate = started;
        return attempt(started, note);
      };
      try {
        if (step.kind === 'lanczos') request.onCandidate?.(LANCZOS, undefined);
        const outcome =
          step.kind === 'lanczos'
            ? { value: await begin({ kind: 'lanczos' }) }
            : await this.#climb(step, { ...request, ...found }, lesser, attempts, share, note, begin);
        if ('reason' in outcome) {
          if (step.kind === 'network' && outcome.reason === 'corrupt_model') damaged.add(step.asked);
          const { reason, detail, left } = outcome;
          if (left !== undefined) found = left;
          note({ ...served, ...tileOf(candidate), outcome: outcome.outcome, reason, detail });
          continue;
        }
        note({ ...served, ...tileOf(candidate), outcome: 'served' });
        return { value: outcome.value, ...served, fallback: step !== eligible, attempts: attempts.all };
      } catch (error) {
        if (error instanceof TesseraError && error.code === 'deadline_exceeded')
          note({ ...served, ...tileOf(candidate), ...TIME_IS_OVER });
        throw error;
      }
    }
    // With fallback the fallback chain ends with Lanczos, which serves or throws.
    throw fallbackRefused(attempts.all, eligible, request);
  }

  /** One network step: load, weigh against the time, compute. */
  async #climb<T>(
    step: NetworkCandidate,
    request: ChainRequest,
    lesser: readonly Candidate[],
    attempts: AttemptLog,
    share: Share,
    note: NoteAttempt,
    attempt: (candidate: LoadedNetwork) => Promise<T>,
  ): Promise<{ value: T } | (Refusal & { readonly left?: LeftForTime })> {
    const excluded = exclusion(step, request);
    if (excluded !== undefined) return excluded;
    const loans: Loan[] = [];
    let candidate: LoadedNetwork | undefined;
    try {
      // Before a model is loaded its speed may be known from earlier; if not, loading measures it.
      const early = this.#fit(step, request, share);
      if ('reason' in early) {
        this.#secondLook.note(step);
        if (!this.#secondLook.isDue(step, request)) return early;
      }
      request.onCandidate?.(step.entry.name, step.provider);
      if ('reason' in early && !(await this.#secondLook.measure(step))) return early;
      const loan = await this.parts.pool.borrow(step.entry, step.provider);
      loans.push(loan);
      const fit = this.#fit(step, request, share);
      if ('reason' in fit) {
        this.#secondLook.note(step);
        return fit;
      }
      const scale = request.scale ?? this.leadScale(request);
      candidate = networkCandidate(step, request, fit.passes, loan.model, {
        ...this.parts,
        entries: this.#models.entries,
        share,
        watch:
          lesser.length === 0 ? NO_WATCH : watchTime(step, request, { ...this.parts, share, lesser, scale }),
        keep: (other) => loans.push(other),
      });
      share.begin(estimateAlone(step, request, fit.passes, this.parts.memory));
      return { value: await attempt(candidate) };
    } catch (error) {
      if (error instanceof ModelLoadError)
        return { outcome: 'failed', reason: error.reason, detail: error.message };
      if (error instanceof LeftForTime) {
        return { outcome: 'failed', reason: 'over_time_budget', detail: error.message, left: error };
      }
      if (!(error instanceof TileFailure)) throw error;
      this.parts.log.warn(
        { model: step.entry.name, provider: step.provider, reason: error.reason, err: error.cause },
        'a model failed',
      );
      if (error.reason !== 'device_lost')
        return { outcome: 'failed', reason: error.reason, detail: error.message };
      note({
        model: step.entry.name,
        provider: step.provider,
        ...tileOf(candidate),
        outcome: 'failed',
        reason: error.reason,
        detail: error.message,
      });
      throw new DeviceLost(
        { model: step.entry.name, provider: step.provider, reason: error.reason },
        attempts.all,
        error,
      );
    } finally {
      for (const loan of loans) loan.giveBack();
    }
  }

  #steps(request: Pick<ChainRequest, 'model' | 'sixteenBit'>): Candidate[] {
    checkModelName(request.model, this.#models.entries);
    const { providers, pool } = this.parts;
    return candidatesFor(request, {
      ...this.#models,
      providers,
      isInstalled: (entry) => pool.isInstalled(entry),
    });
  }

  #fit(step: NetworkCandidate, request: ChainRequest, share: Share): Refusal | { passes: 1 | 2 } {
    const scale = request.scale ?? this.leadScale(request);
    return fitIntoTime(step, request, scale, this.parts.memory, share);
  }
}

/** What an attempt tells of the tiles that its candidate was given. */
function tileOf(candidate: LoadedCandidate | undefined): { tileSizePx?: number } {
  return candidate?.kind === 'network' && candidate.givenTilePx !== undefined
    ? { tileSizePx: candidate.givenTilePx }
    : {};
}
