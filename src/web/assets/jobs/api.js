import { keyHeader } from './api-key.js';

/**
 * The public API, as the page uses it.
 * @typedef {import('typebox').Static<typeof import('../../../http/schemas/job.js').JobSchema>} Job
 * @typedef {import('../../../domain/types.js').ModelStatus} ModelStatus
 * @typedef {import('../../../domain/errors.js').Retry} Retry
 */

/** An answer that is not a success, in the words of its problem document (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code stable code, or `unknown` when something between us and the service answered.
   * @param {Retry} retry what helps.
   * @param {string} detail
   * @param {number} [retryAfterSeconds]
   */
  constructor(status, code, retry, detail, retryAfterSeconds) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retry = retry;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** @returns {boolean} true when the same request may well succeed a little later. */
  get passing() {
    return this.retryAfterSeconds !== undefined && (this.status === 429 || this.status === 503);
  }

  /** @returns {boolean} true when a proxy answered, because the service behind it did not. */
  get ofGateway() {
    return this.code === 'unknown' && [502, 503, 504].includes(this.status);
  }

  /**
   * @param {number} status
   * @param {string} body
   * @param {string | null} retryAfter the header's value.
   */
  static from(status, body, retryAfter) {
    const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
    const later = Number.isFinite(seconds) ? seconds : undefined;
    try {
      const { code, retry, detail, title } = JSON.parse(body);
      if (typeof detail === 'string' || typeof title === 'string') {
        return new Problem(
          status,
          String(code ?? 'unknown'),
          retry ?? retryOf(status),
          detail ?? title,
          later,
        );
      }
    } catch {
      // Not ours: a proxy's page. Its status is all there is to tell.
    }
    const sentence = `The server answered with status ${status}.`;
    return new Problem(status, 'unknown', retryOf(status), sentence, later);
  }
}

/**
 * What helps where something between us and the service answered, which says nothing of it.
 * @param {number} status
 * @returns {Retry}
 */
function retryOf(status) {
  return status >= 500 || status === 408 || status === 429 ? 'as_is' : 'never';
}

/**
 * Paths are relative to the page, so that the service also works under a prefix.
 * @param {string} path
 * @returns {string}
 */
export function address(path) {
  return new URL(path, document.baseURI).href;
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} always a success.
 * @throws {Problem} when the service answers with an error; TypeError when there is no connection.
 */
export async function request(path, init = {}) {
  const response = await fetch(address(path), {
    cache: 'no-store',
    ...init,
    headers: { ...keyHeader(), ...init.headers },
  });
  if (response.ok) return response;
  throw Problem.from(response.status, await response.text(), response.headers.get('retry-after'));
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Job>}
 */
export async function getJob(id, signal) {
  return (await request(`jobs/${id}`, { signal })).json();
}

/**
 * Cancels a job, or removes its result. A job that is gone already is what was wanted.
 * @param {string} id
 */
export async function deleteJob(id) {
  try {
    await request(`jobs/${id}`, { method: 'DELETE' });
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
  }
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Blob>}
 */
export async function getResult(id, signal) {
  return (await request(`jobs/${id}/result`, { signal })).blob();
}

/** @returns {Promise<ModelStatus[]>} */
export async function getModels() {
  const { models } = await (await request('models')).json();
  return models;
}
