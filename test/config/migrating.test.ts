import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseUpscaleArguments } from '../../src/cli/arguments.js';
import { UPSCALE_HELP } from '../../src/cli/upscale/help.js';
import { loadConfig } from '../../src/config/config.js';
import { CONFIG_SCHEMA } from '../../src/config/config-schema.js';
import { packageRoot } from '../../src/host/package-root.js';
import { UPSCALE_HEADERS } from '../../src/http/schemas/image.js';
import { loadManifest } from '../../src/models/manifest.js';
import { OPTION_NAMES } from '../../src/options/option-table.js';
import { parseOptions, type RawOption } from '../../src/options/parse-options.js';
import { startApp } from '../http/harness.js';

/** docs/migrating.md: what it says of this service must be there. What stands in left columns is other programs' own. */

const PAGE = readFileSync(join(packageRoot(), 'docs/migrating.md'), 'utf8');

/** Words in code that are no name of ours. */
const PLAIN = [
  'npm start',
  'file',
  'detail',
  'code',
  'parameter',
  'accepted',
  'jpg',
  'webgpu',
  '-dn 1',
  '-t 0',
  'signal',
  'fetch',
  'photo_x4.jpg',
  'URL.createObjectURL(await response.blob())',
];
/** Variables of the systems below. */
const OTHERS_SETTINGS = ['CUDA_VISIBLE_DEVICES'];
const ROUTE = /^(GET|POST|DELETE) (\/\S*)$/;

const config = loadConfig({}, packageRoot());
const names = (await loadManifest(config.MODELS_DIR)).map(({ name }) => name);
const modelNames = [...names, 'lanczos'];

/** Throws for an option, or a value of it, that is not accepted. */
const checkOptions = (options: readonly RawOption[]) => void parseOptions(options, modelNames, [], config);

function checkUpscale(args: readonly string[]): void {
  const wish = parseUpscaleArguments(args, {});
  assert.ok(wish !== 'help');
  checkOptions(wish.options);
}

function checkModels([verb = '', ...rest]: readonly string[]): void {
  assert.ok(['list', 'verify', 'pull', 'add'].includes(verb), verb);
  if (verb === 'pull') for (const name of rest) assert.ok(names.includes(name), name);
}

/** Whether the code is something of ours that was checked; it throws where it is ours and wrong. */
function isChecked(code: string, hasRoute: (method: string, path: string) => boolean): boolean {
  const [, method = '', path = ''] = ROUTE.exec(code) ?? [];
  if (path !== '') {
    assert.ok(hasRoute(method, path), code);
    return true;
  }
  const [command, verb, ...args] = code.split(' ');
  if (command === 'tessera') {
    if (verb === 'models') checkModels(args);
    else if (verb === 'upscale' && args.length > 0) checkUpscale(args);
    else assert.ok(verb === 'upscale' || verb === 'serve', code);
    return true;
  }
  if (code.startsWith('--')) {
    checkUpscale(['photo.jpg', ...code.split(' ')]);
    return true;
  }
  if (/^-[a-z]( \S+\.\w+)?$/.test(code)) return UPSCALE_HELP.includes(`  ${code.slice(0, 2)}, --`);
  const [, option, value = ''] = /^([a-z_]+)=(.*)$/.exec(code) ?? [];
  if (option !== undefined) {
    checkOptions([[option, value]]);
    return true;
  }
  const [, setting] = /^([A-Z][A-Z_]+)(=.*)?$/.exec(code) ?? [];
  if (setting !== undefined) return setting in CONFIG_SCHEMA || OTHERS_SETTINGS.includes(setting);
  if (code.startsWith('X-')) return UPSCALE_HEADERS.some((header) => header === code);
  return names.includes(code) || OPTION_NAMES.some((name) => name === code);
}

const codesIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

test('every option, flag, model, setting and route that its tables name is there', async (t) => {
  const { app } = await startApp(t);
  const hasRoute = (method: string, path: string) =>
    app.hasRoute({ method: method as 'GET', url: path.replace('{id}', ':id') });
  const rows = PAGE.split('\n').filter((line) => /^\| (?!---|what you had)/.test(line));
  assert.ok(rows.length > 90, `${rows.length} rows`);
  for (const row of rows) {
    const [, , ours = '', ...more] = row.split('|');
    assert.deepEqual(more, [''], row);
    assert.ok(ours.trim().length > 0, row);
    for (const code of codesIn(ours))
      assert.ok(PLAIN.includes(code) || isChecked(code, hasRoute), `${code}\n${row}`);
  }
  for (const code of PLAIN) assert.ok(PAGE.includes(`\`${code}\``), `${code} is not on the page any more`);
});

test('its examples are requests and commands that are accepted', () => {
  const blocks = [...PAGE.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
  assert.ok(blocks.length >= 5);
  for (const line of blocks) {
    const words = line.split(' ');
    if (words[0] === 'tessera') checkUpscale(words.slice(2));
    else {
      assert.equal(words[0], 'curl', line);
      const fields = words.flatMap((word, index) => (word === '-F' ? [words[index + 1] ?? ''] : []));
      const pairs = fields.map((field): RawOption => {
        const [name = '', value = ''] = field.split('=');
        return [name, value];
      });
      checkOptions(pairs.filter(([name]) => name !== 'file' && name !== 'image'));
    }
  }
});

test('the README leads to it', () => {
  assert.match(readFileSync(join(packageRoot(), 'README.md'), 'utf8'), /\]\(docs\/migrating\.md\)/);
});
