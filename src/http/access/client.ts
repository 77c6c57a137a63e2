import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { presentedKey } from './auth.js';

/**
 * Whose request this is, where places are shared out: the API key's, which was checked before, or the address's where the service has no keys.
 * @param hasKeys whether the service has keys; otherwise anybody could invent one.
 */
export function clientOf(request: FastifyRequest, hasKeys: boolean): string {
  const key = hasKeys ? presentedKey(request) : undefined;
  return key === undefined ? clientNetwork(request.ip) : createHash('sha256').update(key).digest('base64url');
}

/** An address as one client: of IPv6 the first 64 bits, since a subscriber has all of the rest (RFC 6177). */
export function clientNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const groups = parsed.parts.slice(0, 4).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}
