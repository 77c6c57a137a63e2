import { getResult, Problem } from './api.js';
import { discardJob, followJob } from './follow.js';
import { insist } from './insist.js';
import { forget, remember } from './remembered.js';
import { pause, Slots } from './slots.js';
import { uploadPicture } from './upload.js';

/**
 * @typedef {import('./api.js').Job} Job
 * @typedef {'waiting' | 'uploading' | 'working' | 'receiving' | 'done' | 'failed' | 'cancelled'} Phase
 */

const uploads = new Slots(2);
/** Jobs of this page in the service at a time: hundreds of dropped pictures must not fill its queue. */
const places = new Slots(8);
/** A full queue is asked again this often before the refusal is shown. */
const MOST_TRIES = 30;

/** One picture's way through the service: upload, job, result. What it is doing is told by `change` events. */
export class Picture extends EventTarget {
  /** @type {Phase} */
  phase = 'waiting';
  /** Of the bytes sent, 0 to 1. */
  uploaded = 0;
  /** Whole seconds until the next try, while the service is busy. @type {number | undefined} */
  nextTryInSeconds = undefined;
  /** @type {Job | undefined} */
  job = undefined;
  /** @type {Blob | undefined} */
  result = undefined;
  /** Why it failed, in words. */
  reason = '';
  /** Code of the problem, for the page to act on (`unauthorized`). */
  code = '';
  /** False while the service is out of reach. */
  connected = true;
  /** Whether the result was saved. */
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

  /** @param {import('./remembered.js').Remembered} known from before a reload; to be resumed. */
  static remembered({ job, name, downloaded }) {
    return Object.assign(new Picture(name), { job, downloaded });
  }

  /** @returns {boolean} true when `run` can be of use again. */
  get repeatable() {
    return this.file !== undefined || (this.job !== undefined && this.job.error === undefined);
  }

  /** @returns {boolean} true while there is something to cancel. */
  get busy() {
    return ['waiting', 'uploading', 'working', 'receiving'].includes(this.phase);
  }

  /**
   * Runs from upload to result; also again, after an end. Never rejects: what went wrong is told by `phase` and `reason`.
   * @param {URLSearchParams} options
   */
  async run(options) {
    const { file } = this;
    if (file === undefined) return this.resume();
    this.#forget();
    this.downloaded = false;
    await this.#work(async (signal) => this.#finish(await this.#submit(file, options, signal), signal));
  }

  /** Goes on with the job that is known from before a reload. Never rejects either. */
  async resume() {
    const { job } = this;
    if (job !== undefined) await this.#work((signal) => this.#finish(job, signal));
  }

  /** The result was saved. */
  noteDownload() {
    this.downloaded = true;
    this.#remember();
  }

  /** @param {(signal: AbortSignal) => Promise<void>} steps */
  async #work(steps) {
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ phase: 'waiting', uploaded: 0, result: undefined, reason: '', code: '', connected: true });
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
    this.#set({ phase: 'cancelled', nextTryInSeconds: undefined });
    await this.#forget();
  }

  /** Stops, and removes the job and its result from the service. */
  async dispose() {
    this.#abort.abort();
    await this.#forget();
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
        if (!(error instanceof Problem && error.passing) || tries === MOST_TRIES) throw error;
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
    if (job.state === 'cancelled') return this.#set({ phase: 'cancelled' });
    if (job.error !== undefined) {
      return this.#set({ phase: 'failed', reason: job.error.detail, code: job.error.code });
    }
    this.#set({ phase: 'receiving' });
    const result = await insist(() => getResult(job.id, signal), signal, onConnection);
    this.#set({ result, phase: 'done' });
  }

  /** @param {unknown} error */
  #fail(error) {
    const reason =
      error instanceof TypeError
        ? 'The service cannot be reached.'
        : error instanceof Error
          ? error.message
          : String(error);
    // Gone from the service: nothing to come back to.
    if (error instanceof Problem && error.status === 404 && this.job !== undefined) {
      forget(this.job.id);
      this.job = undefined;
    }
    this.#set({ phase: 'failed', reason, code: error instanceof Problem ? error.code : '' });
  }

  #remember() {
    const { job, name, downloaded } = this;
    if (job !== undefined) remember({ job, name, downloaded });
  }

  /** The job is of no use any more. */
  async #forget() {
    const { job } = this;
    this.job = undefined;
    if (job === undefined) return;
    forget(job.id);
    await discardJob(job.id);
  }

  /** @param {Partial<Picture>} changes */
  #set(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event('change'));
  }
}
