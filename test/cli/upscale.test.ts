import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import sharp from 'sharp';
import { photo } from '../web/photos.js';
import { Desk, noTerminal, outcomeOf } from './terminal.js';

/** The command line as people use it: real processes, the real engine, the embedded model. */

test('a picture is enlarged beside itself, and it is that picture', async (t) => {
  const desk = await Desk.create(t);
  const { buffer } = await photo('photo.jpg', 90, 60);
  await writeFile(desk.path('photo.jpg'), buffer);
  const { code, stdout, stderr } = await desk.tessera(['upscale', 'photo.jpg']);
  assert.equal(
    stderr.replace(/[\d.]+ kB, [\d.]+ s/, '_'),
    'photo.jpg -> photo_x4.jpg: 360 x 240, JPEG, _, tessera-lite-x4 on cpu\n',
  );
  assert.equal(code, 0);
  assert.equal(stdout.length, 0);
  assert.deepEqual(await desk.files(), ['photo.jpg', 'photo_x4.jpg']);
  assert.ok((await psnr(await readFile(desk.path('photo_x4.jpg')), buffer)) > 25);
  assert.deepEqual(await desk.leftovers(), []);
});

test('a picture whose name takes 240 bytes has a result of that name', async (t) => {
  const desk = await Desk.create(t);
  const stem = '山'.repeat(80);
  await writeFile(desk.path(`${stem}.jpg`), (await photo('a.jpg', 16, 12)).buffer);
  const { code } = await desk.tessera(['upscale', `${stem}.jpg`, '--model', 'lanczos']);
  assert.equal(code, 0);
  assert.deepEqual(await desk.files(), [`${stem}.jpg`, `${stem}_x4.jpg`]);
});

test('from standard input to standard output, which carries the picture alone', async (t) => {
  const desk = await Desk.create(t);
  const { buffer } = await photo('photo.png', 40, 30);
  const { code, stdout, stderr } = await desk.tessera(
    ['upscale', '-', '--scale', '2.5', '--format', 'webp'],
    buffer,
  );
  assert.equal(code, 0);
  const { format, width, height } = await sharp(stdout).metadata();
  assert.deepEqual({ format, width, height }, { format: 'webp', width: 100, height: 75 });
  assert.match(stderr, /^-: 100 x 75, WEBP/);
  assert.deepEqual(await desk.leftovers(), []);
});

test('the settings of the service hold here too, the defaults of options among them', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.png'), (await photo('a.png', 16, 12)).buffer);
  const settings = { DEFAULT_SCALE: '2', DEFAULT_FORMAT: 'webp', DEFAULT_MODEL: 'lanczos' };
  const { code, stderr } = await desk.tessera(['upscale', 'a.png'], '', settings);
  assert.match(stderr, /^a\.png -> a_x2\.webp: 32 x 24, WEBP, .*, lanczos\n$/);
  assert.equal(code, 0);
  const wrong = await desk.tessera(['upscale', 'a.png'], '', { DEFAULT_MODEL: 'imaginary' });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /DEFAULT_MODEL is "imaginary"; expected auto, tessera-lite-x4, /);
});

test('a folder with a bad file in it: the others are done, and a second run does only what is missing', async (t) => {
  const desk = await Desk.create(t);
  await mkdir(desk.path('in', 'deep'), { recursive: true });
  await writeFile(desk.path('in', 'a.jpg'), (await photo('a.jpg', 30, 20)).buffer);
  await writeFile(desk.path('in', 'deep', 'b.png'), (await photo('b.png', 20, 30)).buffer);
  await writeFile(desk.path('in', 'bad.jpg'), 'no picture');
  await writeFile(desk.path('in', 'notes.txt'), 'not looked at');
  const args = ['upscale', '-r', 'in', '-o', 'out', '--scale', '2', '--json', '--jobs', '3'];
  const first = await desk.tessera(args);
  assert.equal(first.code, 1);
  const records = recordsOf(first.stdout);
  assert.deepEqual(
    records.map(({ input, status, output, error }) => [input, status, output ?? error]).sort(),
    [
      ['in/a.jpg', 'done', 'out/a_x2.jpg'],
      ['in/bad.jpg', 'failed', records.find(({ input }) => input === 'in/bad.jpg')?.error],
      ['in/deep/b.png', 'done', 'out/deep/b_x2.jpg'],
    ],
  );
  const failed = records.find(({ status }) => status === 'failed');
  assert.equal(failed?.error?.code, 'unsupported_image');
  assert.match(first.stderr, /^in\/bad\.jpg: failed: The file is not an image/m);
  assert.match(first.stderr, /^2 done, 1 failed in /m);
  const { width, height } = await sharp(desk.path('out', 'deep', 'b_x2.jpg')).metadata();
  assert.deepEqual([width, height], [40, 60]);

  const second = await desk.tessera([...args, '--skip-existing']);
  assert.equal(second.code, 1);
  assert.deepEqual(
    recordsOf(second.stdout)
      .map(({ status }) => status)
      .sort(),
    ['failed', 'skipped', 'skipped'],
  );
});

