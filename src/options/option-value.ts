import { AUTO_MODEL, DEFAULT_TILE_PX } from '../domain/types.js';
import type { OptionSpec } from './option-table.js';

/** A colour is its sRGB samples, 0..255. */
export type OptionValue = string | number | boolean | readonly [number, number, number];

/**
 * Reads the value of an option.
 * @param models names that `model` accepts beside `auto`.
 * @returns undefined when the text is not one of the accepted values.
 */
export function readOption(
  spec: OptionSpec,
  text: string,
  models: readonly string[],
): OptionValue | undefined {
  switch (spec.type) {
    case 'number':
    case 'integer': {
      const form = spec.type === 'integer' ? /^\d{1,9}$/ : /^\d{1,9}(\.\d{1,9})?$/;
      if (!form.test(text)) return undefined;
      const value = Number(text);
      const aboveMinimum = spec.exclusiveMinimum ? value > spec.minimum : value >= spec.minimum;
      return aboveMinimum && value <= spec.maximum ? value : undefined;
    }
    case 'choice':
      return readChoice(text.toLowerCase(), spec);
    case 'boolean':
      return readBoolean(text.toLowerCase());
    case 'colour':
      return readColour(text);
    case 'model':
      return text === AUTO_MODEL || models.includes(text) ? text : undefined;
  }
}

/** @param word in small letters: no choice has others. */
function readChoice(word: string, spec: OptionSpec & { readonly type: 'choice' }): string | undefined {
  const choice =
    spec.spellings !== undefined && Object.hasOwn(spec.spellings, word) ? spec.spellings[word] : word;
  return spec.choices.find((each) => each === choice);
}

function readBoolean(word: string): boolean | undefined {
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

/** `#rgb` or `#rrggbb`; the `#` may be left out, since it must be escaped in a query. */
function readColour(text: string): readonly [number, number, number] | undefined {
  const short = /^#?([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  const digits =
    short === null
      ? /^#?([0-9a-f]{6})$/i.exec(text)?.[1]
      : short
          .slice(1)
          .map((digit) => digit + digit)
          .join('');
  if (digits === undefined) return undefined;
  const value = Number.parseInt(digits, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** What an option accepts, in words: "a whole number from 1 to 100". */
export function acceptedByOption(spec: OptionSpec, models: readonly string[] = []): string {
  switch (spec.type) {
    case 'number':
    case 'integer': {
      const noun = spec.type === 'integer' ? 'a whole number' : 'a number';
      const range = spec.exclusiveMinimum
        ? `above ${spec.minimum} and at most ${spec.maximum}`
        : `from ${spec.minimum} to ${spec.maximum}`;
      return `${noun} ${range}`;
    }
    case 'choice':
      return spec.choices.join(', ');
    case 'boolean':
      return 'true or false';
    case 'colour':
      return 'a colour as #rgb or #rrggbb';
    case 'model':
      return models.length === 0
        ? `${AUTO_MODEL}, or a name from GET /models`
        : [AUTO_MODEL, ...models].join(', ');
  }
}

/** A value as the option would take it. */
export function optionText(value: OptionValue): string {
  if (typeof value !== 'object') return String(value);
  return `#${value.map((sample) => sample.toString(16).padStart(2, '0')).join('')}`;
}

/** Neighbouring tiles share half of themselves at most. @param tileSizePx what is asked for; undefined: the usual one. */
export function largestOverlapPx(tileSizePx: number = DEFAULT_TILE_PX): number {
  return Math.floor(tileSizePx / 2);
}
