import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Compile } from 'typebox/schema';
import { systemCode, systemReason } from '../host/system-reason.js';
import { contradictions } from './contradictions.js';
import { type ModelEntry, SAMPLE_RANGES, SAMPLE_TYPES } from './manifest-entry.js';

const positiveInteger = { type: 'integer', minimum: 1 } as const;
const line = { type: 'string', minLength: 1, maxLength: 120 } as const;

/**
 * The JSON Schema of one entry; unknown keys are errors, because a misspelt optional key would be silently without effect.
 * Plain JSON Schema and not TypeBox's builders: engines read the manifest before they do anything else, and loading the
 * builders would cost them a fifth of a second of processor time.
 */
const entrySchema = {
  type: 'object',
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' },
    title: line,
    purpose: line,
    family: { enum: ['tessera', 'real-esrgan', 'swin2sr', 'custom'] },
    scale: { type: 'integer', minimum: 1, maximum: 8 },
    licence: line,
    file: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,120}\\.onnx$' },
    bytes: positiveInteger,
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    url: { type: 'string', pattern: '^https?://[^\\s]+$' },
    confirmed: { type: 'boolean' },
    copied: { type: 'boolean' },
    input: { type: 'string', minLength: 1 },
    output: { type: 'string', minLength: 1 },
    layout: { enum: ['nchw', 'nhwc'] },
    dtype: { enum: SAMPLE_TYPES },
    outputDtype: { enum: SAMPLE_TYPES },
    range: { enum: SAMPLE_RANGES },
    outputRange: { enum: SAMPLE_RANGES },
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
    flatReachPx: { type: 'integer', minimum: 0, maximum: 512 },
    tileCheck: { type: 'boolean' },
    floatTwin: { type: 'string' },
    halfTwin: { type: 'string' },
  },
  required: [
    'name',
    'title',
    'family',
    'scale',
    'licence',
    'file',
    'bytes',
    'sha256',
    'confirmed',
    'input',
    'output',
    'layout',
    'dtype',
    'range',
    'sizeRequirements',
    'overlapPx',
  ],
  additionalProperties: false,
} as const;

const checkFile = Compile({
  type: 'object',
  properties: { models: { type: 'array', items: entrySchema } },
  required: ['models'],
  additionalProperties: false,
} as const);

/** A manifest that cannot be used, with every problem found in it. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super(`${file} cannot be used:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
  }
}

/** Shipped with the package: every known model. */
export const MANIFEST_FILE = 'manifest.json';
/**
 * A user's own models, beside the shipped manifest: an upgrade of the package replaces `manifest.json`, and a file
 * that Tessera alone writes can be replaced atomically without touching hand-written text.
 */
export const CUSTOM_MANIFEST_FILE = 'custom.json';

/**
 * Reads `manifest.json` and, where there is one, `custom.json`.
 * @param modelsFolder absolute path of the folder that holds them and the model files.
 * @returns all entries, shipped ones first, in the files' order.
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

/** The entries of `custom.json` alone; none when the file is not there. @throws ManifestError */
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
  // One mistake yields several schema errors; the ones about nested keywords only repeat the outer one.
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
