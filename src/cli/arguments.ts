import { parseArgs } from 'node:util';
import { OPTION_NAMES } from '../options/option-table.js';
import type { RawOption } from '../options/parse-options.js';
import { UsageError } from './terminal/usage-error.js';

/** The parsed command line of `tessera upscale`, before any look at the disk. */
export interface UpscaleArguments {
  readonly inputs: readonly string[];
  readonly output: string | undefined;
  readonly recursive: boolean;
  readonly skipExisting: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Number of pictures at work at the same time. */
  readonly jobs: number;
  /** Address of a running service; undefined: this process does the work. */
  readonly server: URL | undefined;
  readonly apiKey: string | undefined;
  /** Options of the upscale as typed, for `parseOptions`. */
  readonly options: readonly RawOption[];
}

const MAX_JOBS = 64;
const DEFAULT_JOBS = 2;

/** Options of the API that are flags with a value: `tile_size` → `--tile-size`. */
const VALUE_OPTIONS = OPTION_NAMES.filter(
  (name) => !['fallback', 'dry_run', 'use_realesrgan'].includes(name),
);

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const PARSER = {
  'no-fallback': flag,
  'dry-run': flag,
  output: { type: 'string', short: 'o' },
  recursive: { type: 'boolean', short: 'r' },
  'skip-existing': flag,
  jobs: { type: 'string', short: 'j' },
  server: text,
  'api-key': text,
  json: flag,
  quiet: { type: 'boolean', short: 'q' },
  verbose: flag,
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Parses the arguments of `tessera upscale`.
 * @param environment may have `TESSERA_API_KEY`.
 * @returns 'help' when the arguments ask for it.
 * @throws UsageError, and the errors of `parseArgs`.
 */
export function parseUpscaleArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): UpscaleArguments | 'help' {
  const valueFlags = Object.fromEntries(VALUE_OPTIONS.map((name) => [flagName(name), text]));
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...valueFlags, ...PARSER },
    allowPositionals: true,
  });
  if (values.help) return 'help';
  if (positionals.length === 0)
    throw new UsageError('Which picture? Name a file, or "-" for standard input.');
  if (values.quiet && values.verbose) throw new UsageError('--quiet and --verbose exclude each other.');
  const options: RawOption[] = [];
  for (const option of VALUE_OPTIONS) {
    const value = (values as Readonly<Record<string, string | undefined>>)[flagName(option)];
    if (value === undefined) continue;
    if (value.trim() === '') throw new UsageError(`--${flagName(option)} is empty.`);
    options.push([option, value]);
  }
  if (values['no-fallback']) options.push(['fallback', 'false']);
  if (values['dry-run']) options.push(['dry_run', 'true']);
  return {
    inputs: positionals,
    output: values.output,
    recursive: values.recursive ?? false,
    skipExisting: values['skip-existing'] ?? false,
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
    jobs: wholeNumber('--jobs', values.jobs, DEFAULT_JOBS, MAX_JOBS),
    server: values.server === undefined ? undefined : serverAddress(values.server),
    apiKey: values['api-key'] ?? environment.TESSERA_API_KEY,
    options,
  };
}

/** `tile_size` → `--tile-size` */
export function flagOf(option: string): string {
  return option === 'fallback' ? '--no-fallback' : `--${flagName(option)}`;
}

function flagName(option: string): string {
  return option.replaceAll('_', '-');
}

function wholeNumber(name: string, given: string | undefined, usual: number, most: number): number {
  if (given === undefined) return usual;
  const value = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > most) {
    throw new UsageError(`${name} is "${given}"; expected a whole number from 1 to ${most}.`);
  }
  return value;
}

/** The address with a slash at its end, so that the API's paths are relative to it also under a prefix. */
function serverAddress(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError(`--server is "${given}"; expected an address such as http://localhost:8000.`);
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
