import { type Static, type TSchema, Type } from 'typebox';

/** A schema with a name of its own in the OpenAPI document; `all.ts` lists them. */
export type NamedSchema = TSchema & { readonly $id: string };

/** Gives a schema its name: that of the type in a generated client. @param description what it is: it stands nowhere else. */
export function named<const Name extends string, T extends TSchema>(
  name: Name,
  description: string,
  schema: T,
): T & { $id: Name } {
  return { ...schema, $id: name, title: name, description };
}

/** Stands for a named schema inside another one, or as a whole. */
export function refTo<T extends NamedSchema>(schema: T) {
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` });
}

/** One word of several; generators want the type beside the words. */
export function oneOf<const T extends string>(words: readonly T[], description: string) {
  return Type.Enum([...words], { type: 'string', description });
}

/** A JSON answer of one status, which a named schema describes. */
export function jsonAnswer(
  description: string,
  schema: NamedSchema,
  headers: Readonly<Record<string, object>> = {},
): object {
  return { description, headers, content: { 'application/json': { schema: refTo(schema) } } };
}
