import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { ERROR_CODES, type ErrorCode, TesseraError } from '../../domain/errors.js';
import type { Attempt, UpscalePlan, UpscaleProgress } from '../../domain/types.js';
import { hasEnded, type JobState } from '../../jobs/job.js';
import type { RawOption } from '../../options/parse-options.js';
import type { Source } from '../picture.js';
import type { Finished, ResultFacts, UpscaleHooks, Upscaler } from '../upscaler.js';

/** What is read of a job of the public API. */
interface JobView {
  readonly id: string;
  readonly state: JobState;
  readonly position?: number;
  readonly progress?: UpscaleProgress;
  readonly attempts: readonly Attempt[];
  readonly result?: Omit<ResultFacts, 'attempts'>;
  readonly error?: { readonly code: string; readonly detail: string };
}

/** Between looks at a job: often at first, for small pictures; then as often as people look. */
const FIRST_LOOK_MS = 100;
const MAX_LOOK_MS = 1000;
/** A service that cannot be reached for so long is given up. */
const PATIENCE_MS = 60_000;
/** Longest time that removing a job may hold up the end of the command. */
const FAREWELL_MS = 5_000;
/** For so long an interrupted upload may still be answered: a job that was made by then can be removed, being known. */
const LAST_ANSWER_MS = 1_000;

/** Has pictures enlarged by a running service, through its public API alone. */
export class RemoteUpscaler implements Upscaler {
  /** @param server ends with a slash. */
  constructor(
    private readonly server: URL,
    private readonly apiKey: string | undefined,
    private readonly options: readonly RawOption[],
  ) {}

  /** @throws TesseraError engine_unavailable when nobody answers there. */
  async reach(signal: AbortSignal): Promise<void> {
    await this.#request('health/live', { signal });
  }

  async upscale(source: Source, hooks: UpscaleHooks): Promise<Finished> {
    const { signal, onStep } = hooks;
    const { jobs } = (await this.#submit('jobs', source, hooks, LAST_ANSWER_MS)) as { jobs: JobView[] };
    const id = jobs[0]?.id;
    if (id === undefined) throw new TesseraError('internal', 'The service answered without a job.');
    try {
      const job = await this.#follow(id, hooks);
      if (job.result === undefined) throw failureOf(job);
      onStep({ kind: 'saving' });
      return {
        facts: { ...job.result, attempts: job.attempts },
        open: () => this.#open(id, signal),
        dispose: () => this.#remove(id),
      };
    } catch (error) {
      // Also when we are interrupted: nobody else knows of this job.
      await this.#remove(id);
      throw error;
    }
  }

  async plan(source: Source, hooks: UpscaleHooks): Promise<UpscalePlan> {
    return (await this.#submit('upscale', source, hooks, 0)) as UpscalePlan;
  }

  async close(): Promise<void> {}

  /**
   * Sends a picture; while the service is busy, again after the time that it names.
   * @param lingerMs how long the answer is still waited for after an interruption.
   * @returns the answer, read from JSON.
   */
  async #submit(
    path: string,
    source: Source,
    { signal, onStep }: UpscaleHooks,
    lingerMs: number,
  ): Promise<unknown> {
    const content =
      source.path === undefined ? new Blob([await buffer(source.open())]) : await openAsBlob(source.path);
    const form = new FormData();
    form.append('file', content, source.path === undefined ? 'image' : basename(source.path));
    const query = new URLSearchParams(Object.fromEntries(this.options));
    const cut = new AbortController();
    const linger = () => setTimeout(() => cut.abort(signal.reason), lingerMs).unref();
    signal.addEventListener('abort', linger);
    try {
      for (;;) {
        signal.throwIfAborted();
        onStep({ kind: 'sending' });
        try {
          const init = { method: 'POST', body: form, signal: cut.signal };
          return await (await this.#request(`${path}?${query}`, init)).json();
        } catch (error) {
          const seconds = busySeconds(error);
          if (seconds === undefined) throw error;
          onStep({ kind: 'busy', retrySeconds: seconds });
          await sleep(seconds * 1000, undefined, { signal });
        }
      }
    } finally {
      signal.removeEventListener('abort', linger);
    }
  }

  /** Looks at a job until it has ended; a short break of the connection or a restart of the service is sat out. */
  async #follow(id: string, { signal, onStep }: UpscaleHooks): Promise<JobView> {
    let reachedAtMs = performance.now();
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(MAX_LOOK_MS, pauseMs * 1.5)) {
      let waitMs = pauseMs;
      try {
        const job = await this.#look(id, signal);
        reachedAtMs = performance.now();
        if (hasEnded(job)) return job;
        if (job.progress !== undefined) onStep({ kind: 'working', progress: job.progress });
        else if (job.state === 'running') onStep({ kind: 'starting' });
        else onStep({ kind: 'waiting', position: job.position });
      } catch (error) {
        signal.throwIfAborted();
        const passing = error instanceof TesseraError && error.code === 'engine_unavailable';
        const seconds = busySeconds(error);
        if (!passing && seconds === undefined) throw error;
        if (performance.now() - reachedAtMs > PATIENCE_MS) throw error;
        if (seconds !== undefined) waitMs = seconds * 1000;
      }
      await sleep(waitMs, undefined, { signal });
    }
  }

