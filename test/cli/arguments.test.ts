import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagOf, parseUpscaleArguments, type UpscaleArguments } from '../../src/cli/arguments.js';
import { UsageError } from '../../src/cli/terminal/usage-error.js';

function parsed(line: string, environment: Record<string, string> = {}): UpscaleArguments {
  const read = parseUpscaleArguments(line.split(' '), environment);
  assert.ok(read !== 'help');
  return read;
}

function usageError(args: readonly string[]): string {
  try {
    parseUpscaleArguments(args, {});
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('the command line of tessera upscale', () => {
  it('is pictures, and the options of the API as they were typed', () => {
    const { inputs, options } = parsed('a.jpg --scale 2 b.png --tile-size 64 --no-fallback --dry-run');
    assert.deepEqual(inputs, ['a.jpg', 'b.png']);
    assert.deepEqual(options, [
      ['scale', '2'],
      ['tile_size', '64'],
      ['fallback', 'false'],
      ['dry_run', 'true'],
    ]);
  });

  it('has two pictures at work at once and asks no service, unless it says otherwise', () => {
    const usual = parsed('a.jpg');
    assert.deepEqual(
      [usual.jobs, usual.server, usual.output, usual.recursive],
      [2, undefined, undefined, false],
    );
    const other = parsed('a.jpg -j 8 -r -o out --server http://host:8000/under?x=1#y');
    assert.deepEqual([other.jobs, other.output, other.recursive], [8, 'out', true]);
    assert.equal(other.server?.href, 'http://host:8000/under/');
  });

  it('takes the key from the environment where it has none itself', () => {
    const environment = { TESSERA_API_KEY: 'from the environment' };
    assert.equal(parsed('a.jpg', environment).apiKey, 'from the environment');
    assert.equal(parsed('a.jpg --api-key own', environment).apiKey, 'own');
  });

  it('asks for help, whatever else it says', () => {
    assert.equal(parseUpscaleArguments(['-h', '--jobs', '0'], {}), 'help');
  });

  it('is refused with a sentence that names the flag and what it takes', () => {
    assert.match(usageError([]), /^Which picture\?/);
    assert.match(usageError(['a.jpg', '-q', '--verbose']), /--quiet and --verbose exclude each other/);
    assert.match(usageError(['a.jpg', '--scale', ' ']), /^--scale is empty/);
    for (const jobs of ['0', '65', 'two', '1.5'])
      assert.match(
        usageError(['a.jpg', '--jobs', jobs]),
        /^--jobs is ".*"; expected a whole number from 1 to 64/,
      );
    for (const server of ['host', 'ftp://host'])
      assert.match(usageError(['a.jpg', '--server', server]), /^--server is ".*"; expected an address/);
  });

  it('has a flag for each option of the API', () => {
    assert.equal(flagOf('tile_size'), '--tile-size');
    assert.equal(flagOf('fallback'), '--no-fallback');
  });
});
