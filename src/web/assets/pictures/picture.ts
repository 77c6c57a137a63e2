import type { Retry } from '../../../domain/errors.js';
import { type Job, pause } from '../client/jobs-api.js';
import { Problem } from '../client/problem.js';
import { api } from '../jobs/api.js';
import { discardJob, followJob } from '../jobs/follow.js';
import { forget, type Remembered, remember } from '../jobs/remembered.js';
import { retry } from '../jobs/retry.js';
import { Slots } from '../jobs/slots.js';
import { uploadPicture } from '../jobs/upload.js';

type Phase = 'waiting' | 'uploading' | 'working' | 'receiving' | 'done' | 'failed' | 'cancelled';

const uploads = new Slots(2);
/** Jobs of this page in the service at a time: hundreds of dropped pictures must not fill its queue. */
const places = new Slots(8);
/** Tries at a full queue before its refusal is shown. */
const MAX_TRIES = 30;

/** One picture with its upload, job and result. Fires `change` when one of its fields changed. */
export class Picture extends EventTarget {
  phase: Phase = 'waiting';
  /** The share of the bytes that were sent, 0 to 1. */
  uploaded = 0;
  /** Whole seconds until the next try, while the service is busy. */
  nextTryInSeconds: number | undefined;
  /** Of the latest run. */
  job: Job | undefined;
  /** The job of `result`: that of an earlier run while a later one works, and after it failed. */
  finished: Job | undefined;
  result: Blob | undefined;
  /** Why it failed, in words. */
  reason = '';
  /** What helps after a failure. */
  retry: Retry = 'as_is';
  /** Code of the problem. */
  code = '';
  /** false while the service is out of reach. */
  connected = true;
  /** Whether `result` was saved, also before a reload. */
  downloaded = false;
  #abort = new AbortController();

  /** @param file the original; undefined after a reload, when the browser no longer has it. */
  constructor(
    readonly name: string,
    readonly file?: File,
  ) {
    super();
  }

  /** A picture from before a reload, to be resumed. */
  static remembered({ job, name, downloaded }: Remembered): Picture {
    return Object.assign(new Picture(name), { job, downloaded });
  }

  /**
   * Whether another run helps: `as_is`, or `changed`, with other options. A run needs the original, or a job whose result was out
   * of reach.
   */
  get again(): Retry {
    if (this.busy) return 'never';
    if (this.phase === 'done') return this.file === undefined ? 'never' : 'changed';
    const canRun = this.file !== undefined || (this.job !== undefined && this.job.error === undefined);
    return canRun ? this.retry : 'never';
  }

  /** Whether a result would be lost with the page. */
  get unsaved(): boolean {
    return this.finished !== undefined && !this.downloaded;
  }

  /** Whether there is something to cancel. */
  get busy(): boolean {
    return ['waiting', 'uploading', 'working', 'receiving'].includes(this.phase);
  }

  /**
   * Runs from upload to result, also again after an end: the result of an earlier run stays until the new result is there.
   * Never rejects: `phase` and `reason` tell a failure.
   */
  async run(options: URLSearchParams): Promise<void> {
    const { file } = this;
    if (file === undefined) return this.resume();
    this.#forgetUnfinished();
    await this.#work(async (signal) => this.#finish(await this.#submit(file, options, signal), signal));
  }

  /** Continues a job from before a reload. Never rejects. */
  async resume(): Promise<void> {
    const { job } = this;
    if (job !== undefined) await this.#work((signal) => this.#finish(job, signal));
  }

  /** Notes that the result was saved. */
  noteDownload(): void {
    const { finished, name } = this;
    this.downloaded = true;
    if (finished !== undefined) remember({ job: finished, name, downloaded: true });
  }

