import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Compile } from 'typebox/schema';
import { systemCode, systemReason } from '../host/system-reason.js';
import { contradictions } from './contradictions.js';
import { type ModelEntry, SAMPLE_RANGES, SAMPLE_TYPES } from './manifest-entry.js';

const positiveInteger = { type: 'integer', minimum: 1 } as const;
const line = { type: 'string', minLength: 1, maxLength: 120 } as const;

const required = {
  name: { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' },
  title: line,
  family: { enum: ['tessera', 'real-esrgan', 'swin2sr', 'custom'] },
  scale: { type: 'integer', minimum: 1, maximum: 8 },
  licence: line,
  file: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\\.onnx$' },
  bytes: positiveInteger,
  sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  confirmed: { type: 'boolean' },
  input: { type: 'string', minLength: 1 },
  output: { type: 'string', minLength: 1 },
  layout: { enum: ['nchw', 'nhwc'] },
  dtype: { enum: SAMPLE_TYPES },
  range: { enum: SAMPLE_RANGES },
  sizeRequirements: {
    type: 'object',
    properties: {
      minimum: positiveInteger,
      multipleOf: positiveInteger,
      fixed: {
        type: 'array',
        prefixItems: [positiveInteger, positiveInteger],
        minItems: 2,
        maxItems: 2,
      },
    },
    required: ['minimum', 'multipleOf'],
    additionalProperties: false,
  },
  overlapPx: { type: 'integer', minimum: 0, maximum: 1024 },
} as const;

const optional = {
  purpose: line,
  url: { type: 'string', pattern: '^https?://[^\\s]+$' },
  copied: { type: 'boolean' },
  outputDtype: { enum: SAMPLE_TYPES },
  outputRange: { enum: SAMPLE_RANGES },
  flatReachPx: { type: 'integer', minimum: 0, maximum: 512 },
  tileCheck: { type: 'boolean' },
  floatTwin: { type: 'string' },
  halfTwin: { type: 'string' },
} as const;

/**
 * The JSON Schema of one entry. Unknown keys are errors, because a misspelt optional key would silently have no effect. The schema is plain
 * JSON Schema because every engine reads the manifest at its start, and loading TypeBox's builders takes a fifth of a second.
 */
const entrySchema = {
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
} as const;

const checkFile = Compile({
  type: 'object',
  properties: { models: { type: 'array', items: entrySchema } },
  required: ['models'],
  additionalProperties: false,
} as const);

/** A manifest cannot be used. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super(`${file} cannot be used:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
  }
}

/** The manifest that is shipped with the package. */
export const MANIFEST_FILE = 'manifest.json';
/**
 * The manifest of a user's own models. It is a file of its own because an upgrade of the package replaces `manifest.json`, and because
 * a file that only Tessera writes can be replaced atomically.
 */
export const CUSTOM_MANIFEST_FILE = 'custom.json';

/**
 * Reads `manifest.json`, and `custom.json` if it exists.
 * @param modelsFolder absolute path of the folder of the manifests and the model files.
 * @returns all entries in the files' order, shipped ones first.
 * @throws ManifestError naming the file and every problem in it.
 */
export async function loadManifest(modelsFolder: string): Promise<readonly ModelEntry[]> {
  const shipped = await loadShippedEntries(modelsFolder);
  const custom = await loadCustomEntries(modelsFolder);
  const all = [...shipped, ...custom];
  const problems = contradictions(all);
  if (problems.length > 0)
    throw new ManifestError(
      custom.length > 0 ? `${MANIFEST_FILE} with ${CUSTOM_MANIFEST_FILE}` : MANIFEST_FILE,
      problems,
    );
  return all;
}

/** The entries of `manifest.json` alone. @throws ManifestError */
export function loadShippedEntries(modelsFolder: string): Promise<readonly ModelEntry[]> {
  return readEntries(join(modelsFolder, MANIFEST_FILE), 'required');
}

/** The entries of `custom.json` alone; none if the file does not exist. @throws ManifestError */
export function loadCustomEntries(modelsFolder: string): Promise<readonly ModelEntry[]> {
  return readEntries(join(modelsFolder, CUSTOM_MANIFEST_FILE), 'optional');
}

async function readEntries(path: string, need: 'required' | 'optional'): Promise<readonly ModelEntry[]> {
  const file = basename(path);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (need === 'optional' && systemCode(error) === 'ENOENT') return [];
    throw new ManifestError(file, [
      `it cannot be read from the models folder ${dirname(path)}: ${systemReason(error) ?? String(error)}`,
    ]);
  }
  return parseManifest(text, file);
}

/**
 * Checks the text of one manifest file against the schema (not across files: see `loadManifest`).
 * @param file its name, for the error.
 * @throws ManifestError
 */
export function parseManifest(text: string, file: string): readonly ModelEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ManifestError(file, [`it is not JSON: ${error instanceof Error ? error.message : error}`]);
  }
  // The errors of keyword `boolean` repeat the errors of the keyword around them.
  const problems = checkFile
    .Errors(value)[1]
    .filter((error) => error.keyword !== 'boolean')
    .map((error) => `${place(value, error.instancePath)} ${describe(error)}`);
  if (problems.length > 0) throw new ManifestError(file, problems);
  if (!checkFile.Check(value)) throw new ManifestError(file, ['it does not match the schema']);
  return value.models as readonly ModelEntry[];
}

function describe(error: { keyword: string; message: string; params: object }): string {
  if (error.keyword === 'enum' && 'allowedValues' in error.params)
    return `must be one of ${JSON.stringify(error.params.allowedValues)}`;
  if (error.keyword === 'additionalProperties' && 'additionalProperties' in error.params)
    return `has unknown keys: ${String(error.params.additionalProperties)}`;
  return error.message;
}

/** "/models/3/bytes" as "model 3 (realesrgan-x2plus): bytes". */
function place(value: unknown, instancePath: string): string {
  const [, list, index, ...rest] = instancePath.split('/');
  if (list !== 'models' || index === undefined) return instancePath === '' ? 'the file' : instancePath;
  const models = typeof value === 'object' && value !== null && 'models' in value ? value.models : undefined;
  const model: unknown = Array.isArray(models) ? models[Number(index)] : undefined;
  const name =
    typeof model === 'object' && model !== null && 'name' in model ? ` (${String(model.name)})` : '';
  return `model ${index}${name}${rest.length > 0 ? `: ${rest.join('.')}` : ''}`;
}
