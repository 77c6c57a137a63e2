import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config/config.js';
import { TesseraError } from '../../domain/errors.js';

/** Checks the API key of a request. @throws TesseraError unauthorized. */
export type KeyCheck = (request: FastifyRequest) => void;

/**
 * Compares digests in constant time, and always with every key, so that the duration reveals nothing about the keys.
 * @param keys without any, every request passes.
 */
export function keyCheck(keys: readonly string[]): KeyCheck {
  if (keys.length === 0) return () => undefined;
  const digests = keys.map(digest);
  return (request) => {
    const given = presentedKey(request);
    if (given === undefined)
      throw unauthorized('This service needs an API key, in X-API-Key or as a bearer token.');
    const presented = digest(given);
    const matches = digests.filter((known) => timingSafeEqual(known, presented));
    if (matches.length === 0) throw unauthorized('The API key is not valid.');
  };
}

/** The owner of a request's jobs and idempotency keys: a digest of its API key; empty when the service has no keys. */
export function ownerOf(request: FastifyRequest, { API_KEYS }: Pick<Config, 'API_KEYS'>): string {
  const key = API_KEYS.length === 0 ? undefined : presentedKey(request);
  return key === undefined ? '' : digest(key).toString('base64url');
}

function presentedKey({ headers }: FastifyRequest): string | undefined {
  const header = headers['x-api-key'];
  // Proxies and forms send empty headers, which count as absent.
  if (typeof header === 'string' && header !== '') return header;
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function unauthorized(message: string): TesseraError {
  return new TesseraError('unauthorized', message, { details: { parameter: 'X-API-Key' } });
}