test('what is wrong with the arguments is said before anything is done', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 8, 8)).buffer);
  const cases: [string[], RegExp][] = [
    [['upscale'], /Which picture\?/],
    [
      ['upscale', 'a.jpg', '--tile-size', '9'],
      /--tile-size is "9"; expected a whole number from 32 to 4096\./,
    ],
    [['upscale', 'a.jpg', '--model', 'nix'], /--model is "nix"; expected .*tessera-lite-x4.*lanczos/],
    [['upscale', 'a.jpg', '--wat'], /There is no option --wat\./],
    [['upscale', 'a.jpg', '-o', 'a.xyz'], /no format is called "xyz"/],
    [['upscale', 'a.jpg', '-o', 'b.png', '--format', 'webp'], /named as PNG, but --format says webp/],
    [['upscale', 'a.jpg', 'b.png', '-o', 'one.jpg'], /cannot go to the one picture one\.jpg; name a folder/],
    [['upscale', 'a.jpg', '-o', './a.jpg'], /overwritten by its own result/],
    [['upscale', 'a.jpg', '-o', '-', '--json'], /cannot carry the picture and --json/],
    [['upscale', '.'], /\. is a folder; add -r/],
    [['upscale', '-r', '.'], /Where to\?/],
    [['upscale', 'a.jpg', '--server', 'localhost'], /--server is "localhost"; expected an address/],
    [['upscale', 'a.jpg', '-j', '0'], /--jobs is "0"; expected a whole number from 1 to 64\./],
    [['downscale'], /There is no command "downscale"/],
    [['serve', '--port', 'x'], /PORT is "x"; expected a whole number from 0 to 65535/],
  ];
  for (const [args, sentence] of cases) {
    const { code, stdout, stderr } = await desk.tessera(args);
    assert.match(stderr, sentence, args.join(' '));
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout.length, 0);
  }
  assert.deepEqual(await desk.files(), ['a.jpg']);
});

test('help and version are data, and need nothing', async (t) => {
  const desk = await Desk.create(t);
  for (const args of [['--help'], ['upscale', '--help'], ['serve', '--help'], ['--version']]) {
    const { code, stdout, stderr } = await desk.tessera(args, '', { PORT: 'bad' });
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.ok(
      stdout
        .toString()
        .split('\n')
        .every((line) => line.length <= 130),
    );
  }
});

test('a format may be named as files are, beside an output of that name', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.png'), (await photo('a.png', 30, 20)).buffer);
  const { code } = await desk.tessera([
    'upscale',
    'a.png',
    '-o',
    'b.jpeg',
    '--format',
    'JPG',
    '--scale',
    '2',
  ]);
  assert.equal(code, 0);
  assert.equal((await sharp(desk.path('b.jpeg')).metadata()).format, 'jpeg');
});

