import type { FastifyInstance } from 'fastify';

/** Which methods a path allows: what 405 and OPTIONS answer from. */
export class KnownPaths {
  private readonly routes: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];

  /** Watches the routes that are registered from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      if (url === '*') return;
      const methods = new Set(Array.isArray(method) ? method : [method]);
      this.routes.push({ pattern: patternOf(url), methods });
    });
  }

  /** @returns the methods of a path, sorted, `OPTIONS` among them; none when the path is unknown. */
  methodsOf(path: string): readonly string[] {
    const methods = this.routes
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  }
}

/** `/jobs/:id` → one segment; `/docs/*` → anything. */
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
