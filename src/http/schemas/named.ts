import { type Static, type TSchema, Type } from 'typebox';

/** A schema with a name of its own in the OpenAPI document; `all.ts` lists them. */
export type NamedSchema = TSchema & { readonly $id: string };

/** Gives a schema its name: that of the type in a generated client. */
export function named<const Name extends string, T extends TSchema>(
  name: Name,
  schema: T,
): T & { $id: Name } {
  return { ...schema, $id: name, title: name };
}

/** Stands for a named schema inside another one, or as a whole. @param description what it is there. */
export function refTo<T extends NamedSchema>(schema: T, description?: string) {
  return Type.Unsafe<Static<T>>({
    $ref: `${schema.$id}#`,
    ...(description === undefined ? {} : { description }),
  });
}

/** A JSON answer of one status, which a named schema describes. */
export function jsonAnswer(
  description: string,
  schema: NamedSchema,
  headers: Readonly<Record<string, object>> = {},
): object {
  return { description, headers, content: { 'application/json': { schema: refTo(schema) } } };
}