  async #open(id: string, signal: AbortSignal): Promise<Readable> {
    const { body } = await this.#request(`jobs/${id}/result`, { signal });
    if (body === null) throw new TesseraError('internal', 'The service answered without an image.');
    return Readable.fromWeb(body as ReadableStream<Uint8Array>);
  }

  /**
   * Cancels and removes. A service keeps a cancelled job for whoever else follows it, so it is removed again once it has
   * stopped; what cannot be removed expires there.
   */
  async #remove(id: string): Promise<void> {
    const signal = AbortSignal.timeout(FAREWELL_MS);
    try {
      await this.#request(`jobs/${id}`, { method: 'DELETE', signal });
      while (!hasEnded(await this.#look(id, signal))) await sleep(FIRST_LOOK_MS, undefined, { signal });
      await this.#request(`jobs/${id}`, { method: 'DELETE', signal });
    } catch {
      // Gone already, as wished; or out of reach.
    }
  }

  async #look(id: string, signal: AbortSignal): Promise<JobView> {
    return (await (await this.#request(`jobs/${id}`, { signal })).json()) as JobView;
  }

  /** @throws TesseraError with the service's own sentence; engine_unavailable when it cannot be reached. */
  async #request(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.server), {
        ...init,
        headers: this.apiKey === undefined ? {} : { 'x-api-key': this.apiKey },
      });
    } catch (cause) {
      init.signal?.throwIfAborted();
      throw new TesseraError(
        'engine_unavailable',
        `The service at ${this.server.origin} cannot be reached.`,
        {
          cause,
        },
      );
    }
    if (response.ok) return response;
    throw await problemOf(response);
  }
}

async function problemOf(response: Response): Promise<TesseraError> {
  const text = await response.text();
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const details = Number.isFinite(retryAfter) ? { retryAfterSeconds: Math.max(1, retryAfter) } : {};
  try {
    const { code, detail, title } = JSON.parse(text) as { code?: unknown; detail?: unknown; title?: unknown };
    const sentence = typeof detail === 'string' ? detail : title;
    if (typeof sentence === 'string') return new TesseraError(knownCode(code), sentence, { details });
  } catch {
    // Not the service's own answer but a proxy's.
  }
  return new TesseraError('internal', `The server answered with status ${response.status}.`, { details });
}

function failureOf({ error, state }: JobView): TesseraError {
  if (error !== undefined) return new TesseraError(knownCode(error.code), error.detail);
  return new TesseraError(
    state === 'cancelled' ? 'cancelled' : 'internal',
    'The job ended without a result.',
  );
}

function knownCode(code: unknown): ErrorCode {
  return ERROR_CODES.find((each) => each === code) ?? 'internal';
}

/** When to come back, where the service says so. */
function busySeconds(error: unknown): number | undefined {
  const coded =
    error instanceof TesseraError && ['queue_full', 'rate_limited', 'shutting_down'].includes(error.code);
  return coded ? error.details.retryAfterSeconds : undefined;
}
