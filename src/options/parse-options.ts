import { TesseraError } from '../domain/errors.js';
import { AUTO_MODEL, LANCZOS, type UpscaleOptions } from '../domain/types.js';
import { type OptionLimits, optionTable } from './option-defaults.js';
import { OPTION_NAMES, type OptionName, type OptionSpec } from './option-table.js';
import { acceptedByOption, largestOverlapPx, type OptionValue, readOption } from './option-value.js';

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
 * @param models names that `model` accepts beside `auto`.
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
  const values = new Map<OptionName, OptionValue>();
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
  const usual = (name: OptionName) => defaultOf(name, table[name]);
  const chosen = (name: OptionName) => given(name) ?? usual(name);
  const scale = chosen('scale') as number | undefined;
  const model = modelFor(
    given('model') as string | undefined,
    given('use_realesrgan') as boolean | undefined,
    usual('model') as string,
  );
  const tileSizePx = chosen('tile_size') as number | undefined;
  const tileOverlapPx = overlapFor(
    given('tile_overlap') as number | undefined,
    usual('tile_overlap') as number | undefined,
    largestOverlapPx(tileSizePx),
  );
  return {
    upscale: {
      ...(scale === undefined ? {} : { scale }),
      ...(model === undefined ? {} : { model }),
      format: chosen('format') as UpscaleOptions['format'],
      accept,
      quality: chosen('quality') as number,
      ...(tileSizePx === undefined ? {} : { tileSizePx }),
      ...(tileOverlapPx === undefined ? {} : { tileOverlapPx }),
      background: chosen('background') as UpscaleOptions['background'],
      metadata: chosen('metadata') as UpscaleOptions['metadata'],
      ...(chosen('profile') === 'keep' ? { profile: 'keep' } : {}),
      fallback: chosen('fallback') as boolean,
      timeoutSeconds: chosen('timeout') as number,
    },
    dryRun: chosen('dry_run') as boolean,
  };
}

/** What an option is where it is not given; undefined: nothing fixed. */
function defaultOf(name: OptionName, spec: OptionSpec): OptionValue | undefined {
  if (spec.default === undefined) return undefined;
  const text = String(spec.default);
  // A model that is set as the default was looked up when the service started.
  return parseValue(name, spec, text, [text]);
}

/**
 * The model that is asked for. `use_realesrgan` says in other services' words whether it is a network.
 * @returns undefined for the chain's own order.
 * @throws TesseraError invalid_option where the two contradict each other.
 */
function modelFor(
  named: string | undefined,
  useNetwork: boolean | undefined,
  usual: string,
): string | undefined {
  if (named !== undefined && useNetwork !== undefined && (named === LANCZOS) === useNetwork) {
    const accepted = `${!useNetwork} beside model=${named}, or only one of the two options`;
    throw invalidOption('use_realesrgan', String(useNetwork), accepted);
  }
  if (useNetwork === false) return LANCZOS;
  const model = named ?? (useNetwork && usual === LANCZOS ? AUTO_MODEL : usual);
  return model === AUTO_MODEL ? undefined : model;
}

/**
 * The overlap that is asked for. The default gives way to a smaller tile: nobody is refused for what they did not say.
 * @throws TesseraError invalid_option where the request itself wants more than fits.
 */
function overlapFor(
  named: number | undefined,
  usual: number | undefined,
  largestPx: number,
): number | undefined {
  if (named === undefined) return usual === undefined ? undefined : Math.min(usual, largestPx);
  if (named <= largestPx) return named;
  throw invalidOption('tile_overlap', String(named), `at most half of tile_size, here ${largestPx}`);
}

function isOptionName(name: string): name is OptionName {
  return (OPTION_NAMES as readonly string[]).includes(name);
}

function parseValue(
  name: OptionName,
  spec: OptionSpec,
  text: string,
  models: readonly string[],
): OptionValue {
  const value = readOption(spec, text.trim(), models);
  if (value === undefined) throw invalidOption(name, text, acceptedByOption(spec, models));
  return value;
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
