import type { FastifyInstance } from 'fastify';

/** The methods of each path, for 405 and OPTIONS. */
export class KnownPaths {
  private readonly routes: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];

  /** Records the routes that are registered from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      if (url === '*') return;
      const methods = new Set(Array.isArray(method) ? method : [method]);
      this.routes.push({ pattern: patternOf(url), methods });
    });
  }

  /** @returns the sorted methods of a path with `OPTIONS`; an empty list for an unknown path. */
  methodsOf(path: string): readonly string[] {
    const methods = this.routes
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  }
}

/** `/jobs/:id` matches one segment, `/docs/*` anything. */
function patternOf(url: string): RegExp {
  const source = url
    .split(/(:[^/]+|\*)/)
    .map((piece) => {
      if (piece === '*') return '.*';
      return piece.startsWith(':') ? '[^/]+' : piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
