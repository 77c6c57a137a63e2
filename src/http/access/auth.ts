import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';

/** A check of the request's API key. @throws TesseraError unauthorized. */
export type KeyCheck = (request: FastifyRequest) => void;

/**
 * Compares digests in constant time, and compares every key, so that the time of an answer reveals nothing.
 * @param keys accepted keys; with none, every request passes.
 */
export function keyCheck(keys: readonly string[]): KeyCheck {
  if (keys.length === 0) return () => undefined;
  const digests = keys.map(digest);
  return (request) => {
    const given = presentedKey(request);
    if (given === undefined) {
      throw unauthorized('This service needs an API key, in X-API-Key or as a bearer token.');
    }
    const presented = digest(given);
    const matches = digests.filter((known) => timingSafeEqual(known, presented));
    if (matches.length === 0) throw unauthorized('The API key is not valid.');
  };
}

/** The key that a request presents, in `X-API-Key` or as a bearer token. */
export function presentedKey(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  // Proxies and forms may send an empty header; it counts as no key.
  if (typeof header === 'string' && header !== '') return header;
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function unauthorized(message: string): TesseraError {
  return new TesseraError('unauthorized', message, { details: { parameter: 'X-API-Key' } });
}
