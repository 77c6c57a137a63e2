import { isAbsolute, join } from 'node:path';
import { acceptedByOption, largestOverlapPx, optionText, readOption } from '../options/option-value.js';
import { CONFIG_SCHEMA } from './config-schema.js';
import type { ConfigOption } from './setting.js';

type ValueOf<O> = O extends { type: 'integer' | 'number' }
  ? number
  : O extends { type: 'boolean' }
    ? boolean
    : O extends { type: 'list' }
      ? readonly string[]
      : O extends { type: 'choice'; choices: readonly (infer C)[] }
        ? C
        : string;

/** Every option by its environment variable's name, validated, with defaults applied. Folders are absolute paths. */
export type Config = { readonly [K in keyof typeof CONFIG_SCHEMA]: ValueOf<(typeof CONFIG_SCHEMA)[K]> };

/** All bad variables at once, each with its accepted range. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
  }
}

/** "1 to 65535", "true or false", …: what an option accepts, in words. */
export function acceptedValues(option: ConfigOption): string {
  switch (option.type) {
    case 'integer':
    case 'number':
      return `${option.type === 'integer' ? 'a whole number' : 'a number'} from ${option.minimum} to ${option.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return option.choices.join(', ');
    case 'list':
      return option.accepted;
    case 'string':
      return option.accepted ?? 'text';
    case 'option':
      return acceptedByOption(option.spec);
  }
}

/** @returns the value, or undefined when the text is not one of the accepted values. */
function parse(option: ConfigOption, text: string): unknown {
  switch (option.type) {
    case 'integer':
    case 'number': {
      const value = text === '' ? Number.NaN : Number(text);
      const whole = option.type === 'number' || Number.isInteger(value);
      return Number.isFinite(value) && whole && value >= option.minimum && value <= option.maximum
        ? value
        : undefined;
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'choice':
      return option.choices.includes(text) ? text : undefined;
    case 'list': {
      const items = text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
      return items.every(option.acceptsItem ?? (() => true)) ? items : undefined;
    }
    case 'string':
      return (option.accepts?.(text) ?? true) ? text : undefined;
    case 'option': {
      if (text === '') return option.default;
      // The names of models are in the manifest: `loadCheckedConfig` looks there.
      const value = readOption(option.spec, text, [text]);
      return value === undefined ? undefined : optionText(value);
    }
  }
}

/**
 * Reads the configuration. This is the only reader of `process.env`.
 * @param environment usually `process.env`.
 * @param root folder that relative folders are taken from: the package's own.
 * @throws ConfigError naming every bad variable.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>, root: string): Config {
  const { config, problems } = readConfig(environment, root);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * As `loadConfig`, for who looks for more problems before all are told at once.
 * @returns a sentence for each bad variable, whose default stands in the configuration.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): { readonly config: Config; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const bad = new Set<string>();
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries<ConfigOption>(CONFIG_SCHEMA)) {
    values[name] = option.default;
    const text = environment[name];
    if (text === undefined) continue;
    const value = parse(option, text.trim());
    if (value !== undefined) {
      values[name] = value;
      continue;
    }
    problems.push(`${name} is "${text}"; expected ${acceptedValues(option)}.`);
    bad.add(name);
  }
  problems.push(...contradictions(values as Config, bad));
  for (const folder of ['LOG_DIR', 'TEMP_DIR', 'MODELS_DIR']) {
    const path = values[folder];
    if (typeof path === 'string' && path !== '') values[folder] = isAbsolute(path) ? path : join(root, path);
  }
  return { config: values as Config, problems };
}

/**
 * What no variable can say alone.
 * @param bad names of the variables that were refused: what stands in their place says nothing.
 */
function contradictions(config: Config, bad: ReadonlySet<string>): string[] {
  const comparable = (...names: (keyof Config)[]) => !names.some((name) => bad.has(name));
  const problems: string[] = [];
  const { DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS, DEFAULT_TILE_SIZE, DEFAULT_TILE_OVERLAP } = config;
  if (
    comparable('DEFAULT_TIMEOUT_SECONDS', 'MAX_TIMEOUT_SECONDS') &&
    DEFAULT_TIMEOUT_SECONDS > MAX_TIMEOUT_SECONDS
  ) {
    problems.push(
      `DEFAULT_TIMEOUT_SECONDS is ${DEFAULT_TIMEOUT_SECONDS}; expected at most MAX_TIMEOUT_SECONDS, which is ${MAX_TIMEOUT_SECONDS}.`,
    );
  }
  const largestPx = largestOverlapPx(DEFAULT_TILE_SIZE === '' ? undefined : Number(DEFAULT_TILE_SIZE));
  if (
    comparable('DEFAULT_TILE_OVERLAP', 'DEFAULT_TILE_SIZE') &&
    DEFAULT_TILE_OVERLAP !== '' &&
    Number(DEFAULT_TILE_OVERLAP) > largestPx
  ) {
    problems.push(
      `DEFAULT_TILE_OVERLAP is ${DEFAULT_TILE_OVERLAP}; expected at most half of tile_size, here ${largestPx}.`,
    );
  }
  return problems;
}
