import { getResult, Problem } from '../jobs/api.js';
import { discardJob, followJob } from '../jobs/follow.js';
import { forget, remember } from '../jobs/remembered.js';
import { retry } from '../jobs/retry.js';
import { pause, Slots } from '../jobs/slots.js';
import { uploadPicture } from '../jobs/upload.js';

/**
 * @typedef {import('../jobs/api.js').Job} Job
 * @typedef {'waiting' | 'uploading' | 'working' | 'receiving' | 'done' | 'failed' | 'cancelled'} Phase
 */

const uploads = new Slots(2);
/** Jobs of this page in the service at a time: hundreds of dropped pictures must not fill its queue. */
const places = new Slots(8);
/** A full queue is asked again this often before the refusal is shown. */
const MAX_TRIES = 30;

/** One picture's way through the service: upload, job, result. What it is doing is told by `change` events. */
export class Picture extends EventTarget {
  /** @type {Phase} */
  phase = 'waiting';
  /** Of the bytes sent, 0 to 1. */
  uploaded = 0;
  /** Whole seconds until the next try, while the service is busy. @type {number | undefined} */
  nextTryInSeconds = undefined;
  /** Of the latest run. @type {Job | undefined} */
  job = undefined;
  /** Whose result is at hand: that of an earlier run while a later one goes on, and after it failed. @type {Job | undefined} */
  finished = undefined;
  /** Of `finished`. @type {Blob | undefined} */
  result = undefined;
  /** Why it failed, in words. */
  reason = '';
  /** What helps after a failure. @type {import('../jobs/api.js').Retry} */
  retry = 'as_is';
  /** Code of the problem, for the page to act on (`unauthorized`). */
  code = '';
  /** False while the service is out of reach. */
  connected = true;
  /** Whether `result` was saved; after a reload, whether it had been. */
  downloaded = false;
  /** @type {AbortController} */
  #abort = new AbortController();

  /**
   * @param {string} name
   * @param {File} [file] the original; undefined after a reload, when the browser no longer has it.
   */
  constructor(name, file) {
    super();
    this.name = name;
    this.file = file;
  }

  /** @param {import('../jobs/remembered.js').Remembered} known from before a reload; to be resumed. */
  static remembered({ job, name, downloaded }) {
    return Object.assign(new Picture(name), { job, downloaded });
  }

  /**
   * What another run is good for: `as_is`, as it was; `changed`, with other options. Never without the original, but for a job whose
   * result was out of reach.
   * @returns {import('../jobs/api.js').Retry}
   */
  get again() {
    if (this.busy) return 'never';
    if (this.phase === 'done') return this.file === undefined ? 'never' : 'changed';
    const canRun = this.file !== undefined || (this.job !== undefined && this.job.error === undefined);
    return canRun ? this.retry : 'never';
  }

  /** @returns {boolean} true when a result would be lost with the page. */
  get unsaved() {
    return this.finished !== undefined && !this.downloaded;
  }

  /** @returns {boolean} true while there is something to cancel. */
  get busy() {
    return ['waiting', 'uploading', 'working', 'receiving'].includes(this.phase);
  }

  /**
   * Runs from upload to result; also again, after an end: what an earlier run has made stays until this one has made another.
   * Never rejects: what went wrong is told by `phase` and `reason`.
   * @param {URLSearchParams} options
   */
  async run(options) {
    const { file } = this;
    if (file === undefined) return this.resume();
    this.#forgetUnfinished();
    await this.#work(async (signal) => this.#finish(await this.#submit(file, options, signal), signal));
  }

  /** Goes on with the job that is known from before a reload. Never rejects either. */
  async resume() {
    const { job } = this;
    if (job !== undefined) await this.#work((signal) => this.#finish(job, signal));
  }

  /** The result was saved. */
  noteDownload() {
    const { finished, name } = this;
    this.downloaded = true;
    if (finished !== undefined) remember({ job: finished, name, downloaded: true });
  }

