import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../../config/config.js';
import { LANCZOS } from '../../domain/types.js';
import { packageRoot } from '../../host/package-root.js';
import { systemReason } from '../../host/system-reason.js';
import { chainOrder } from '../../models/chain-order.js';
import { downloadModel } from '../../models/download/download.js';
import { DownloadError } from '../../models/download/download-error.js';
import { LANCZOS_PURPOSE } from '../../models/fallback/model-status.js';
import { loadManifest } from '../../models/manifest.js';
import type { ModelEntry } from '../../models/manifest-entry.js';
import { wantedProviders } from '../../models/providers/providers.js';
import { type FileState, fileState } from '../../models/verify.js';
import { EXIT } from '../terminal/exit-codes.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { Stop } from '../terminal/stop.js';
import { textTable } from '../terminal/text-table.js';
import { add, remove } from './models-own.js';

const HELP = `Usage: tessera models <list|verify|pull|add|remove> [options]

  list                    All known models: which are installed, and what each is for.
  verify [name…]          Checks size and sha256 of the installed files.
  pull [name…] [--all]    Downloads models; without names, those of the chain (MODEL_CHAIN).
  add <file.onnx>         Tries a network of your own, finds what an entry has to say, and takes it into the models folder.
      --name <name>         what to call it; from the file's name by default
      --title <text>        for people
      --purpose <text>      what it is for, in a sentence: the page and "models list" show it
      --licence <text>      of its weights
      --output <name>       which of its outputs is the picture, where several could be
      --replace             instead of the model of your own that has this name
      --json                print its entry in custom.json, and no summary
  remove <name>           Removes a model that "add" took in, with the file that it put there.

The folder is MODELS_DIR. Downloads come from MODELS_MIRROR where it is set, through the proxy of HTTP_PROXY,
HTTPS_PROXY and NO_PROXY.
`;

/** `tessera models …`. @returns the exit code: 0, 1 when something is wrong with a model, 2 for wrong usage. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      all: { type: 'boolean' },
      name: { type: 'string' },
      title: { type: 'string' },
      purpose: { type: 'string' },
      licence: { type: 'string' },
      output: { type: 'string' },
      replace: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(HELP);
    return values.help ? 0 : EXIT.usage;
  }
  const config = loadConfig(process.env, packageRoot());
  // These two must work with a custom.json that cannot be read, because they repair it.
  if (command === 'add' || command === 'remove') {
    const [operand] = rest;
    if (operand === undefined || rest.length > 1)
      return misused(command === 'add' ? 'add takes one file' : 'remove takes one name');
    return command === 'add' ? add(operand, config, values) : remove(operand, config);
  }
  const entries = await loadManifest(config.MODELS_DIR);
  switch (command) {
    case 'list':
      return list(entries, config);
    case 'verify':
      return withNamed(rest, entries, (named) => verify(named ?? entries, config));
    case 'pull':
      return withNamed(rest, entries, (named) => pull(named ?? toPull(entries, config, values.all), config));
    default:
      return misused(`there is no "models ${command}"`);
  }
}

function misused(problem: string): number {
  process.stderr.write(`tessera: ${problem}. See "tessera models --help".\n`);
  return EXIT.usage;
}

/** Calls `use` with the named entries; undefined without names. */
async function withNamed(
  names: readonly string[],
  entries: readonly ModelEntry[],
  use: (named: readonly ModelEntry[] | undefined) => Promise<number>,
): Promise<number> {
  const unknown = names.filter((name) => !entries.some((entry) => entry.name === name));
  if (unknown.length > 0)
    return misused(`there is no model ${unknown.map((name) => `"${name}"`).join(', ')}`);
  return use(names.length === 0 ? undefined : entries.filter((entry) => names.includes(entry.name)));
}

async function list(entries: readonly ModelEntry[], config: Config): Promise<number> {
  const chain = chainHere(entries, config);
  const rows = await Promise.all(
    entries.map(async (entry) => [
      entry.name,
      `×${entry.scale}`,
      megabytes(entry.bytes),
      entry.licence,
      chain.includes(entry) ? String(chain.indexOf(entry) + 1) : '',
      (await fileState(entry, config.MODELS_DIR, 'size')) === 'missing' ? '' : 'installed',
      entry.purpose ?? '',
    ]),
  );
  rows.push([LANCZOS, 'any', '', 'MIT', String(chain.length + 1), 'built in', LANCZOS_PURPOSE]);
  process.stdout.write(textTable([['name', 'scale', 'size', 'licence', 'chain', '', 'for'], ...rows]));
  return 0;
}

const WRONG = 'WRONG: ';
const STATE_WORDS: Readonly<Record<FileState, string>> = {
  intact: 'right',
  missing: 'not installed',
  wrong_size: `${WRONG}another size than the manifest`,
  wrong_bytes: `${WRONG}another sha256 than the manifest`,
};

async function stateWords(entry: ModelEntry, config: Config): Promise<string> {
  try {
    return STATE_WORDS[await fileState(entry, config.MODELS_DIR, 'sha256')];
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    return `${WRONG}${reason}`;
  }
}

async function verify(entries: readonly ModelEntry[], config: Config): Promise<number> {
  let wrong = false;
  const rows: string[][] = [];
  for (const entry of entries) {
    const words = await stateWords(entry, config);
    wrong ||= words.startsWith(WRONG);
    rows.push([entry.name, words]);
  }
  process.stdout.write(textTable([['name', 'file'], ...rows]));
  return wrong ? EXIT.someFailed : 0;
}

/** The models of this machine's chain, or all models, as far as they can be downloaded. */
function toPull(entries: readonly ModelEntry[], config: Config, all = false): readonly ModelEntry[] {
  return (all ? entries : chainHere(entries, config)).filter((entry) => entry.url !== undefined);
}

function chainHere(entries: readonly ModelEntry[], config: Config): readonly ModelEntry[] {
  const hasGpu = wantedProviders(config.EXECUTION_PROVIDERS).some((provider) => provider !== 'cpu');
  return chainOrder(config.MODEL_CHAIN, entries, hasGpu).models;
}

async function pull(entries: readonly ModelEntry[], config: Config): Promise<number> {
  const stop = new Stop();
  let failed = false;
  for (const entry of entries) {
    const line = new ProgressLine(process.stderr, entry.name);
    try {
      const outcome = await downloadModel(entry, {
        modelsFolder: config.MODELS_DIR,
        mirror: config.MODELS_MIRROR,
        signal: stop.signal,
        onProgress: (received, total) => line.update(received / total, `of ${megabytes(total)}`),
      });
      line.end(outcome === 'present' ? 'is there already' : `downloaded, ${megabytes(entry.bytes)}`);
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      line.end(error.message);
      failed = true;
      if (stop.signal.aborted) break;
    }
  }
  stop.close();
  return stop.exitCode ?? (failed ? EXIT.someFailed : 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
