import { resolve } from 'node:path';
import { maxOverlapPx, type OptionDefaults } from '../options/option-defaults.js';
import { accepted, parseValue, type ValueOf } from '../options/value-spec.js';
import { CONFIG_SCHEMA } from './config-schema.js';
import type { Setting } from './setting.js';

type Schema = typeof CONFIG_SCHEMA;

/** Every setting by its environment variable's name, validated, with defaults applied. Folders are absolute paths. */
export type Config = {
  readonly [K in Exclude<keyof Schema, keyof OptionDefaults>]: ValueOf<Schema[K]>;
} & OptionDefaults;

/** All bad variables at once, each with its accepted values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
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
 * As `loadConfig`, for a caller that adds more problems before it reports all of them.
 * @returns a sentence for each bad variable; the configuration has the default of such a variable.
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): { readonly config: Config; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const bad = new Set<string>();
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting>(CONFIG_SCHEMA)) {
    const text = environment[name]?.trim();
    const isDefault = text === undefined || (text === '' && setting.emptyIsDefault);
    // `loadCheckedConfig` compares names of models with the manifest.
    const value = isDefault ? setting.default : parseValue(setting, text);
    if (value === undefined) {
      problems.push(`${name} is "${environment[name]}"; expected ${accepted(setting)}.`);
      bad.add(name);
    }
    values[name] = value ?? setting.default;
  }
  const config = values as Config;
  problems.push(...contradictions(config, bad));
  for (const folder of ['LOG_DIR', 'TEMP_DIR', 'MODELS_DIR'] as const)
    if (config[folder] !== '') values[folder] = resolve(root, config[folder]);
  return { config, problems };
}

/**
 * Checks values against each other.
 * @param bad names of the variables that were refused: their defaults are not compared.
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
  const maxPx = maxOverlapPx(DEFAULT_TILE_SIZE);
  if (comparable('DEFAULT_TILE_OVERLAP', 'DEFAULT_TILE_SIZE') && Number(DEFAULT_TILE_OVERLAP) > maxPx) {
    problems.push(
      `DEFAULT_TILE_OVERLAP is ${DEFAULT_TILE_OVERLAP}; expected at most half of tile_size, here ${maxPx}.`,
    );
  }
  return problems;
}
