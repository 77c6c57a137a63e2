import { type Static, type TSchema, Type } from 'typebox';

/** A schema with a name of its own in the OpenAPI document; `schemas/all.ts` lists them. */
export type NamedSchema = TSchema & { readonly $id: string };

type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
type Same<A, B> = [A, keyof A] extends [B, keyof B]
  ? [B, keyof B] extends [A, keyof A]
    ? true
    : false
  : false;

/**
 * Ties a schema to the type that the code answers with. Fastify's serializer drops members that a schema lacks without a word,
 * so a schema that lacks a member of `T`, or has another one, does not compile.
 * @example schemaOf<Attempt>()(Type.Object({ model: Type.String(), … }))
 */
export function schemaOf<T>() {
  return <S extends TSchema>(schema: Same<Mutable<Static<S>>, Mutable<T>> extends true ? S : never): S =>
    schema;
}

/** Gives a schema its name: the name of the type in a generated client. */
export function named<const Name extends string, T extends TSchema>(
  name: Name,
  description: string,
  schema: T,
): T & { $id: Name } {
  return { ...schema, $id: name, title: name, description };
}

/** A reference to a named schema, inside another schema or in place of one. */
export function refTo<T extends NamedSchema>(schema: T) {
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` });
}

/** One word of several. The type stands beside the words because generators of clients need it. */
export function oneOf<const T extends string>(words: readonly T[], description: string) {
  return Type.Enum([...words], { type: 'string', description });
}

/** An array. Its static type is readonly, so the code may return an array that it does not own. */
export function listOf<T extends TSchema>(items: T, { description }: { readonly description: string }) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(items, { description }));
}

/** A JSON answer of one status, described by a named schema. */
export function jsonAnswer<T extends NamedSchema>(
  description: string,
  schema: T,
  headers: Readonly<Record<string, object>> = {},
) {
  return { description, headers, content: { 'application/json': { schema: refTo(schema) } } };
}
