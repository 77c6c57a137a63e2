import { type Static, type TSchema, Type } from 'typebox';

/** A schema with a name of its own in the OpenAPI document. */
export type NamedSchema = TSchema & { readonly $id: string };

/** Every schema made by `named`. */
export const NAMED_SCHEMAS: NamedSchema[] = [];

/** The properties of an object schema for a domain type. A field that is missing, or too many, does not compile. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: TSchema };

/** Names a schema: a generated client has a type of this name. */
export function named<const Name extends string, T extends TSchema>(
  name: Name,
  description: string,
  schema: T,
): T & { $id: Name } {
  const result = { ...schema, $id: name, title: name, description };
  NAMED_SCHEMAS.push(result);
  return result;
}

/** A reference to a named schema. */
export function refTo<T extends NamedSchema>(schema: T) {
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` });
}

export const optional = Type.Optional;
export const text = (description: string) => Type.String({ description });
export const integer = (description: string) => Type.Integer({ description });
export const decimal = (description: string) => Type.Number({ description });
export const flag = (description: string) => Type.Boolean({ description });

export function listOf<T extends TSchema>(item: T, description: string) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(item, { description }));
}

/** One of several words. Client generators need the type beside the words. */
export function oneOf<const T extends string>(words: readonly T[], description: string) {
  return Type.Enum([...words], { type: 'string', description });
}

/** The JSON answer of one status. */
export function jsonAnswer<T extends NamedSchema>(
  description: string,
  schema: T,
  headers: Readonly<Record<string, object>>,
) {
  return { description, headers, content: { 'application/json': { schema: refTo(schema) } } };
}
