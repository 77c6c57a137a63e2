import { defined } from '../domain/defined.js';
import { TesseraError } from '../domain/errors.js';
import { AUTO_MODEL, LANCZOS, type UpscaleOptions } from '../domain/types.js';
import { maxOverlapPx, type OptionLimits, optionTable } from './option-defaults.js';
import { OPTION_NAMES, type OptionName } from './option-table.js';
import { sizeWish } from './size-wish.js';
import { accepted, parseValue } from './value-spec.js';

/** A name and its text as it came, from the query, the form or the command line, in the order of arrival. */
export type RawOption = readonly [name: string, value: string];

export interface RequestOptions {
  readonly upscale: UpscaleOptions;
  readonly dryRun: boolean;
}

/** Longest piece of a caller's text that an error repeats. */
const ECHO_LENGTH = 60;

/**
 * Reads the options of one upscale.
 * An option whose text is empty counts as not given, since forms send the fields that were left empty too.
 * @param raw of all sources together: query parameters and form fields, or the command line.
 * @param models names that `model` accepts beside `auto` and the purposes, which `withModel` resolves.
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
  const given = new Map<OptionName, unknown>();
  for (const [name, text] of raw) {
    if (!isOptionName(name)) throw unknownOption(name);
    if (seen.has(name)) {
      throw new TesseraError('repeated_option', `The option "${name}" is given more than once.`, {
        details: { parameter: name },
      });
    }
    seen.add(name);
    if (text.trim() === '') continue;
    const value = parseValue(table[name], text.trim(), models);
    if (value === undefined) throw invalidOption(name, text, accepted(table[name], models));
    given.set(name, value);
  }
  const chosen = (name: OptionName) => given.get(name) ?? table[name].default;
  const size = sizeWish(given);
  const scale = chosen('scale') as number | undefined;
  const strength = chosen('strength') as number;
  const sharpen = chosen('sharpen') as number;
  const named = modelFor(
    given.get('model') as string | undefined,
    given.get('use_realesrgan') as boolean | undefined,
    table.model.default as string,
  );
  const model = strength === 0 ? LANCZOS : named;
  const dpi = given.get('dpi') as number | undefined;
  const tileSizePx = chosen('tile_size') as number | undefined;
  const tileOverlapPx = overlapFor(
    given.get('tile_overlap') as number | undefined,
    table.tile_overlap.default as number | undefined,
    maxOverlapPx(tileSizePx),
  );
  return {
    upscale: {
      ...defined({
        size,
        scale: size === undefined ? scale : undefined,
        model,
        dpi,
        tileSizePx,
        tileOverlapPx,
      }),
      ...(strength === 0 || strength === 1 ? {} : { strength }),
      ...(sharpen === 0 ? {} : { sharpen }),
      format: chosen('format') as UpscaleOptions['format'],
      accept,
      quality: chosen('quality') as number,
      background: samplesOf(chosen('background') as string),
      metadata: chosen('metadata') as UpscaleOptions['metadata'],
      ...(chosen('profile') === 'keep' ? { profile: 'keep' } : {}),
      fallback: chosen('fallback') as boolean,
      timeoutSeconds: chosen('timeout') as number,
    },
    dryRun: chosen('dry_run') as boolean,
  };
}

/** @param colour `#rrggbb`. @returns its sRGB samples, 0..255. */
function samplesOf(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * The requested model. `use_realesrgan`, an option of other services, asks for a network or for Lanczos.
 * @returns undefined for the chain's own order.
 * @throws TesseraError invalid_option when the two options contradict each other.
 */
function modelFor(
  named: string | undefined,
  useNetwork: boolean | undefined,
  byDefault: string,
): string | undefined {
  if (named !== undefined && useNetwork !== undefined && (named === LANCZOS) === useNetwork) {
    const expected = `${!useNetwork} beside model=${named}, or only one of the two options`;
    throw invalidOption('use_realesrgan', String(useNetwork), expected);
  }
  if (useNetwork === false) return LANCZOS;
  const model = named ?? (useNetwork && byDefault === LANCZOS ? AUTO_MODEL : byDefault);
  return model === AUTO_MODEL ? undefined : model;
}

/**
 * The overlap of tiles. A default overlap shrinks to fit a smaller tile; a requested overlap does not.
 * @throws TesseraError invalid_option when the requested overlap does not fit.
 */
function overlapFor(
  named: number | undefined,
  byDefault: number | undefined,
  maxPx: number,
): number | undefined {
  if (named === undefined) return byDefault === undefined ? undefined : Math.min(byDefault, maxPx);
  if (named <= maxPx) return named;
  throw invalidOption('tile_overlap', String(named), `at most half of tile_size, here ${maxPx}`);
}

function isOptionName(name: string): name is OptionName {
  return (OPTION_NAMES as readonly string[]).includes(name);
}

function invalidOption(name: OptionName, text: string, expected: string): TesseraError {
  const received = shorten(text);
  return new TesseraError('invalid_option', `The option "${name}" is "${received}"; expected ${expected}.`, {
    details: { parameter: name, accepted: expected, received },
  });
}

function unknownOption(name: string): TesseraError {
  const parameter = shorten(name);
  const names = OPTION_NAMES.join(', ');
  return new TesseraError('unknown_option', `There is no option "${parameter}"; the options are ${names}.`, {
    details: { parameter, accepted: names },
  });
}

/** A caller's text, safe to repeat: short and without control characters. */
export function shorten(text: string): string {
  const printable = text.slice(0, ECHO_LENGTH + 1).replace(/\p{C}/gu, '�');
  return printable.length > ECHO_LENGTH ? `${printable.slice(0, ECHO_LENGTH)}…` : printable;
}
