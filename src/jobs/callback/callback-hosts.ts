import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { TesseraError } from '../../domain/errors.js';

/** One entry of `CALLBACK_HOSTS`: `host` or `host:port`, optionally followed by `=private`. */
interface AllowedHost {
  readonly hostname: string;
  /** undefined: only the default port of the scheme. */
  readonly port: string | undefined;
  readonly allowsPrivate: boolean;
}

/** The hosts that may receive callbacks. Their addresses must be public unless the entry allows private ones. */
export class CallbackHosts {
  readonly #hosts: readonly AllowedHost[];

  constructor(entries: readonly string[]) {
    this.#hosts = entries.map(parseEntry);
  }

  /** @throws TesseraError invalid_option unless the URL is http(s), without credentials, and its host is listed. */
  check(text: string): AllowedHost {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw refused('The callback_url is not an http or https URL.', text);
    }
    if (url.username !== '' || url.password !== '') {
      throw refused('The callback_url must not hold a user name or password.', text);
    }
    const effectivePort = url.port || (url.protocol === 'https:' ? '443' : '80');
    const host = this.#hosts.find(
      ({ hostname, port }) =>
        hostname === url.hostname && (port === undefined ? url.port === '' : port === effectivePort),
    );
    if (host === undefined) throw refused('This service sends no callbacks to that host.', text);
    return host;
  }
}

function parseEntry(entry: string): AllowedHost {
  const [address = '', flag] = entry.split('=');
  // Parsed as a URL, so that names are compared in one form: lower case, punycode, brackets around IPv6.
  const url = URL.canParse(`https://${address}`) ? new URL(`https://${address}`) : undefined;
  const explicitPort = /:(\d+)$/.exec(address)?.[1];
  if (url === undefined || url.pathname !== '/' || (flag !== undefined && flag !== 'private')) {
    throw new Error(
      `CALLBACK_HOSTS has "${entry}"; expected host or host:port, with =private where its address is private.`,
    );
  }
  return { hostname: url.hostname, port: explicitPort, allowsPrivate: flag === 'private' };
}

function refused(message: string, received: string): TesseraError {
  return new TesseraError('invalid_option', message, {
    details: {
      parameter: 'callback_url',
      received: received.slice(0, 200),
      accepted: 'a URL of a host that CALLBACK_HOSTS lists',
    },
  });
}

/**
 * Whether an address is on the public internet: in none of the ranges of the IANA special-purpose registries (RFC 6890).
 * An IPv4 address in IPv6 form is not public.
 */
export function isPublicAddress(address: string): boolean {
  return isIP(address) !== 0 && ipaddr.parse(address).range() === 'unicast';
}