  /** @param {(signal: AbortSignal) => Promise<void>} steps */
  async #work(steps) {
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ phase: 'waiting', uploaded: 0, reason: '', code: '', retry: 'as_is', connected: true });
    try {
      await places.take(abort.signal);
      try {
        await steps(abort.signal);
      } finally {
        places.release();
      }
    } catch (error) {
      if (!abort.signal.aborted) this.#fail(error);
    }
  }

  /** Stops whatever is going on, here and in the service. */
  async cancel() {
    this.#abort.abort();
    const forgotten = this.#forgetUnfinished();
    this.#cancelled();
    await forgotten;
  }

  /** Stops, and removes the jobs and their results from the service. */
  async dispose() {
    this.#abort.abort();
    const { finished } = this;
    await Promise.all([this.#forgetUnfinished(), finished === undefined ? undefined : forgetJob(finished)]);
  }

  /** Back to the result of an earlier run, where there is one. */
  #cancelled() {
    const phase = this.finished === undefined ? 'cancelled' : 'done';
    this.#set({ phase, job: this.finished, nextTryInSeconds: undefined });
  }

  /**
   * @param {File} file
   * @param {URLSearchParams} options
   * @param {AbortSignal} signal
   * @returns {Promise<Job>}
   */
  async #submit(file, options, signal) {
    for (let tries = 1; ; tries += 1) {
      try {
        await uploads.take(signal);
        try {
          this.#set({ phase: 'uploading', uploaded: 0 });
          const onProgress = (/** @type {number} */ uploaded) => this.#set({ uploaded });
          return await uploadPicture(file, options, onProgress, signal);
        } finally {
          uploads.release();
        }
      } catch (error) {
        if (!(error instanceof Problem && error.passing) || tries === MAX_TRIES) throw error;
        await this.#countDown(Math.max(1, Math.ceil(error.retryAfterSeconds ?? 1)), signal);
      }
    }
  }

  /**
   * @param {number} seconds
   * @param {AbortSignal} signal
   */
  async #countDown(seconds, signal) {
    for (let left = seconds; left > 0; left -= 1) {
      this.#set({ phase: 'waiting', nextTryInSeconds: left });
      await pause(1000, signal);
    }
    this.#set({ nextTryInSeconds: undefined });
  }

  /**
   * @param {Job} admitted
   * @param {AbortSignal} signal
   */
  async #finish(admitted, signal) {
    let job = admitted;
    // Cancelled in the moment in which it was admitted.
    if (signal.aborted) return discardJob(job.id);
    this.#set({ phase: 'working', job });
    this.#remember();
    const onConnection = (/** @type {boolean} */ connected) => {
      if (connected !== this.connected) this.#set({ connected });
    };
    for await (job of followJob(admitted, signal, onConnection)) this.#set({ job });
    if (job.state === 'cancelled') return this.#cancelled();
    if (job.error !== undefined) {
      const { detail, code, retry } = job.error;
      return this.#set({ phase: 'failed', reason: detail, code, retry });
    }
    this.#set({ phase: 'receiving' });
    const result = await retry(() => getResult(job.id, signal), signal, onConnection);
    this.#keep(job, result);
  }

  /**
   * @param {Job} job
   * @param {Blob} result takes the place of an earlier one.
   */
  #keep(job, result) {
    const earlier = this.finished;
    const downloaded = earlier === undefined && this.downloaded;
    this.#set({ finished: job, result, downloaded, phase: 'done' });
    if (earlier !== undefined) void forgetJob(earlier);
  }

  /** @param {unknown} error */
  #fail(error) {
    const reason =
      error instanceof TypeError
        ? 'The service cannot be reached.'
        : error instanceof Error
          ? error.message
          : String(error);
    const problem = error instanceof Problem ? error : undefined;
    // Nothing to come back to in the service; the original, where it is at hand, makes a new job.
    const gone = problem?.status === 404 && this.job !== undefined;
    if (gone) {
      forget(this.job?.id ?? '');
      this.job = undefined;
    }
    const retry = gone ? 'as_is' : (problem?.retry ?? 'as_is');
    this.#set({ phase: 'failed', reason, code: problem?.code ?? '', retry });
  }

  #remember() {
    const { job, name, finished } = this;
    if (job !== undefined) remember({ job, name, downloaded: finished === undefined && this.downloaded });
  }

  /** The job of the latest run is of no use any more, unless its result is the one at hand. */
  async #forgetUnfinished() {
    const { job, finished } = this;
    this.job = undefined;
    if (job !== undefined && job.id !== finished?.id) await forgetJob(job);
  }

  /** @param {Partial<Picture>} changes */
  #set(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event('change'));
  }
}

/** Removes a job here and in the service. @param {Job} job */
async function forgetJob({ id }) {
  forget(id);
  await discardJob(id);
}
