import { TesseraError } from '../../domain/errors.js';
import {
  type Attempt,
  type ExcludedCandidate,
  LANCZOS,
  type UpscaleProgress,
  type UpscaleResult,
  type UpscaleTask,
} from '../../domain/types.js';
import type { RunHooks } from '../engine.js';
import type { StopCode } from '../protocol.js';
import { late } from './late.js';

/** `Retry-After`: memory may be free when other jobs have ended. */
const MEMORY_RETRY_SECONDS = 30;

/**
 * Why an engine process ended. `memory`: the system killed it, as it does when memory runs out, or its last words
 * mention memory. `crash`: everything else, such as silence for too long.
 */
export type DeathCause = 'memory' | 'crash';

/** Callbacks of the end; one of them is called, once. */
export interface AssignmentOutcome {
  resolve(result: UpscaleResult): void;
  reject(error: TesseraError): void;
}

/** Deaths outside of networks after which a job is not tried again. */
const MAX_DEATHS = 2;

/**
 * One job of the supervisor, from `run` to its end, over as many engine processes as it takes. It holds the rules of
 * blame. When several jobs were in an engine that died, none is blamed, and each runs again alone. When one was
 * alone, the work in progress is blamed: a network, which the job then leaves out, so that the chain goes on below
 * it; or, the second time, the step: reading (then the image is to blame), resampling or encoding.
 */
export class Assignment {
  /** Set once an engine died under the job or ran out of memory. The job then runs alone, so that another death has one suspect. */
  alone = false;
  ended = false;
  /** Set when the job is to stop. It stays in its engine until the next tile. */
  stopping: TesseraError | undefined;
  /** Timer that ends the caller's wait for an engine that does not react. */
  answerTimer: NodeJS.Timeout | undefined;
  /** Timer of the deadline. */
  deadlineTimer: NodeJS.Timeout | undefined;
  #task: UpscaleTask;
  /** Attempts in all engines, oldest first. */
  #attempts: readonly Attempt[];
  /** Number of these attempts from earlier engines. */
  #attemptsElsewhere = 0;
  #progress: UpscaleProgress | undefined;
  #startedMs = performance.now();
  #deaths = 0;
  /** The job has left a process in which memory ran out, for a new one. */
  #moved = false;

  constructor(
    task: UpscaleTask,
    private readonly hooks: RunHooks,
    private readonly outcome: AssignmentOutcome,
    /** Longest deadline that a request may ask for. */
    private readonly longestSeconds: number,
    /** Estimate of the job's whole time, with nothing else in progress, by present knowledge. */
    private readonly estimateSeconds: () => number | undefined = () => undefined,
  ) {
    this.#task = task;
    this.#attempts = task.earlierAttempts;
  }

  /** The task for the next engine. */
  get task(): UpscaleTask {
    return { ...this.#task, earlierAttempts: this.#attempts };
  }

  /** Nobody waits for the job: it waits for an engine without a limit, and its deadline counts from when one takes it. */
  get isPatient(): boolean {
    return this.hooks.deadlineFromStart !== undefined;
  }

  /** Attempts in the current engine, oldest first. */
  get attemptsHere(): readonly Attempt[] {
    return this.#attempts.slice(this.#attemptsElsewhere);
  }

  /** Records that an engine takes the job. */
  started(): void {
    this.#startedMs = performance.now();
    this.#progress = undefined;
    const deadlineAtMs = this.hooks.deadlineFromStart?.();
    if (deadlineAtMs !== undefined) this.#task = { ...this.#task, deadlineAtMs };
    // A candidate that served in an engine which then died has not served the job.
    this.#attempts = withoutServed(this.#attempts);
    this.#attemptsElsewhere = this.#attempts.length;
  }

  /** Records an attempt that ended in the engine. */
  attempted(attempt: Attempt): void {
    this.#attempts = [...this.#attempts, attempt];
  }

  progressed(progress: UpscaleProgress): void {
    this.#progress = progress;
    if (this.stopping === undefined) this.hooks.onProgress(progress);
  }

  /** A result after the deadline is still a result, unless nobody waits for it. */
  succeed(result: UpscaleResult): void {
    if (this.stopping !== undefined && this.stopping.code !== 'deadline_exceeded') this.fail(this.stopping);
    else this.#end(() => this.outcome.resolve(result));
  }

  fail(error: TesseraError): void {
    const reason = this.stopping ?? error;
    const told = reason.code === 'deadline_exceeded' ? this.#late() : reason;
    this.#end(() => this.outcome.reject(told.with({ attempts: this.#unserved(reason) })));
  }

  stop(code: StopCode): TesseraError {
    this.stopping ??=
      code === 'deadline_exceeded' ? this.#late() : new TesseraError(code, STOP_SENTENCES[code]);
    return this.stopping;
  }

  /** Ends the caller's wait for a stopped job that is still in progress in its engine. */
  giveUp(): void {
    if (this.stopping === undefined || this.ended) return;
    if (this.stopping.code === 'deadline_exceeded')
      this.#failCandidateAtWork('over_time_budget', 'The time for this image was over while it was at work.');
    this.fail(this.stopping);
  }

  /** Handles the death of the job's engine, with other jobs inside or none. Settles the job if that is its end. */
  engineDied(wasAlone: boolean, cause: DeathCause): void {
    if (this.stopping !== undefined) {
      this.fail(this.stopping);
      return;
    }
    this.alone = true;
    if (!wasAlone) return;
    const candidate =
      cause === 'memory'
        ? this.#failCandidateAtWork(
            'out_of_memory',
            'The system ended the engine process while this model was at work, as it does when memory runs out.',
          )
        : this.#failCandidateAtWork('engine_crash', 'The engine process died while this model was at work.');
    if (candidate !== undefined && candidate.model !== LANCZOS) this.deviceLost(candidate);
    else if (++this.#deaths >= MAX_DEATHS) this.fail(this.#deadlyStep(cause));
  }

  /** The error of a step, other than a network, under which engines died. */
  #deadlyStep(cause: DeathCause): TesseraError {
    if (cause === 'memory') return lacksMemoryNow('The system ended the engine process, for want of memory.');
    const stage = this.#progress?.stage ?? 'decode';
    if (stage === 'decode')
      return new TesseraError(
        'image_crashes_engine',
        'This image made the upscaling engine crash twice while it was read, so it cannot be upscaled. Saving it again in another program may help.',
      );
    return new TesseraError(
      'engine_unavailable',
      `The upscaling engine crashed twice while ${stage === 'encode' ? 'the result was encoded; another format may help' : 'the image was resampled'}.`,
      { details: { retryAfterSeconds: MEMORY_RETRY_SECONDS } },
    );
  }

