import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { presentedKey } from './auth.js';

/**
 * The client that a request counts for where places are shared: its API key, or its address where the service has no
 * keys.
 * @param hasKeys whether the service has keys; without them a client could invent one. The key was checked before.
 */
export function clientOf(request: FastifyRequest, hasKeys: boolean): string {
  const key = hasKeys ? presentedKey(request) : undefined;
  return key === undefined ? clientNetwork(request.ip) : createHash('sha256').update(key).digest('base64url');
}

/** An address as one client. An IPv6 subscriber has the last 64 bits (RFC 6177), so only the first 64 count. */
export function clientNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const groups = parsed.parts.slice(0, 4).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