  async #work(steps: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ phase: 'waiting', uploaded: 0, reason: '', code: '', retry: 'as_is', connected: true });
    try {
      await inSlot(places, abort.signal, () => steps(abort.signal));
    } catch (error) {
      if (!abort.signal.aborted) this.#fail(error);
    }
  }

  /** Stops the run here and in the service. */
  async cancel(): Promise<void> {
    this.#abort.abort();
    const forgotten = this.#forgetUnfinished();
    this.#cancelled();
    await forgotten;
  }

  /** Stops the run, and removes the jobs and their results from the service. */
  async dispose(): Promise<void> {
    this.#abort.abort();
    await Promise.all([this.#forgetUnfinished(), this.finished && forgetJob(this.finished)]);
  }

  /** Returns to the result of an earlier run, if there is one. */
  #cancelled(): void {
    const phase = this.finished === undefined ? 'cancelled' : 'done';
    this.#set({ phase, job: this.finished, nextTryInSeconds: undefined });
  }

  async #submit(file: File, options: URLSearchParams, signal: AbortSignal): Promise<Job> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await inSlot(uploads, signal, () => {
          this.#set({ phase: 'uploading', uploaded: 0 });
          return uploadPicture(file, options, (uploaded) => this.#set({ uploaded }), signal);
        });
      } catch (error) {
        if (!(error instanceof Problem && error.passing) || tries === MAX_TRIES) throw error;
        await this.#countDown(Math.ceil(error.retryAfterSeconds ?? 1), signal);
      }
    }
  }

  async #countDown(seconds: number, signal: AbortSignal): Promise<void> {
    for (let left = seconds; left > 0; left -= 1) {
      this.#set({ phase: 'waiting', nextTryInSeconds: left });
      await pause(1000, signal);
    }
    this.#set({ nextTryInSeconds: undefined });
  }

  async #finish(admitted: Job, signal: AbortSignal): Promise<void> {
    let job = admitted;
    // Cancelled while the service admitted the job.
    if (signal.aborted) return discardJob(job.id);
    this.#set({ phase: 'working', job });
    const downloaded = this.finished === undefined && this.downloaded;
    remember({ job, name: this.name, downloaded });
    const onConnection = (connected: boolean) => {
      if (connected !== this.connected) this.#set({ connected });
    };
    for await (job of followJob(admitted, signal, onConnection)) this.#set({ job });
    if (job.state === 'cancelled') return this.#cancelled();
    if (job.error !== undefined) {
      const { detail, code, retry } = job.error;
      return this.#set({ phase: 'failed', reason: detail, code, retry });
    }
    this.#set({ phase: 'receiving' });
    const fetchResult = async () => (await api.request(`jobs/${job.id}/result`, { signal })).blob();
    const result = await retry(fetchResult, signal, onConnection);
    const earlier = this.finished;
    this.#set({ finished: job, result, downloaded, phase: 'done' });
    if (earlier !== undefined) void forgetJob(earlier);
  }

  #fail(error: unknown): void {
    const problem = error instanceof Problem ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    const reason = error instanceof TypeError ? 'The service cannot be reached.' : message;
    // The service no longer knows the job: a new run makes a new one from the original.
    const gone = problem?.status === 404 && this.job !== undefined;
    if (gone) {
      forget(this.job?.id ?? '');
      this.job = undefined;
    }
    const retry = gone ? 'as_is' : (problem?.retry ?? 'as_is');
    this.#set({ phase: 'failed', reason, code: problem?.code ?? '', retry });
  }

  /** Removes the job of the latest run, unless `result` is its result. */
  async #forgetUnfinished(): Promise<void> {
    const { job, finished } = this;
    this.job = undefined;
    if (job !== undefined && job.id !== finished?.id) await forgetJob(job);
  }

  #set(changes: Partial<Picture>): void {
    Object.assign(this, changes);
    this.dispatchEvent(new Event('change'));
  }
}

async function inSlot<T>(slots: Slots, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  await slots.take(signal);
  try {
    return await work();
  } finally {
    slots.release();
  }
}

/** Removes a job here and in the service. */
async function forgetJob({ id }: Job): Promise<void> {
  forget(id);
  await discardJob(id);
}
