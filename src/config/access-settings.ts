import type { Setting } from './setting.js';
import { isTrustProxy } from './trust-proxy.js';

/** Access: origins, keys, proxies and the rate limit. */
export const ACCESS_SETTINGS = {
  CORS_ORIGINS: {
    type: 'list',
    default: ['*'],
    acceptsItem: (item) => item === '*' || isOrigin(item),
    accepted: '`*`, or origins (`https://example.org`) separated by commas',
    description: 'Origins whose pages may call the service.',
  },
  API_KEYS: {
    type: 'list',
    default: [],
    accepted: 'keys separated by commas',
    description:
      'When set, a request needs one of them in `X-API-Key` or as a bearer token, `/metrics` too; the page, the API documentation and `/health` stay open.',
  },
  TRUST_PROXY: {
    type: 'text',
    default: 'false',
    accepts: isTrustProxy,
    accepted: 'false, true, or addresses and networks separated by commas',
    description:
      'Whose `X-Forwarded-For` counts: `false`, or addresses and networks separated by commas. `true` is unsafe: any client can then invent its address.',
  },
  RATE_LIMIT_MAX: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description: 'Requests per client and window; 0 turns the limit off.',
  },
  RATE_LIMIT_WINDOW_SECONDS: {
    type: 'integer',
    default: 60,
    minimum: 1,
    maximum: 86_400,
    unit: 's',
    description: 'Window of the rate limit.',
  },
} as const satisfies Record<string, Setting>;

/** Whether a text is an origin as browsers send it: scheme, host and port, no path. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
