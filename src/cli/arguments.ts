import { parseArgs } from 'node:util';
import type { OptionName } from '../options/option-table.js';
import type { RawOption } from '../options/parse-options.js';
import { UsageError } from './terminal/usage-error.js';

/** The command line of `tessera upscale`, read but not yet compared with the disk. */
export interface UpscaleArguments {
  readonly inputs: readonly string[];
  readonly output: string | undefined;
  readonly recursive: boolean;
  readonly skipExisting: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Pictures at work at the same time. */
  readonly jobs: number;
  /** Address of a running service; undefined: the work is done here. */
  readonly server: URL | undefined;
  readonly apiKey: string | undefined;
  /** Options of the upscale as they were typed, for `parseOptions`. */
  readonly options: readonly RawOption[];
}

const MAX_JOBS = 64;
const DEFAULT_JOBS = 2;

/** Flags that carry an option of the API with a value. */
const VALUE_FLAGS = {
  scale: 'scale',
  model: 'model',
  format: 'format',
  quality: 'quality',
  'tile-size': 'tile_size',
  'tile-overlap': 'tile_overlap',
  background: 'background',
  metadata: 'metadata',
  profile: 'profile',
  timeout: 'timeout',
} as const satisfies Record<string, OptionName>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const PARSER = {
  scale: text,
  model: text,
  format: text,
  quality: text,
  'tile-size': text,
  'tile-overlap': text,
  background: text,
  metadata: text,
  profile: text,
  timeout: text,
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
 * @param environment where `TESSERA_API_KEY` may be.
 * @returns 'help' when that was asked for.
 * @throws UsageError, and what `parseArgs` throws.
 */
export function parseUpscaleArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): UpscaleArguments | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: PARSER,
    allowPositionals: true,
  });
  if (values.help) return 'help';
  if (positionals.length === 0)
    throw new UsageError('Which picture? Name a file, or "-" for standard input.');
  if (values.quiet && values.verbose) throw new UsageError('--quiet and --verbose exclude each other.');
  const options: RawOption[] = [];
  for (const [name, option] of Object.entries(VALUE_FLAGS) as [keyof typeof VALUE_FLAGS, OptionName][]) {
    const value = values[name];
    if (value === undefined) continue;
    if (value.trim() === '') throw new UsageError(`--${name} is empty.`);
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

/** `tile_size` → `--tile-size`: an option of the API as it is typed here. */
export function flagOf(option: string): string {
  return option === 'fallback' ? '--no-fallback' : `--${option.replaceAll('_', '-')}`;
}

function wholeNumber(name: string, given: string | undefined, usual: number, most: number): number {
  if (given === undefined) return usual;
  const value = /^\d{1,4}$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > most) {
    throw new UsageError(`${name} is "${given}"; expected a whole number from 1 to ${most}.`);
  }
  return value;
}

/** Ends with a slash, so that the API's paths are taken from it also under a prefix. */
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
