import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What a route demands of its callers, and how it is logged. Nothing set: a key where there are keys, the rate limit, a log line. */
export interface RoutePolicy {
  /** The route needs no API key, whatever the settings. */
  readonly isPublic?: boolean;
  /** The rate limit does not count the route. Requests with a wrong key still count, because guesses are as good there as elsewhere. */
  readonly isUncounted?: boolean;
  /** The log line has the level `debug`. */
  readonly isQuiet?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig extends RoutePolicy {}
}

/** Probes carry no key and come every few seconds. */
export const PROBE: RoutePolicy = { isPublic: true, isUncounted: true, isQuiet: true };
/** A scraper comes every few seconds. It can send a key, and the metrics tell what clients do. */
export const SCRAPED: RoutePolicy = { isUncounted: true, isQuiet: true };
/** A browser cannot send a key when it opens a page, and one view loads many files. */
export const PAGE: RoutePolicy = { isPublic: true, isUncounted: true };
/** As a page, but a program may fetch it in a loop. */
export const DOCUMENT: RoutePolicy = { isPublic: true };

/** The policy of the route that a request reached; none for an unknown path. */
export function policyOf(request: FastifyRequest): RoutePolicy {
  return request.routeOptions.config ?? {};
}

/** Gives a policy to the routes that a plugin registers in this scope. */
export function withPolicy(scope: FastifyInstance, policy: RoutePolicy): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, ...policy };
  });
}
