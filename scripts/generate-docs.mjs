// Writes what comes from the code: .env.example, and the tables of docs/ (options, errors, settings, models, rooms).
//   node scripts/generate-docs.mjs <folder of the compiled code> [--check]
// --check changes nothing and fails when a file has drifted from the code.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [folder, flag] = process.argv.slice(2);
if (folder === undefined) throw new Error('Expected the folder of the compiled code as the first argument.');
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = (name) => import(pathToFileURL(resolve(folder, name)).href);

const { loadConfig } = await load('config/config.js');
const { CONFIG_SCHEMA } = await load('config/config-schema.js');
const { optionTable } = await load('options/option-defaults.js');
const { OPTION_NAMES } = await load('options/option-table.js');
const { accepted } = await load('options/value-spec.js');
const { RETRY } = await load('domain/errors.js');
const { ERROR_TABLE } = await load('http/errors/error-table.js');
const { loadManifest } = await load('models/manifest.js');

/** A pipe ends a cell, even between backticks. */
const cell = (text) => String(text).replaceAll('|', '\\|');
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const code = (text) => (text === '' ? '' : `\`${text}\``);

const defaultText = (option) =>
  Array.isArray(option.default) ? option.default.join(',') : String(option.default);

/** What a setting or an option accepts, with its unit; empty when it accepts any text. */
function accepts(spec) {
  if (spec.type === 'choice') return spec.choices.map(code).join(', ');
  const words = accepted(spec);
  return `${words === 'text' ? '' : words}${spec.unit === undefined ? '' : ` (${spec.unit})`}`;
}

function configTable() {
  const rows = Object.entries(CONFIG_SCHEMA).map(([name, option]) => [
    code(name),
    code(defaultText(option)),
    accepts(option),
    option.description,
  ]);
  return table(['variable', 'default', 'accepts', 'meaning'], rows);
}

function optionsTable() {
  const specs = optionTable(loadConfig({}, root));
  const rows = OPTION_NAMES.map((name) => {
    const spec = specs[name];
    const normal = spec.default === undefined ? spec.defaultText : code(String(spec.default));
    return [code(name), normal, accepts(spec), spec.description];
  });
  return table(['option', 'default', 'accepts', 'meaning'], rows);
}

function errorsTable() {
  const rows = Object.entries(ERROR_TABLE)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(([name, { status, when }]) => [status, code(name), code(RETRY[name]), when]);
  return table(['status', 'code', 'retry', 'when'], rows);
}

async function modelsTable() {
  const rows = (await loadManifest(join(root, 'models')))
    .filter((entry) => entry.family !== 'custom')
    .map((entry) => {
      const { minimum, multipleOf } = entry.sizeRequirements;
      return [
        code(entry.name),
        `×${entry.scale}`,
        `${(entry.bytes / 1e6).toFixed(1)} MB`,
        `${entry.dtype} ${entry.layout.toUpperCase()}`,
        multipleOf === 1 ? 'any' : `multiples of ${multipleOf}, from ${minimum}`,
        entry.overlapPx,
        entry.licence,
        entry.url === undefined ? 'shipped' : entry.confirmed ? 'yes' : 'one source',
      ];
    });
  return table(
    ['name', 'scale', 'file', 'samples', 'sides', 'overlap, px', 'licence of the weights', 'hash confirmed'],
    rows,
  );
}

/** Which room of src/ holds what, from the top down: a room imports only what stands below it. */
function roomsTable() {
  const { rooms } = JSON.parse(readFileSync(join(root, 'scripts/rooms.json'), 'utf8'));
  const depth = (room) => room.split('/').length - 1;
  const name = (room) => (room.endsWith('.ts') ? room : `${room}/`);
  return table(
    ['room', 'what it holds'],
    rooms.map(({ room, holds }) => [`${'&emsp;'.repeat(depth(room))}${code(name(room))}`, holds]),
  );
}

function envExample() {
  const lines = [
    '# Every setting with its default. Generated from src/config/config-schema.ts by `npm run docs`.',
    '# Read by Docker and Compose (--env-file, env_file), or: node --env-file=.env dist/server.js',
  ];
  for (const [name, option] of Object.entries(CONFIG_SCHEMA)) {
    const values = accepts(option).replaceAll('`', '');
    lines.push('', `# ${option.description}`);
    if (values !== '') lines.push(`# Accepts: ${values}.`);
    lines.push(`#${name}=${defaultText(option)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->`. */
function between(text, name, content, file) {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${start} … ${end}.`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** A page of docs/ with its generated tables. @param tables by name. */
function page(name, tables) {
  const path = join(root, 'docs', name);
  let text = readFileSync(path, 'utf8');
  for (const [table, content] of Object.entries(tables)) text = between(text, table, content, `docs/${name}`);
  return [path, text];
}

const files = Object.fromEntries([
  page('api.md', { options: optionsTable(), errors: errorsTable() }),
  page('configuration.md', { config: configTable() }),
  page('models.md', { models: await modelsTable() }),
  page('architecture.md', { rooms: roomsTable() }),
  [join(root, '.env.example'), envExample()],
]);

const drifted = Object.keys(files).filter(
  (path) => !existsSync(path) || readFileSync(path, 'utf8') !== files[path],
);
if (flag === '--check') {
  for (const path of drifted) console.error(`${path} has drifted from the code: run npm run docs.`);
  process.exitCode = drifted.length === 0 ? 0 : 1;
} else {
  for (const path of drifted) writeFileSync(path, files[path]);
}
