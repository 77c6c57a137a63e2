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

/** Memory may be free again when other jobs have ended. */
const MEMORY_RETRY_SECONDS = 30;

/**
 * Why an engine process ended: `memory` where the system killed it, which it does when memory runs out, or where its last words say so;
 * `crash` for all else, such as silence for too long.
 */
export type DeathCause = 'memory' | 'crash';

/** How the caller learns of the end: one of them is called, once. */
export interface AssignmentOutcome {
  resolve(result: UpscaleResult): void;
  reject(error: TesseraError): void;
}

/** Deaths outside of the networks after which a job is not tried again. */
const MAX_DEATHS = 2;

/**
 * One job in the supervisor's care, from `run` to its end, over as many engine processes as it takes. Holds the rules of
 * blame. Where several jobs were in an engine that died, none is blamed, and each runs again alone. Where one was alone, what was at
 * work is blamed: a network, which is left out from then on, so that the chain goes on below it; or else, the second
 * time, the step: reading the image (then the image is to blame), resampling or encoding.
 */
export class Assignment {
  /** Set once an engine died under it, or ran out of memory: it runs again with nothing beside it, so that another death has one suspect. */
  alone = false;
  /** Set when it is to stop; it stays in its engine until the next tile. */
  stopping: TesseraError | undefined;
  /** Ends the caller's wait for an engine that does not obey a stop. */
  answerTimer: NodeJS.Timeout | undefined;
  /** Ends it at its deadline. */
  deadlineTimer: NodeJS.Timeout | undefined;
  #task: UpscaleTask;
  /** Of all its engines, oldest first. */
  #attempts: readonly Attempt[];
  /** How many of them are other engines'. */
  #attemptsElsewhere = 0;
  #progress: UpscaleProgress | undefined;
  #startedMs = performance.now();
  #deaths = 0;
  /** It has left a process in which memory ran out, for a new one. */
  #moved = false;
  #ended = false;

  constructor(
    task: UpscaleTask,
    private readonly hooks: RunHooks,
    private readonly outcome: AssignmentOutcome,
    /** The longest deadline that may be asked for. */
    private readonly longestSeconds: number,
    /** What it needs in all, nothing else being at work, by what is known now. */
    private readonly estimateSeconds: () => number | undefined = () => undefined,
  ) {
    this.#task = task;
    this.#attempts = task.earlierAttempts;
  }

  /** What the next engine gets. */
  get task(): UpscaleTask {
    return { ...this.#task, earlierAttempts: this.#attempts };
  }

  /** Nobody waits for it: without an engine it waits on, and its deadline counts from when one takes it. */
  get isPatient(): boolean {
    return this.hooks.deadlineFromStart !== undefined;
  }

  /** Those of the engine that it is in, oldest first. */
  get attemptsHere(): readonly Attempt[] {
    return this.#attempts.slice(this.#attemptsElsewhere);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Handed to an engine. */
  started(): void {
    this.#startedMs = performance.now();
    this.#progress = undefined;
    const deadlineAtMs = this.hooks.deadlineFromStart?.();
    if (deadlineAtMs !== undefined) this.#task = { ...this.#task, deadlineAtMs };
    // A candidate that served an engine which died after it has not served the job.
    this.#attempts = withoutServed(this.#attempts);
    this.#attemptsElsewhere = this.#attempts.length;
  }

  /** A candidate's try has ended in its engine. */
  attempted(attempt: Attempt): void {
    this.#attempts = [...this.#attempts, attempt];
  }

  progressed(progress: UpscaleProgress): void {
    this.#progress = progress;
    if (this.stopping === undefined) this.hooks.onProgress(progress);
  }

  /** A result that arrives after the deadline is still a result; one that nobody waits for is not. */
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

  /** It was stopped and does not end: its caller waits no longer, though it is still at work in its engine. */
  giveUp(): void {
    if (this.stopping === undefined || this.#ended) return;
    if (this.stopping.code === 'deadline_exceeded')
      this.#failCandidateAtWork('over_time_budget', 'The time for this image was over while it was at work.');
    this.fail(this.stopping);
  }

  /** Its engine died, or was killed, with other jobs inside or none. Settles the job when that is its end. */
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

  /** What is told of a step, other than a network, under which engines died. */
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

  /** The engine cannot use this candidate again: the next one runs the job without it. */
  deviceLost(candidate: ExcludedCandidate): void {
    this.#task = { ...this.#task, excludedCandidates: [...this.#task.excludedCandidates, candidate] };
  }

  /** Puts the candidate at work on record as failed. @returns undefined where none was: while decoding, say. */
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
   * Memory ran out while it was decoded or encoded. Where others in the engine took their part of it, it runs again alone; where
   * earlier jobs have left less than a new process has, once more in one; else that is its end.
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

  /** By what was estimated, or where tiles turned out to be slower, by those. */
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

  /** The attempts of a job that ends without a result: a candidate that drew one which was never encoded has not served it. */
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
    if (this.#ended) return;
    this.#ended = true;
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