  /** Excludes a candidate that the engine cannot use any more. */
  deviceLost(candidate: ExcludedCandidate): void {
    this.#task = { ...this.#task, excludedCandidates: [...this.#task.excludedCandidates, candidate] };
  }

  /**
   * Records the candidate in progress as failed.
   * @returns undefined when there was none, for example while decoding.
   */
  #failCandidateAtWork(reason: ExcludedCandidate['reason'], detail: string): ExcludedCandidate | undefined {
    const { model, provider } = this.#progress ?? {};
    if (model === undefined) return undefined;
    const candidate = { model, reason, ...(provider === undefined ? {} : { provider }) };
    this.attempted({
      ...candidate,
      outcome: 'failed',
      detail,
      ms: Math.round(performance.now() - this.#startedMs),
    });
    return candidate;
  }

  /**
   * Handles a lack of memory while the image was decoded or encoded. If other jobs shared the engine, the job runs
   * again alone. If earlier jobs left less memory than a new process has, it runs once more in a new one. Else it
   * fails.
   */
  outOfMemory({ shared, bloated }: { shared: boolean; bloated: boolean }, internal: string): void {
    const mayMove = bloated && !this.#moved;
    if (this.stopping === undefined && ((shared && !this.alone) || mayMove)) {
      this.alone = true;
      this.#moved ||= mayMove && !shared;
      return;
    }
    this.fail(lacksMemoryNow(internal));
  }

  /** Seconds by the estimate or, where tiles turned out to be slower, by the tiles. */
  #late(): TesseraError {
    const { secondsLeft } = this.#progress ?? {};
    const elapsedSeconds = (performance.now() - this.#startedMs) / 1000;
    const bySpeed = secondsLeft === undefined ? [] : [elapsedSeconds + secondsLeft];
    const known = [this.estimateSeconds() ?? [], bySpeed].flat();
    return late({
      estimateSeconds: known.length === 0 ? undefined : Math.max(...known),
      timeoutSeconds: this.#task.options.timeoutSeconds,
      longestSeconds: this.longestSeconds,
    });
  }

  /** The attempts of a job without a result. A candidate whose picture was never encoded has not served. */
  #unserved({ code }: TesseraError): readonly Attempt[] {
    if (code !== 'deadline_exceeded') return withoutServed(this.#attempts);
    return this.#attempts.map((attempt) =>
      attempt.outcome === 'served'
        ? {
            ...attempt,
            outcome: 'failed',
            reason: 'over_time_budget',
            detail: 'The time for this image was over before its result was encoded.',
          }
        : attempt,
    );
  }

  #end(settle: () => void): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.deadlineTimer);
    clearTimeout(this.answerTimer);
    settle();
  }
}

function lacksMemoryNow(internal: string): TesseraError {
  return new TesseraError(
    'engine_unavailable',
    'The engine has not enough memory for this image now; try again later, or a smaller scale.',
    { details: { retryAfterSeconds: MEMORY_RETRY_SECONDS }, internal },
  );
}

function withoutServed(attempts: readonly Attempt[]): readonly Attempt[] {
  return attempts.filter(({ outcome }) => outcome !== 'served');
}

const STOP_SENTENCES: Readonly<Record<Exclude<StopCode, 'deadline_exceeded'>, string>> = {
  cancelled: 'The job was cancelled.',
  shutting_down: 'The service is stopping; try again in a moment.',
};
