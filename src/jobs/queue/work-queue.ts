import { measuredSeconds, secondsLeft } from '../../cost/job-time.js';
import { TesseraError } from '../../domain/errors.js';
import type { UpscaleResult } from '../../domain/types.js';
import type { Engine } from '../../engine/engine.js';
import { late } from '../../engine/supervisor/late.js';
import { Changes } from '../../host/changes.js';
import { monotonicMs } from '../../host/clock.js';
import type { UpscaleJob } from '../upscale-job.js';
import { type AdmissionLimits, nextToStart } from './demand.js';
import type { DiskBudget } from './disk-budget.js';

/** Is told of the beginning and the end of each job. */
export interface WorkListener {
  /** Before a job is given to the engine. */
  onStart(job: UpscaleJob): Promise<void>;
  /**
   * Called once for each job, with its result or its error. The job's slot is free by then, unless the job must run alone or an engine has
   * not let go of it. Resolves when the end of the job is on disk.
   */
  onEnd(job: UpscaleJob, outcome: UpscaleResult | TesseraError): Promise<void>;
}

/** The queue of jobs: runs as many at once as memory, disk and slots allow. */
export class WorkQueue {
  readonly #waiting: UpscaleJob[] = [];
  readonly #running = new Set<UpscaleJob>();
  /** Ended, but an engine has not let go of them: they take memory. */
  readonly #leaving = new Set<UpscaleJob>();
  readonly #changes = new Changes();

  constructor(
    private readonly engine: Engine,
    private readonly engines: number,
    private readonly limits: AdmissionLimits,
    private readonly disk: DiskBudget,
    private readonly listener: WorkListener,
    /** The longest deadline that may be asked for. */
    private readonly longestSeconds: number,
  ) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Seconds until all waiting and running jobs are done. */
  get backlogSeconds(): number {
    const { models } = this.engine.status();
    let seconds = 0;
    for (const { request, progress } of [...this.#waiting, ...this.#running])
      seconds += secondsLeft(request, progress, models, this.engine.costs);
    return seconds / this.engines;
  }

  add(job: UpscaleJob): void {
    this.#waiting.push(job);
    job.changed();
    if (Number.isFinite(job.deadlineAtMs)) this.#watchDeadline(job);
    this.#startNext();
  }

  /** Place in the queue, from 1; undefined when it does not wait. */
  position(job: UpscaleJob): number | undefined {
    const index = this.#waiting.indexOf(job);
    return index < 0 ? undefined : index + 1;
  }

  /** Stops a job: at once while it waits, at its next tile while it runs. */
  stop(job: UpscaleJob, error: TesseraError): void {
    const place = this.#waiting.indexOf(job);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      void this.listener.onEnd(job, error);
      this.#startNext();
    } else if (this.#running.has(job)) {
      job.abort.abort(error);
    }
  }

  /** Lets all jobs end within the grace period, then stops the others. */
  async drain(graceMs: number, error: TesseraError): Promise<void> {
    const empty = () => this.#waiting.length + this.#running.size === 0;
    if (await this.#changes.until(empty, graceMs)) return;
    for (const job of [...this.#waiting, ...this.#running]) this.stop(job, error);
    await this.#changes.until(empty);
  }

  #startNext(): void {
    for (;;) {
      const busy = [...this.#running, ...this.#leaving];
      const job = nextToStart(this.#waiting, busy, this.disk.leftBytes, this.limits);
      if (job === undefined) break;
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      this.#running.add(job);
      this.disk.hold(job.id, job.request.sourceBytes, job.cost.diskBytes, job.stateBytes);
      job.started();
      void this.#run(job);
    }
    for (const job of this.#waiting) job.changed();
    this.#changes.announce();
  }

  async #run(job: UpscaleJob): Promise<void> {
    let outcome: UpscaleResult | TesseraError;
    try {
      await this.listener.onStart(job);
      outcome = await this.engine.run(job.task(), {
        signal: job.abort.signal,
        onProgress: (progress) => job.progressed(progress),
        ...(job.durable === undefined ? {} : { deadlineFromStart: () => job.taken() }),
      });
      this.disk.hold(job.id, job.request.sourceBytes, outcome.bytes, job.stateBytes);
    } catch (thrown) {
      outcome = TesseraError.from(thrown);
    }
    const leaving = this.engine.leaving(job.id);
    if (leaving !== undefined) this.#leaving.add(job);
    if (!job.alone) this.#running.delete(job);
    const written = this.listener.onEnd(job, outcome);
    // Should the service die of the next job before this end is on disk, this job would be blamed.
    if (job.alone) await written;
    this.#running.delete(job);
    this.#startNext();
    await leaving;
    if (this.#leaving.delete(job)) this.#startNext();
  }

  #lateInQueue({ request }: UpscaleJob): TesseraError {
    return late({
      estimateSeconds: measuredSeconds(request, this.engine.status().models, this.engine.costs),
      timeoutSeconds: request.options.timeoutSeconds,
      longestSeconds: this.longestSeconds,
      backlogSeconds: this.backlogSeconds,
    });
  }

  /** Ends a job that is still in the queue at its deadline; of a running job the engine keeps it. */
  #watchDeadline(job: UpscaleJob): void {
    const timer = setTimeout(
      () => {
        if (job.state === 'queued') this.stop(job, this.#lateInQueue(job));
      },
      Math.max(0, job.deadlineAtMs - monotonicMs()),
    );
    const unsubscribe = job.onChange(() => {
      if (job.state === 'queued') return;
      clearTimeout(timer);
      unsubscribe();
    });
  }
}
