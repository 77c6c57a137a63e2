import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config/config.js';
import { presentedKey } from './auth.js';

/** The owner of the jobs and idempotency keys of a request: a digest of its API key, or empty where the service has no keys. */
export function ownerOf(request: FastifyRequest, { API_KEYS }: Pick<Config, 'API_KEYS'>): string {
  const key = API_KEYS.length === 0 ? undefined : presentedKey(request);
  return key === undefined ? '' : createHash('sha256').update(key).digest('base64url');
}
