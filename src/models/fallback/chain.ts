import type { CostModel } from '../../cost/cost-model.js';
import { type Share, Workload } from '../../cost/workload.js';
import { TesseraError } from '../../domain/errors.js';
import { LANCZOS, type Log, type ModelStatus, type ProviderStatus } from '../../domain/types.js';
import { resolveScale } from '../../options/resolve-scale.js';
import type { PacedOrder } from '../chain-order.js';
import type { Loan, SessionPool } from '../onnx/session-pool.js';
import { TileFailure } from '../tile-model.js';
import { AttemptLog } from './attempt-log.js';
import { type ChainSetting, candidatesFor, type NetworkCandidate, namesOf } from './candidate.js';
import type { CandidatePlan, ChainAnswer, ChainRequest, NoteAttempt } from './chain-request.js';
import { DeviceLost } from './device-lost.js';
import { loadedNetwork } from './load-network.js';
import type { LoadedCandidate } from './loaded-candidate.js';
import { MachinePace } from './machine-pace.js';
import { modelStatuses } from './model-status.js';
import { planChain } from './plan-chain.js';
import { SecondLook } from './second-look.js';
import { type Refusal, secondsAlone } from './time-budget.js';
import { LeftForTime, NO_WATCH, watchTime } from './time-watch.js';
import { Walk } from './walk.js';

/** What the chain works on; replaced as a whole when models arrive or the manifest changes. */
export interface ChainModels extends Pick<ChainSetting, 'entries' | 'chain'> {
  /** Where the order of `chain` depends on the machine. */
  readonly onSlowMachine?: PacedOrder;
}

export interface ChainParts {
  readonly models: ChainModels;
  /** In the order of preference, as probed. */
  readonly providers: readonly ProviderStatus[];
  readonly pool: SessionPool;
  readonly costs: CostModel;
  /** Reads the manifest again. @throws ManifestError */
  readonly reload: () => Promise<ChainModels>;
  readonly log: Log;
}

/**
 * The fallback chain: tries the candidates (a model on a provider) from the first to the last resort, and records every attempt.
 *
 * `fallback` in an answer is true when another candidate than the first *eligible* one served. Eligible is what the machine
 * has: the model's file is installed, in a precision that fits the image, on a provider that passed its probe. So a chain
 * model that was never downloaded makes no answer a fallback; a candidate that failed, was lost, did not fit the time or
 * was excluded does. A model that the request names is always the first eligible one, installed or not.
 */
export class ModelChain {
  #models: ChainModels;
  readonly #workload = new Workload();
  readonly #secondLook: SecondLook;
  readonly #pace: MachinePace;

  constructor(private readonly parts: ChainParts) {
    this.#pace = new MachinePace(parts.costs);
    this.#models = parts.models;
    this.#secondLook = new SecondLook(parts);
  }

  /**
   * Tries the candidates until `attempt` serves with one.
   * @throws TesseraError fallback_refused, and whatever TesseraError `attempt` throws: those are no reason to fall back. DeviceLost.
   */
  async serve<T>(
    request: ChainRequest,
    attempt: (candidate: LoadedCandidate, note: NoteAttempt) => Promise<T>,
  ): Promise<ChainAnswer<T>> {
    const attempts = new AttemptLog(request.earlierAttempts, request.onAttempt);
    const share = this.#workload.enter();
    try {
      const walk = this.#walk(request, share);
      for (const candidate of walk) {
        request.signal.throwIfAborted();
        const names = namesOf(candidate);
        const note = attempts.begin();
        if (candidate.kind === 'skip') {
          const { reason, detail } = candidate;
          note({ ...names, outcome: 'skipped', reason, detail });
          continue;
        }
        let loaded: LoadedCandidate | undefined;
        const draw = (begun: LoadedCandidate): Promise<T> => {
          loaded = begun;
          return attempt(begun, note);
        };
        const end = (outcome: Refusal | { readonly outcome: 'served' }) =>
          note({ ...names, ...givenTile(loaded), ...outcome });
        try {
          if (candidate.kind === 'lanczos') request.onCandidate?.(LANCZOS, undefined);
          const drawn =
            candidate.kind === 'lanczos'
              ? { value: await draw({ kind: 'lanczos' }) }
              : await this.#compute(candidate, walk, request, share, draw);
          if ('reason' in drawn) {
            end(drawn);
            continue;
          }
          end({ outcome: 'served' });
          return { ...drawn, ...names, fallback: candidate !== walk.eligible, attempts: attempts.all };
        } catch (error) {
          if (error instanceof TesseraError && error.code === 'deadline_exceeded') end(TIME_IS_OVER);
          if (candidate.kind !== 'network' || !(error instanceof TileFailure)) throw error;
          end({ outcome: 'failed', reason: error.reason, detail: error.message });
          const lost = { model: names.model, provider: candidate.provider, reason: error.reason };
          throw new DeviceLost(lost, attempts.all, error);
        }
      }
      // With fallback the chain ends with Lanczos, which serves or throws.
      throw walk.refused(attempts.all);
    } finally {
      share.end();
    }
  }

