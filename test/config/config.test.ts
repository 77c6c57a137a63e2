import assert from 'node:assert/strict';
import test from 'node:test';
import { ConfigError, loadConfig, readConfig } from '../../src/config/config.js';
import { CONFIG_SCHEMA } from '../../src/config/config-schema.js';
import { TesseraError } from '../../src/domain/errors.js';
import { optionTable } from '../../src/options/option-defaults.js';
import { OPTION_NAMES } from '../../src/options/option-table.js';
import { parseOptions } from '../../src/options/parse-options.js';

test('without variables every option has its default, with folders under the root', () => {
  const config = loadConfig({}, '/srv/tessera');
  for (const [name, option] of Object.entries(CONFIG_SCHEMA)) {
    if (name.endsWith('_DIR')) continue;
    assert.deepEqual(config[name as keyof typeof config], option.default, name);
  }
  assert.equal(config.TEMP_DIR, '/srv/tessera/temp_uploads');
  assert.equal(config.LOG_DIR, '/srv/tessera/logs');
});

test('absolute folders stay, and an empty LOG_DIR stays empty', () => {
  const config = loadConfig({ TEMP_DIR: '/var/tmp/t', LOG_DIR: '' }, '/srv');
  assert.equal(config.TEMP_DIR, '/var/tmp/t');
  assert.equal(config.LOG_DIR, '');
});

test('values are read by type', () => {
  const config = loadConfig(
    { PORT: ' 80 ', MAX_UPLOAD_MB: '0.5', API_KEYS: ' a, b ,,', LOG_LEVEL: 'warn', CORS_ORIGINS: '' },
    '/',
  );
  assert.equal(config.PORT, 80);
  assert.equal(config.MAX_UPLOAD_MB, 0.5);
  assert.deepEqual(config.API_KEYS, ['a', 'b']);
  assert.equal(config.LOG_LEVEL, 'warn');
  assert.deepEqual(config.CORS_ORIGINS, []);
});

test('all bad variables are named at once, each with what it accepts', () => {
  const bad = {
    PORT: '70000',
    ENGINES: '1.5',
    MAX_UPLOAD_MB: '',
    LOG_LEVEL: 'loud',
    CORS_ORIGINS: 'https://example.org/path',
    TRUST_PROXY: '2',
    DEFAULT_TIMEOUT_SECONDS: '700',
  };
  assert.throws(
    () => loadConfig(bad, '/'),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.problems.map((line) => line.split(' ', 1)[0]),
        [
          'PORT',
          'LOG_LEVEL',
          'CORS_ORIGINS',
          'TRUST_PROXY',
          'MAX_UPLOAD_MB',
          'ENGINES',
          'DEFAULT_TIMEOUT_SECONDS',
        ],
      );
      assert.ok(error.problems.includes('PORT is "70000"; expected a whole number from 0 to 65535.'));
      assert.ok(error.message.startsWith('The configuration has 7 problems:\n  - PORT'));
      return true;
    },
  );
});

test('a bad variable is told once, and not compared with others', () => {
  for (const name of ['DEFAULT_TIMEOUT_SECONDS', 'MAX_TIMEOUT_SECONDS']) {
    const { problems } = readConfig({ MAX_TIMEOUT_SECONDS: '60', [name]: 'soon' }, '/');
    assert.equal(problems.length, 1, problems.join());
    assert.ok(problems[0]?.startsWith(`${name} is "soon"`));
  }
});

test('TRUST_PROXY takes addresses, networks and their names', () => {
  for (const good of ['true', 'false', 'loopback', '10.0.0.1', '10.0.0.0/8, ::1', 'fd00::/8,uniquelocal']) {
    assert.equal(loadConfig({ TRUST_PROXY: good }, '/').TRUST_PROXY, good);
  }
  for (const bad of ['', 'yes', '10.0.0.0/33', 'example.org', '10.0.0.0/8/8']) {
    assert.throws(() => loadConfig({ TRUST_PROXY: bad }, '/'), ConfigError, bad);
  }
});

test('every option but those of one request has its default as a setting, judged in the words of the option', () => {
  const bad = {
    scale: '9',
    strength: '2',
    sharpen: '-1',
    format: 'psd',
    quality: '0',
    tile_size: '16',
    tile_overlap: '-1',
    background: 'blue',
    metadata: 'all',
    profile: 'p3',
    fallback: 'maybe',
  };
  for (const [name, value] of Object.entries(bad)) {
    const setting = `DEFAULT_${name.toUpperCase()}`;
    const { problems } = readConfig({ [setting]: value }, '/');
    const refused = () => parseOptions([[name, value]], [], [], loadConfig({}, '/'));
    assert.throws(refused, (error: unknown) => {
      assert.ok(error instanceof TesseraError);
      const sentence = error.message.slice(`The option "${name}"`.length);
      assert.deepEqual(problems, [setting + sentence]);
      return true;
    });
  }
  const withSetting = OPTION_NAMES.filter(
    (name) => `DEFAULT_${name.toUpperCase()}` in CONFIG_SCHEMA || name === 'timeout',
  );
  const others = OPTION_NAMES.filter((name) => !withSetting.includes(name));
  assert.deepEqual(others, [
    'width',
    'height',
    'fit',
    'position',
    'max_side',
    'megapixels',
    'dpi',
    'dry_run',
    'use_realesrgan',
  ]);
  for (const name of withSetting) assert.ok(name in bad || name === 'model' || name === 'timeout', name);
});

test('defaults of options are kept as the option takes them; empty means what the option does by itself', () => {
  const set = {
    DEFAULT_FORMAT: 'JPG',
    DEFAULT_BACKGROUND: 'F80',
    DEFAULT_SCALE: '2.50',
    DEFAULT_FALLBACK: 'False',
  };
  const config = loadConfig({ ...set, DEFAULT_QUALITY: '', DEFAULT_TILE_SIZE: '' }, '/');
  const table = optionTable(config);
  assert.deepEqual(
    [table.format.default, table.background.default, table.scale.default, table.fallback.default],
    ['jpeg', '#ff8800', 2.5, false],
  );
  assert.deepEqual([table.quality.default, table.tile_size.default], [95, undefined]);
});

test('a default overlap must fit the default tile', () => {
  const problemsOf = (settings: Record<string, string>) => readConfig(settings, '/').problems;
  assert.deepEqual(problemsOf({ DEFAULT_TILE_OVERLAP: '257' }), [
    'DEFAULT_TILE_OVERLAP is 257; expected at most half of tile_size, here 256.',
  ]);
  assert.deepEqual(problemsOf({ DEFAULT_TILE_OVERLAP: '257', DEFAULT_TILE_SIZE: '514' }), []);
  assert.deepEqual(problemsOf({ DEFAULT_TILE_OVERLAP: '17', DEFAULT_TILE_SIZE: '32' }), [
    'DEFAULT_TILE_OVERLAP is 17; expected at most half of tile_size, here 16.',
  ]);
  assert.equal(problemsOf({ DEFAULT_TILE_OVERLAP: '257', DEFAULT_TILE_SIZE: 'large' }).length, 1);
});
