import { AUTO_MODEL, PURPOSES } from '../domain/types.js';

interface NumberSpec {
  readonly type: 'number' | 'integer';
  readonly minimum: number;
  /** true: a value must be above the minimum. */
  readonly exclusiveMinimum?: boolean;
  readonly maximum: number;
  readonly unit?: string;
}
interface ChoiceSpec {
  readonly type: 'choice';
  readonly choices: readonly string[];
  /** Synonyms of the choices, in lower case. */
  readonly spellings?: Readonly<Record<string, string>>;
}
/** A list is separated by commas; an empty text is an empty list. */
interface ListSpec {
  readonly type: 'list';
  readonly acceptsItem?: (item: string) => boolean;
  readonly accepted: string;
}
interface TextSpec {
  readonly type: 'text';
  readonly accepts?: (text: string) => boolean;
  /** Names the values that `accepts` takes. */
  readonly accepted?: string;
}

/** What a setting or an option may be. It yields the parser, the sentence of errors, and the generated tables. */
export type ValueSpec =
  | NumberSpec
  | ChoiceSpec
  | ListSpec
  | TextSpec
  | { readonly type: 'boolean' | 'colour' | 'model' };

/** The TypeScript type of a spec's values. A colour is `#rrggbb`. */
export type ValueOf<S> = S extends { type: 'integer' | 'number' }
  ? number
  : S extends { type: 'boolean' }
    ? boolean
    : S extends { type: 'list' }
      ? readonly string[]
      : S extends { type: 'choice'; choices: readonly (infer C)[] }
        ? C
        : string;

/**
 * Parses a value.
 * @param models names that a spec of type `model` accepts beside `auto` and the purposes; undefined accepts every name.
 * @returns undefined when the spec does not accept the text.
 */
export function parseValue<S extends ValueSpec>(
  spec: S,
  text: string,
  models?: readonly string[],
): ValueOf<S> | undefined;
export function parseValue(spec: ValueSpec, text: string, models?: readonly string[]): unknown {
  switch (spec.type) {
    case 'number':
    case 'integer':
      return parseNumber(spec, text);
    case 'choice': {
      const word = text.toLowerCase();
      const isSynonym = spec.spellings !== undefined && Object.hasOwn(spec.spellings, word);
      const choice = isSynonym ? spec.spellings[word] : word;
      return spec.choices.find((each) => each === choice);
    }
    case 'boolean': {
      const word = text.toLowerCase();
      return word === 'true' || word === 'false' ? word === 'true' : undefined;
    }
    case 'list': {
      const items = text.split(',').map((item) => item.trim());
      const given = items.filter((item) => item !== '');
      return given.every(spec.acceptsItem ?? (() => true)) ? given : undefined;
    }
    case 'text':
      return (spec.accepts?.(text) ?? true) ? text : undefined;
    case 'colour':
      return parseColour(text);
    case 'model':
      return [AUTO_MODEL, ...PURPOSES].includes(text) || (models?.includes(text) ?? true) ? text : undefined;
  }
}

/** Decimal notation only: no sign, no exponent, up to ten digits before the point and nine behind it. */
function parseNumber(spec: NumberSpec, text: string): number | undefined {
  const notation = spec.type === 'integer' ? /^\d{1,10}$/ : /^\d{1,10}(\.\d{1,9})?$/;
  if (!notation.test(text)) return undefined;
  const value = Number(text);
  const aboveMinimum = spec.exclusiveMinimum ? value > spec.minimum : value >= spec.minimum;
  return aboveMinimum && value <= spec.maximum ? value : undefined;
}

/** `#rgb` or `#rrggbb`; the `#` may be missing, because a query must escape it. */
function parseColour(text: string): string | undefined {
  const digits = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text)?.[1]?.toLowerCase();
  return digits && `#${digits.length === 6 ? digits : digits.replace(/./g, '$&$&')}`;
}

/** What a spec accepts, in words without its unit: "a whole number from 1 to 100". */
export function accepted(spec: ValueSpec, models: readonly string[] = []): string {
  switch (spec.type) {
    case 'number':
    case 'integer': {
      const noun = spec.type === 'integer' ? 'a whole number' : 'a number';
      return spec.exclusiveMinimum
        ? `${noun} above ${spec.minimum} and at most ${spec.maximum}`
        : `${noun} from ${spec.minimum} to ${spec.maximum}`;
    }
    case 'choice':
      return spec.choices.join(', ');
    case 'boolean':
      return 'true or false';
    case 'list':
      return spec.accepted;
    case 'text':
      return spec.accepted ?? 'text';
    case 'colour':
      return 'a colour as #rgb or #rrggbb';
    case 'model':
      return models.length === 0
        ? `${AUTO_MODEL}, ${PURPOSES.join(', ')}, or a name from GET /models`
        : [AUTO_MODEL, ...PURPOSES, ...models].join(', ');
  }
}