test('metadata and profile are kept on request, and what cannot be kept is told', async (t) => {
  const desk = await Desk.create(t);
  const { buffer } = await photo('a.png', 30, 20);
  const rich = sharp(buffer).withExif({ IFD0: { Artist: 'Somebody' } });
  await rich.clone().withIccProfile('p3').png().toFile(desk.path('a.png'));
  const keep = ['--metadata', 'keep', '--profile', 'keep', '--scale', '2'];
  const kept = await desk.tessera(['upscale', 'a.png', '-o', 'b.jpg', ...keep]);
  assert.equal(kept.code, 0);
  assert.doesNotMatch(kept.stderr, /without/);
  const { icc, exif } = await sharp(desk.path('b.jpg')).metadata();
  assert.deepEqual(icc, (await sharp(desk.path('a.png')).metadata()).icc);
  assert.ok(exif?.includes('Somebody'));
  await sharp(buffer).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toFile(desk.path('c.jpg'));
  const converted = await desk.tessera(['upscale', 'c.jpg', '--json', ...keep]);
  assert.match(converted.stderr, /without its colour profile/);
  assert.deepEqual(recordsOf(converted.stdout)[0]?.notKept, ['profile']);
});

test('of an animation it says that the first frame is the result', async (t) => {
  const desk = await Desk.create(t);
  const frames = Buffer.alloc(16 * 48 * 3, 200)
    .fill(90, 0, 16 * 16 * 3)
    .fill(20, 16 * 32 * 3);
  await sharp(frames, { raw: { width: 16, height: 48, channels: 3, pageHeight: 16 } })
    .gif()
    .toFile(desk.path('a.gif'));
  const result = await desk.tessera(['upscale', 'a.gif', '--json', '--model', 'lanczos', '--scale', '2']);
  assert.match(result.stderr, /the first of 3 frames or pages/);
  assert.equal(recordsOf(result.stdout)[0]?.droppedPages, 2);
});

test('a dry run tells what would be done, and does nothing', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 30, 20)).buffer);
  const { code, stdout, stderr } = await desk.tessera(['upscale', 'a.jpg', '--dry-run', '--json']);
  assert.equal(code, 0);
  assert.match(stderr, /^a\.jpg: 120 x 80, 1 tile, about .* by tessera-lite-x4 on cpu\n {2}/);
  assert.equal(recordsOf(stdout)[0]?.status, 'planned');
  assert.deepEqual(await desk.files(), ['a.jpg']);
});

/** Long at work: what is done within a tenth of a second shows no bar. */
const LONG = { width: 1400, height: 1000 };

test('in a terminal there is a bar, which is gone at the end', { skip: noTerminal }, async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', LONG.width, LONG.height)).buffer);
  const { code, stdout } = await outcomeOf(desk.terminal(['upscale', 'a.jpg', '--format', 'jpeg']));
  assert.equal(code, 0);
  const screen = stdout.toString();
  assert.match(screen, /a\.jpg +[█░]{20} +\d+ % {2}(reading|tile \d+ of \d+)/);
  assert.match(screen, /a\.jpg -> a_x4\.jpg: 5600 x 4000, JPEG/);
  assert.ok(screen.lastIndexOf('\x1b[?25h') > screen.lastIndexOf('\x1b[?25l'));
  assert.doesNotMatch(screen.slice(screen.lastIndexOf('->')), /[█░]/);
});

test('plain resampling shows its rows in the bar', { skip: noTerminal }, async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', LONG.width, LONG.height)).buffer);
  const args = ['upscale', 'a.jpg', '--model', 'lanczos', '--scale', '6'];
  const { code, stdout } = await outcomeOf(desk.terminal(args));
  assert.equal(code, 0);
  assert.match(stdout.toString(), /a\.jpg +[█░]{20} +\d+ % {2}resampling row \d+ of 1000/);
});

