import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveFile, wellBehaved } from '../models/file-server.js';
import { SHIPPED_MODELS } from '../models/shipped-models.js';
import { install, nearestNetwork } from '../onnx-writer/test-models.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

describe('tessera models', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
    for (const file of ['manifest.json', 'tessera-lite-x4.onnx'])
      await copyFile(join(SHIPPED_MODELS, file), join(folder, file));
  });
  afterEach(() => rm(folder, { recursive: true }));

  function tessera(
    args: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { PATH: process.env.PATH, MODELS_DIR: folder, ...environment };
    return new Promise((resolve) => {
      execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });
  }

  test('list shows every model, what is installed, and its place in the chain', async () => {
    const { code, stdout } = await tessera(['models', 'list']);
    assert.equal(code, 0);
    assert.match(stdout, /^tessera-lite-x4 +×4 +\d\.\d MB +MIT +4 +installed +Photos, screenshots/m);
    assert.match(stdout, /^realesr-general-x4v3 +×4 +4\.9 MB +BSD-3-Clause +1 +Photos with noise/m);
    assert.match(stdout, /^swin2sr-realworld-x4 +×4 +53\.8 MB +Apache-2\.0 +Photos of poor quality/m);
    assert.match(stdout, /^lanczos +any +MIT +6 +built in +Any picture, at once/m);
  });

  test('verify tells right, missing and wrong files apart by words and exit code', async () => {
    const right = await tessera(['models', 'verify']);
    assert.equal(right.code, 0);
    assert.match(right.stdout, /^tessera-lite-x4 +right$/m);
    assert.match(right.stdout, /^tessera-lite-x4-f32 +not installed$/m);
    await writeFile(join(folder, 'tessera-lite-x4.onnx'), 'rubbish');
    const wrong = await tessera(['models', 'verify', 'tessera-lite-x4']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /^tessera-lite-x4 +WRONG: another size/m);
  });

  test('verify tells of a file that this user may not read', {
    skip: process.getuid?.() === 0 ? 'the superuser can read everything' : false,
  }, async () => {
    await chmod(join(folder, 'tessera-lite-x4.onnx'), 0);
    const { code, stdout } = await tessera(['models', 'verify', 'tessera-lite-x4']);
    assert.equal(code, 1);
    assert.match(stdout, /^tessera-lite-x4 +WRONG: it may not be read or written by this user$/m);
  });

  test('pull downloads what is named, from the mirror, and says what failed', async () => {
    const network = nearestNetwork();
    const entry = await install(folder, 'small', network, { url: 'https://unreachable.invalid/small.onnx' });
    await rm(join(folder, 'small.onnx'));
    await writeFile(join(folder, 'custom.json'), JSON.stringify({ models: [entry] }));
    const server = await serveFile(network.bytes, [wellBehaved]);
    try {
      const mirror = { MODELS_MIRROR: server.url };
      const pulled = await tessera(['models', 'pull', 'small'], mirror);
      assert.deepEqual([pulled.code, pulled.stderr], [0, 'small: downloaded, 0.0 MB\n']);
      const again = await tessera(['models', 'pull', 'small'], mirror);
      assert.equal(again.stderr, 'small: is there already\n');
      const failed = await tessera(['models', 'pull', 'small', 'swin2sr-lightweight-x2'], mirror);
      assert.equal(failed.code, 1);
      assert.match(
        failed.stderr,
        /swin2sr-lightweight-x2 could not be downloaded: the server announced \d+ bytes/,
      );
      assert.deepEqual(server.requests, ['/small.onnx', '/swin2sr-lightweight-x2.onnx']);
    } finally {
      await server.close();
    }
    assert.deepEqual((await readdir(folder)).sort(), [
      'custom.json',
      'manifest.json',
      'small.onnx',
      'tessera-lite-x4.onnx',
    ]);
  });

  test('add takes a file in and tells what it found; a file that is none is refused', async () => {
    const file = join(folder, 'incoming.bin');
    await writeFile(file, nearestNetwork({ scale: 3 }).bytes);
    const added = await tessera(['models', 'add', file, '--name', 'mine', '--purpose', 'Maps.']);
    assert.deepEqual([added.code, added.stderr], [0, '']);
    const [first, ...rest] = added.stdout.trimEnd().split('\n');
    assert.equal(first, 'Added mine.');
    assert.equal(rest.pop(), 'Ask for it with model=mine, or put it into the chain: MODEL_CHAIN=mine,auto');
    const found = Object.fromEntries(rest.map((line) => line.trim().split(/ {2,}/)));
    assert.match(found.speed, /^about \d+\.?\d* s for a megapixel/);
    assert.deepEqual(
      { ...found, speed: '' },
      {
        scale: '×3',
        takes: 'float32 NCHW, 0 to 1',
        gives: 'the same',
        sides: 'any, from 1 px',
        overlap: '8 px, shared by neighbouring tiles',
        speed: '',
        file: 'mine.onnx, 0.0 MB',
      },
    );
    const entry = await tessera(['models', 'add', file, '--name', 'mine', '--replace', '--json']);
    assert.equal(JSON.parse(entry.stdout).scale, 3);
    await tessera(['models', 'add', file, '--name', 'mine', '--replace', '--purpose', 'Maps.']);
    assert.match((await tessera(['models', 'list'])).stdout, /^mine +×3 .* installed +Maps\.$/m);
    await writeFile(file, 'rubbish');
    const refused = await tessera(['models', 'add', file, '--name', 'bad']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /^tessera: .*incoming\.bin cannot be added\. It belongs to a network for ncnn/,
    );
    const none = join(folder, 'none');
    assert.equal(
      (await tessera(['models', 'add', none])).stderr,
      `tessera: ${none} cannot be added. There is no such file or folder.\n`,
    );
  });

  test('add refuses a name that is taken with the way out, and every command works on as before', async () => {
    const file = join(folder, 'auto.onnx');
    await writeFile(file, nearestNetwork().bytes);
    for (const [name, sentence] of [
      [
        [],
        `The name "auto" is taken: it stands for the chain's first model, and in MODEL_CHAIN for the usual ones. Choose another name with --name.`,
      ],
      [
        ['--name', 'tessera-lite-x4'],
        'The name "tessera-lite-x4" belongs to a shipped model. Choose another name with --name.',
      ],
    ] as const) {
      const refused = await tessera(['models', 'add', file, ...name]);
      assert.deepEqual(
        [refused.code, refused.stdout, refused.stderr],
        [1, '', `tessera: ${file} cannot be added. ${sentence}\n`],
      );
    }
    assert.equal((await tessera(['models', 'list'])).code, 0);
    assert.equal((await tessera(['models', 'add', file, '--name', 'mine'])).code, 0);
    assert.match(
      (await tessera(['models', 'add', file, '--name', 'mine'])).stderr,
      /Replace it with --replace/,
    );
    assert.equal((await tessera(['models', 'add', file, '--name', 'mine', '--replace'])).code, 0);
  });

  test('remove says what it removed, and what is not removed and why', async () => {
    const file = join(folder, 'incoming.onnx');
    await writeFile(file, nearestNetwork().bytes);
    await tessera(['models', 'add', file, '--name', 'mine']);
    const removed = await tessera(['models', 'remove', 'mine'], { MODEL_CHAIN: 'mine,auto' });
    assert.deepEqual(
      [removed.code, removed.stdout, removed.stderr],
      [
        0,
        'Removed mine and its file mine.onnx.\n',
        'MODEL_CHAIN still names mine: take it out, or the service will not start.\n',
      ],
    );
    const again = await tessera(['models', 'remove', 'mine']);
    assert.deepEqual(
      [again.code, again.stderr],
      [1, 'tessera: mine cannot be removed. There is no model "mine" of your own. You have added none.\n'],
    );
    assert.match((await tessera(['models', 'remove', 'tessera-lite-x4'])).stderr, /is a shipped model/);
    assert.equal((await tessera(['models', 'remove'])).code, 2);
  });

  test('wrong usage ends with code 2 and a sentence', async () => {
    for (const [args, message] of [
      [['models'], /^$/],
      [['models', 'frobnicate'], /there is no "models frobnicate"/],
      [['models', 'pull', 'imaginary'], /there is no model "imaginary"/],
      [['models', 'list', '--frob'], /There is no option --frob/],
      [['models', 'add'], /add takes one file/],
      [['frobnicate'], /There is no command "frobnicate"/],
      [[], /^$/],
    ] as const) {
      const { code, stderr } = await tessera(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, message);
    }
    const bad = await tessera(['models', 'list'], { MODELS_MIRROR: 'ftp://x' });
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /MODELS_MIRROR is "ftp:\/\/x"; expected an http or https URL/);
    await writeFile(join(folder, 'custom.json'), '[');
    const broken = await tessera(['models', 'list']);
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /custom\.json cannot be used/);
  });

  test('help is on standard output and names the commands', async () => {
    for (const args of [['--help'], ['models', '--help'], ['serve', '--help']]) {
      const { code, stdout } = await tessera(args);
      assert.equal(code, 0);
      assert.match(stdout, /Usage: tessera/);
    }
    assert.match((await tessera(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  });
});
