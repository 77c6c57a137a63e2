import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import type { Config } from '../../config/config.js';
import { ownerOf } from './auth.js';

/** The client of a request, for a fair share of upload places: its API key, or its address when the service has no keys. */
export function clientOf(request: FastifyRequest, config: Pick<Config, 'API_KEYS'>): string {
  return ownerOf(request, config) || clientNetwork(request.ip);
}

/** An address as one client. Of IPv6 only the first 64 bits count: a subscriber has all addresses below them (RFC 6177). */
export function clientNetwork(address: string): string {
  if (isIP(address) === 0) return address;
  const parsed = ipaddr.process(address);
  if (!('parts' in parsed)) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