test('without UTF-8 the bar is ASCII, and in a pipe nothing steers a terminal', {
  skip: noTerminal,
}, async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', LONG.width, LONG.height)).buffer);
  const ascii = await outcomeOf(desk.terminal(['upscale', 'a.jpg'], { LANG: 'C', LC_ALL: 'C' }));
  assert.match(ascii.stdout.toString(), /a\.jpg +[#.]{20}/);
  const piped = await desk.tessera(['upscale', 'a.jpg']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  assert.doesNotMatch(piped.stderr, /[\x00-\x09\x0b-\x1f]/);
});

test('Ctrl-C ends with 130 and leaves no half file, nor anything in the folder for temporary files', {
  skip: noTerminal,
}, async (t) => {
  const desk = await Desk.create(t);
  const large = sharp({
    create: {
      width: 3000,
      height: 2000,
      channels: 3,
      background: '#888888',
      noise: { type: 'gaussian', mean: 128, sigma: 20 },
    },
  });
  await large.jpeg().toFile(desk.path('large.jpg'));
  await writeFile(desk.path('large_x4.jpg'), 'of an earlier run');
  const child = desk.terminal(['upscale', 'large.jpg']);
  const screen = interrupting(child);
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 130);
  assert.match(screen(), /large\.jpg: interrupted/);
  assert.deepEqual(await desk.files(), ['large.jpg', 'large_x4.jpg']);
  assert.equal(await readFile(desk.path('large_x4.jpg'), 'utf8'), 'of an earlier run');
  assert.deepEqual(await desk.leftovers(), []);
});

test('Ctrl-C among several pictures says how many are done', { skip: noTerminal }, async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 8, 8)).buffer);
  const large = sharp({ create: { width: 3000, height: 2000, channels: 3, background: '#888888' } });
  for (const name of ['b.jpg', 'c.jpg']) await large.clone().jpeg().toFile(desk.path(name));
  const child = desk.terminal(['upscale', '-j', '1', 'a.jpg', 'b.jpg', 'c.jpg']);
  const screen = interrupting(child);
  assert.equal(await new Promise((resolve) => child.once('close', resolve)), 130);
  assert.match(screen(), /Interrupted; 1 of 3 done\.\s/);
  assert.doesNotMatch(screen(), /No pictures found/);
});

test('a reader that goes away is no crash, and leaves nothing behind', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 400, 300)).buffer);
  const child = desk.start(['upscale', 'a.jpg', '-o', '-', '--format', 'png']);
  child.stdout.once('data', () => child.stdout.destroy());
  const closed = new Promise((resolve) => child.once('close', resolve));
  const [code, stderr] = await Promise.all([closed, text(child.stderr)]);
  assert.match(stderr, /a\.jpg: failed: Whoever was to read the output has gone\./);
  assert.equal(code, 1);
  assert.deepEqual(await desk.leftovers(), []);
});

test('a place that cannot be written is said, and the other pictures are done', async (t) => {
  const desk = await Desk.create(t);
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 8, 8)).buffer);
  await writeFile(desk.path('b.jpg'), (await photo('b.jpg', 8, 8)).buffer);
  await mkdir(desk.path('out', 'a_x4.jpg'), { recursive: true });
  const { code, stderr } = await desk.tessera(['upscale', 'a.jpg', 'b.jpg', 'missing.jpg', '-o', 'out']);
  assert.equal(code, 1);
  assert.match(stderr, /^a\.jpg: failed: .*It is a folder, not a file\.$/m);
  assert.match(stderr, /^missing\.jpg: failed: There is no such file or folder\.$/m);
  assert.match(stderr, /^b\.jpg -> out\/b_x4\.jpg: 32 x 32/m);
  assert.deepEqual(await desk.files(), ['a.jpg', 'b.jpg', 'out/b_x4.jpg']);
});

/** Presses Ctrl-C once a picture of many tiles is past its first. @returns what has been on the screen so far. */
function interrupting(child: ChildProcessWithoutNullStreams): () => string {
  let screen = '';
  let pressed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (pressed || !/tile ([2-9]|\d\d+) of/.test(screen)) return;
    pressed = true;
    child.stdin.write('\x03');
  });
  return () => screen;
}

interface Line {
  readonly input: string;
  readonly status: string;
  readonly output?: string;
  readonly notKept?: readonly string[];
  readonly droppedPages?: number;
  readonly error?: { readonly code: string };
}

function recordsOf(stdout: Buffer): Line[] {
  return stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** Of the result, made small again, against its source. */
async function psnr(result: Buffer, source: Buffer): Promise<number> {
  const original = await sharp(source).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = original.info;
  const small = await sharp(result).resize(width, height, { kernel: 'lanczos3' }).raw().toBuffer();
  const squares = small.reduce((sum, value, at) => sum + (value - (original.data[at] ?? 0)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / small.length));
}
