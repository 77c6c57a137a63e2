import assert from 'node:assert/strict';

export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $ref?: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: Schema;
}

export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description?: string; readonly schema: Schema }>>;
  readonly content?: Readonly<
    Record<string, { readonly schema: Schema; readonly example?: { readonly status: number } }>
  >;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface ApiDocument {
  readonly info: { readonly description: string; readonly license: object };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly object[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What the app says of itself. */
export async function documentOf(origin: string): Promise<ApiDocument> {
  const response = await fetch(`${origin}/openapi.json`);
  assert.equal(response.status, 200);
  return (await response.json()) as ApiDocument;
}

/** Every operation, with where it is. */
export function operationsOf({ paths }: ApiDocument) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** A schema and every schema inside of it, with the way to it. */
export function* schemasIn(schema: Schema, way: string): Generator<readonly [string, Schema]> {
  yield [way, schema];
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* schemasIn(member, `${way}.${name}`);
  if (schema.items !== undefined) yield* schemasIn(schema.items, `${way}[]`);
}
