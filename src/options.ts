import { TesseraError } from './errors.js';
import {
  acceptedByOption,
  OPTION_NAMES,
  type OptionLimits,
  type OptionName,
  type OptionSpec,
  optionTable,
} from './option-table.js';
import { LANCZOS, type UpscaleOptions, USUAL_TILE_PX } from './types.js';

/** A name and its text as it came, from the query, the form or the command line, in the order of arrival. */
export type RawOption = readonly [name: string, value: string];

export interface RequestOptions {
  readonly upscale: UpscaleOptions;
  readonly dryRun: boolean;
}

/** Longest piece of a caller's text that an error repeats. */
const ECHO_LENGTH = 60;

type Value = string | number | boolean | readonly [number, number, number];

/**
 * Reads the options of one upscale.
 * An option whose text is empty counts as not given, since forms send the fields that were left empty too.
 * @param raw of all sources together: query parameters and form fields, or the command line.
 * @param models names that `model` accepts.
 * @param accept image media types that the caller can take, best first; only `format=auto` looks at it.
 * @throws TesseraError unknown_option, repeated_option, invalid_option, each naming the option and what is accepted.
 */
export function parseOptions(
  raw: readonly RawOption[],
  models: readonly string[],
  accept: readonly string[],
  config: OptionLimits,
): RequestOptions {
  const table = optionTable(config);
  const seen = new Set<OptionName>();
  const values = new Map<OptionName, Value>();
  for (const [name, text] of raw) {
    if (!isOptionName(name)) throw unknownOption(name);
    if (seen.has(name)) {
      throw new TesseraError('repeated_option', `The option "${name}" is given more than once.`, {
        details: { parameter: name },
      });
    }
    seen.add(name);
    if (text.trim() !== '') values.set(name, parseValue(name, table[name], text, models));
  }
  const given = (name: OptionName) => values.get(name);
  const scale = given('scale') as number | undefined;
  const useNetwork = given('use_realesrgan') as boolean | undefined;
  const model = modelFor(given('model') as string | undefined, useNetwork);
  const tileOverlapPx = given('tile_overlap') as number | undefined;
  const withDefault = (name: OptionName): Value => {
    const spec = table[name];
    if (!('default' in spec) || spec.default === undefined) throw new Error(`Option ${name} has no default`);
    return given(name) ?? parseValue(name, spec, String(spec.default), models);
  };
  const tileSizePx = given('tile_size') as number | undefined;
  const largestOverlapPx = Math.floor((tileSizePx ?? USUAL_TILE_PX) / 2);
  if (tileOverlapPx !== undefined && tileOverlapPx > largestOverlapPx) {
    throw invalidOption(
      'tile_overlap',
      String(tileOverlapPx),
      `at most half of tile_size, here ${largestOverlapPx}`,
    );
  }
  return {
    upscale: {
      ...(scale === undefined ? {} : { scale }),
      ...(model === undefined ? {} : { model }),
      format: withDefault('format') as UpscaleOptions['format'],
      accept,
      quality: withDefault('quality') as number,
      ...(tileSizePx === undefined ? {} : { tileSizePx }),
      ...(tileOverlapPx === undefined ? {} : { tileOverlapPx }),
      background: withDefault('background') as UpscaleOptions['background'],
      metadata: withDefault('metadata') as UpscaleOptions['metadata'],
      ...(withDefault('profile') === 'keep' ? { profile: 'keep' } : {}),
      fallback: withDefault('fallback') as boolean,
      timeoutSeconds: withDefault('timeout') as number,
    },
    dryRun: withDefault('dry_run') as boolean,
  };
}

/**
 * The model that is asked for. `use_realesrgan` says in other services' words whether it is a network.
 * @throws TesseraError invalid_option where the two contradict each other.
 */
function modelFor(named: string | undefined, useNetwork: boolean | undefined): string | undefined {
  if (useNetwork === undefined) return named;
  if (named !== undefined && (named === LANCZOS) === useNetwork) {
    const accepted = `${!useNetwork} beside model=${named}, or only one of the two options`;
    throw invalidOption('use_realesrgan', String(useNetwork), accepted);
  }
  return useNetwork ? named : LANCZOS;
}

function isOptionName(name: string): name is OptionName {
  return (OPTION_NAMES as readonly string[]).includes(name);
}

function parseValue(name: OptionName, spec: OptionSpec, text: string, models: readonly string[]): Value {
  const value = read(spec, text.trim(), models);
  if (value === undefined) throw invalidOption(name, text, acceptedByOption(spec, models));
  return value;
}

function read(spec: OptionSpec, text: string, models: readonly string[]): Value | undefined {
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
      return models.includes(text) ? text : undefined;
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

function invalidOption(name: OptionName, text: string, accepted: string): TesseraError {
  const received = shorten(text);
  return new TesseraError('invalid_option', `The option "${name}" is "${received}"; expected ${accepted}.`, {
    details: { parameter: name, accepted, received },
  });
}

function unknownOption(name: string): TesseraError {
  const accepted = OPTION_NAMES.join(', ');
  return new TesseraError(
    'unknown_option',
    `There is no option "${shorten(name)}"; the options are ${accepted}.`,
    {
      details: { parameter: shorten(name), accepted },
    },
  );
}

/** A caller's text, safe to repeat: short and without control characters. */
export function shorten(text: string): string {
  const printable = text.slice(0, ECHO_LENGTH + 1).replace(/\p{C}/gu, '�');
  return printable.length > ECHO_LENGTH ? `${printable.slice(0, ECHO_LENGTH)}…` : printable;
}
