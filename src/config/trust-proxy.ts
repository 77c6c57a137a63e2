import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Names that proxy-addr, which Fastify asks, gives to groups of networks. */
const NAMED_NETWORKS: readonly string[] = ['loopback', 'linklocal', 'uniquelocal'];

/** Whether a text is a value of `TRUST_PROXY`. */
export function isTrustProxy(text: string): boolean {
  return text === 'true' || text === 'false' || text.split(',').every((item) => isNetwork(item.trim()));
}

function isNetwork(text: string): boolean {
  return (
    NAMED_NETWORKS.includes(text) ||
    isIP(text) !== 0 ||
    (isIP(text.split('/')[0] ?? '') !== 0 && ipaddr.isValidCIDR(text))
  );
}

/**
 * `TRUST_PROXY` as Fastify's option `trustProxy` wants it. A number of hops is not offered: it cannot tell a proxy from a
 * client that connects directly and invents the header.
 * @param text as `isTrustProxy` accepts it.
 */
export function parseTrustProxy(text: string): boolean | string[] {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.split(',').map((item) => item.trim());
}
