import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
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
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::')
    ? Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
    : [];
  const network = [...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
