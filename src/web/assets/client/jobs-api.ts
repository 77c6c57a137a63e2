import type { Static } from 'typebox';
import type { JobSchema } from '../../../http/schemas/job.js';
import { Problem } from './problem.js';

export type Job = Static<typeof JobSchema>;

export function hasEnded({ state }: Job): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Resolves after a time, or rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal.addEventListener('abort', leave, { once: true });
  });
}

/** Calls of the public API. Uses neither the DOM nor Node, so that the page and the command line share it. */
export class JobsApi {
  /**
   * @param base address of the service, to which paths are relative, so that the service also works under a prefix.
   * @param apiKey returns the key; empty or undefined: none.
   */
  constructor(
    private readonly base: string | URL,
    private readonly apiKey: () => string | undefined,
  ) {}

  address(path: string): string {
    return new URL(path, this.base).href;
  }

  /** The header that carries the key, or none. */
  keyHeader(): Record<string, string> {
    const key = this.apiKey();
    return key ? { 'x-api-key': key } : {};
  }

  /**
   * @returns a success.
   * @throws Problem for any other answer; TypeError when the service cannot be reached; the signal's reason.
   */
  async request(
    path: string,
    init: Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { ...this.keyHeader(), ...init.headers };
    const options = { cache: 'no-store' as const, ...init, headers };
    const response = await fetch(this.address(path), options);
    if (response.ok) return response;
    throw Problem.from(response.status, await response.text(), response.headers.get('retry-after'));
  }

  async job(id: string, signal: AbortSignal): Promise<Job> {
    return (await (await this.request(`jobs/${id}`, { signal })).json()) as Job;
  }

  /**
   * Cancels a job and removes its result. The service keeps a cancelled job for its other followers until it has stopped;
   * the second call removes it. Never rejects: a job that cannot be removed expires.
   * @param pauseMs between looks at a job that is stopping.
   */
  async discard(id: string, pauseMs: number, signal: AbortSignal): Promise<void> {
    const remove = () => this.request(`jobs/${id}`, { method: 'DELETE', signal });
    try {
      await remove();
      while (!hasEnded(await this.job(id, signal))) await pause(pauseMs, signal);
      await remove();
    } catch {
      // The job is removed already, or the service cannot be reached.
    }
  }
}