  /** The scale of a result, by the models as they are now. */
  resolveScale(request: Parameters<typeof resolveScale>[0]): number {
    return resolveScale(request, this.status());
  }

  /**
   * What `serve` would do now. May load models to measure their speed; computes nothing of the image.
   * @throws TesseraError fallback_refused when no candidate would serve, invalid_option.
   */
  async plan(request: ChainRequest): Promise<readonly CandidatePlan[]> {
    const share = this.#onlooker();
    return planChain(this.#walk(request, share), request, this.parts.costs, share);
  }

  /**
   * Measures again the networks that were skipped for want of time, while nothing else is to be done.
   * @param signal stops it at the next tile. @returns whether anything was measured.
   */
  measureSkipped(signal: AbortSignal): Promise<boolean> {
    return this.#secondLook.measureSkipped(signal);
  }

  status(): readonly ModelStatus[] {
    return modelStatuses(this.#setting, this.parts);
  }

  providers(): readonly ProviderStatus[] {
    return this.parts.providers;
  }

  /** Takes up a manifest that has changed. Model files are looked for on the disk with each request. */
  async modelsChanged(): Promise<void> {
    try {
      this.#models = await this.parts.reload();
      this.#secondLook.forgetSkipped();
    } catch (error) {
      this.parts.log.error({ err: error }, 'the changed manifest cannot be used; keeping the former one');
    }
  }

  /** Frees all sessions, after the tiles under way. */
  close(): Promise<void> {
    return this.parts.pool.close();
  }

  /** Loads a network and draws with it. @returns why it does not serve. @throws TileFailure where its device is lost. */
  async #compute<T>(
    candidate: NetworkCandidate,
    walk: Walk,
    request: ChainRequest,
    share: Share,
    draw: (begun: LoadedCandidate) => Promise<T>,
  ): Promise<{ value: T } | Refusal> {
    const { costs, log } = this.parts;
    const loans: Loan[] = [];
    try {
      const opened = await walk.open(candidate);
      if ('reason' in opened) return opened;
      const { loan, passes } = opened;
      loans.push(loan);
      share.begin(secondsAlone(candidate, request, passes, costs));
      const network = loadedNetwork(candidate, request, passes, loan.model, {
        ...this.parts,
        entries: this.#models.entries,
        share,
        watch: request.fallback
          ? watchTime(candidate, request, { costs, share, lesser: walk.networksAfter(candidate) })
          : NO_WATCH,
        keep: (other) => loans.push(other),
      });
      return { value: await draw(network) };
    } catch (error) {
      if (error instanceof LeftForTime) {
        walk.leave(error);
        return { outcome: 'failed', reason: 'over_time_budget', detail: error.message };
      }
      if (!(error instanceof TileFailure)) throw error;
      const { reason, message, cause } = error;
      log.warn({ ...namesOf(candidate), reason, err: cause }, 'a model failed');
      if (reason === 'device_lost') throw error;
      return { outcome: 'failed', reason, detail: message };
    } finally {
      for (const loan of loans) loan.giveBack();
    }
  }

  get #setting(): ChainSetting {
    const { providers, pool } = this.parts;
    const { entries, chain, onSlowMachine } = this.#models;
    return {
      entries,
      chain: this.#pace.orderOf(chain, onSlowMachine),
      providers,
      isInstalled: (entry) => pool.isInstalled(entry),
    };
  }

  #walk(request: ChainRequest, share: Share): Walk {
    const candidates = candidatesFor(request, this.#setting);
    return new Walk(candidates, request, { ...this.parts, secondLook: this.#secondLook, share });
  }

  /** The share of a request that computes nothing: all others delay it. */
  #onlooker(): Share {
    const share = this.#workload.enter();
    share.end();
    return share;
  }
}

/** The attempt of a candidate that was at work when the time was over. */
const TIME_IS_OVER: Refusal = {
  outcome: 'failed',
  reason: 'over_time_budget',
  detail: 'The time for this image was over while it was at work.',
};

/** The part of an attempt about the tiles that its candidate was given. */
function givenTile(loaded: LoadedCandidate | undefined): { tileSizePx?: number } {
  return loaded?.kind === 'network' && loaded.givenTilePx !== undefined
    ? { tileSizePx: loaded.givenTilePx }
    : {};
}
