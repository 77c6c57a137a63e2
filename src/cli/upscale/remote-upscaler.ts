import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { ERROR_CODES, type ErrorCode, TesseraError } from '../../domain/errors.js';
import type { UpscalePlan } from '../../domain/types.js';
import type { RawOption } from '../../options/parse-options.js';
import { hasEnded, type Job, JobsApi, pause } from '../../web/assets/client/jobs-api.js';
import { Problem } from '../../web/assets/client/problem.js';
import { openPicture, type Picture } from '../picture.js';
import type { Finished, UpscaleHooks, Upscaler } from '../upscaler.js';

/** Between looks at a job: short at first, for small pictures, then longer. */
const FIRST_LOOK_MS = 100;
const MAX_LOOK_MS = 1000;
/** A service that cannot be reached for this long is given up. */
const PATIENCE_MS = 60_000;
/** Longest time that the removal of a job may delay the end of the command. */
const DISCARD_MS = 5_000;
/** After an interruption, how long the answer to an upload is awaited: its job can be removed when its id is known. */
const LAST_ANSWER_MS = 1_000;
/** Refusals of a busy service, which say when to come back. */
const BUSY_CODES: readonly ErrorCode[] = ['queue_full', 'rate_limited', 'shutting_down'];

/** Has pictures enlarged by a running service, through its public API alone. */
export class RemoteUpscaler implements Upscaler {
  readonly #api: JobsApi;

  /** @param server ends with a slash. */
  constructor(
    private readonly server: URL,
    apiKey: string | undefined,
    private readonly options: readonly RawOption[],
  ) {
    this.#api = new JobsApi(server, () => apiKey);
  }

  /** @throws TesseraError engine_unavailable when the service cannot be reached. */
  async reach(signal: AbortSignal): Promise<void> {
    await this.#call((api) => api.request('health/live', { signal }), signal);
  }

  async upscale(picture: Picture, hooks: UpscaleHooks): Promise<Finished> {
    const { signal, onStep } = hooks;
    const { jobs } = (await this.#submit('jobs', picture, hooks, LAST_ANSWER_MS)) as { jobs: Job[] };
    const id = jobs[0]?.id;
    if (id === undefined) throw new TesseraError('internal', 'The service answered without a job.');
    const dispose = () => this.#api.discard(id, FIRST_LOOK_MS, AbortSignal.timeout(DISCARD_MS));
    try {
      const job = await this.#follow(id, hooks);
      if (job.result === undefined) throw failureOf(job);
      onStep({ kind: 'saving' });
      const { href, fileName, mediaType, ...facts } = job.result;
      return {
        facts: { ...facts, attempts: job.attempts },
        open: () => this.#open(id, signal),
        dispose,
      };
    } catch (error) {
      // Also after an interruption: this command alone knows the job.
      await dispose();
      throw error;
    }
  }

  async plan(picture: Picture, hooks: UpscaleHooks): Promise<UpscalePlan> {
    return (await this.#submit('upscale', picture, hooks, 0)) as UpscalePlan;
  }

  async close(): Promise<void> {}

  /**
   * Sends a picture; while the service is busy, again after the time that it names.
   * @param lingerMs how long the answer is awaited after an interruption.
   * @returns the parsed JSON of the answer.
   */
  async #submit(
    path: string,
    picture: Picture,
    { signal, onStep }: UpscaleHooks,
    lingerMs: number,
  ): Promise<unknown> {
    const content =
      picture.path === undefined
        ? new Blob([await buffer(openPicture(picture))])
        : await openAsBlob(picture.path);
    const body = new FormData();
    body.append('file', content, picture.path === undefined ? 'image' : basename(picture.path));
    const query = new URLSearchParams(Object.fromEntries(this.options));
    const cut = new AbortController();
    const linger = () => setTimeout(() => cut.abort(signal.reason), lingerMs).unref();
    signal.addEventListener('abort', linger);
    const send = async (api: JobsApi) =>
      (await api.request(`${path}?${query}`, { method: 'POST', body, signal: cut.signal })).json();
    try {
      for (;;) {
        signal.throwIfAborted();
        onStep({ kind: 'sending' });
        try {
          return await this.#call(send, cut.signal);
        } catch (error) {
          const seconds = busySeconds(error);
          if (seconds === undefined) throw error;
          onStep({ kind: 'busy', retrySeconds: seconds });
          await pause(seconds * 1000, signal);
        }
      }
    } finally {
      signal.removeEventListener('abort', linger);
    }
  }

  /** Polls a job until it has ended. A short break of the connection or a restart of the service is no failure. */
  async #follow(id: string, { signal, onStep }: UpscaleHooks): Promise<Job> {
    let reachedAtMs = performance.now();
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(MAX_LOOK_MS, pauseMs * 1.5)) {
      let waitMs = pauseMs;
      try {
        const job = await this.#call((api) => api.job(id, signal), signal);
        reachedAtMs = performance.now();
        if (hasEnded(job)) return job;
        if (job.progress !== undefined) onStep({ kind: 'working', progress: job.progress });
        else if (job.state === 'running') onStep({ kind: 'starting' });
        else onStep({ kind: 'waiting', position: job.position });
      } catch (error) {
        signal.throwIfAborted();
        const isUnreachable = error instanceof TesseraError && error.code === 'engine_unavailable';
        const seconds = busySeconds(error);
        if (!isUnreachable && seconds === undefined) throw error;
        if (performance.now() - reachedAtMs > PATIENCE_MS) throw error;
        if (seconds !== undefined) waitMs = seconds * 1000;
      }
      await pause(waitMs, signal);
    }
  }

  async #open(id: string, signal: AbortSignal): Promise<Readable> {
    const { body } = await this.#call((api) => api.request(`jobs/${id}/result`, { signal }), signal);
    if (body === null) throw new TesseraError('internal', 'The service answered without an image.');
    return Readable.fromWeb(body as ReadableStream<Uint8Array>);
  }

  /** @throws TesseraError with the service's own sentence; engine_unavailable when the service cannot be reached. */
  async #call<T>(call: (api: JobsApi) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await call(this.#api);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof Problem) {
        const { code, message, retryAfterSeconds } = cause;
        const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
        throw new TesseraError(knownCode(code), message, { details });
      }
      const sentence = `The service at ${this.server.origin} cannot be reached.`;
      throw new TesseraError('engine_unavailable', sentence, { cause });
    }
  }
}

function failureOf({ error, state }: Job): TesseraError {
  if (error !== undefined) return new TesseraError(knownCode(error.code), error.detail);
  const code = state === 'cancelled' ? 'cancelled' : 'internal';
  return new TesseraError(code, 'The job ended without a result.');
}

function knownCode(code: string): ErrorCode {
  return ERROR_CODES.find((each) => each === code) ?? 'internal';
}

/** Seconds until the next try, when a busy service names them. */
function busySeconds(error: unknown): number | undefined {
  const isBusy = error instanceof TesseraError && BUSY_CODES.includes(error.code);
  return isBusy ? error.details.retryAfterSeconds : undefined;
}
