import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { atEnd } from '../at-end.js';
import { ContractServer } from '../web/contract-server.js';
import { photo } from '../web/photos.js';
import { Desk } from './terminal.js';

/** `--server`, against a scripted service. */
async function start(t: test.TestContext): Promise<{ desk: Desk; server: ContractServer }> {
  const desk = await Desk.create(t);
  const server = await ContractServer.start();
  atEnd(t, () => server.close());
  await writeFile(desk.path('a.jpg'), (await photo('a.jpg', 30, 20)).buffer);
  return { desk, server };
}

test('a running service does the work; its result is fetched and then removed there', async (t) => {
  const { desk, server } = await start(t);
  server.onJob = (job) => {
    job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 2 });
    void job.succeed();
  };
  const args = [
    'upscale',
    'a.jpg',
    '--scale',
    '3',
    '--no-fallback',
    '--tile-size',
    '64',
    '--server',
    server.url,
  ];
  const { code, stderr } = await desk.tessera(args);
  assert.match(stderr, /^a\.jpg -> a_x3\.jpg: 90 x 60, JPEG, .*, tessera-lite-x4 on cpu\n$/);
  assert.equal(code, 0);
  const [job] = server.jobs;
  assert.deepEqual({ ...job?.options }, { scale: '3', tile_size: '64', fallback: 'false' });
  assert.deepEqual(await readFile(desk.path('a_x3.jpg')), job?.result);
  assert.equal(job?.deleted, true);
});

test('a running service works by its own settings, not by those of the command', async (t) => {
  const { desk, server } = await start(t);
  server.onJob = (job) => void job.succeed();
  await writeFile(desk.path('a_x4.jpg'), '');
  const settings = { DEFAULT_SCALE: '2', DEFAULT_FORMAT: 'webp', DEFAULT_TIMEOUT_SECONDS: 'soon' };
  const args = ['upscale', 'a.jpg', '--server', server.url];
  const skipped = await desk.tessera([...args, '--skip-existing'], '', settings);
  assert.equal(skipped.stderr, 'a.jpg: skipped, a_x4.jpg is there\n');
  const { code } = await desk.tessera(args, '', settings);
  assert.equal(code, 0);
  assert.deepEqual({ ...server.jobs[0]?.options }, {});
});

test('standard input goes to the service, its result to standard output', async (t) => {
  const { desk, server } = await start(t);
  server.onJob = (job) => void job.succeed();
  const input = await readFile(desk.path('a.jpg'));
  const { code, stdout } = await desk.tessera(['upscale', '-', '--server', `${server.url}/`], input);
  assert.equal(code, 0);
  assert.deepEqual(server.jobs[0]?.source, input);
  assert.deepEqual(stdout, server.jobs[0]?.result);
});

test('a busy service is asked again; its refusals and failures are told in its own words', async (t) => {
  const { desk, server } = await start(t);
  await writeFile(desk.path('b.txt'), 'no picture');
  server.busyAnswers = 1;
  server.onJob = (job) => job.fail('corrupt_image', 'The image is cut off.');
  const { code, stderr } = await desk.tessera([
    'upscale',
    'a.jpg',
    'b.txt',
    '--jobs',
    '1',
    '--server',
    server.url,
  ]);
  assert.equal(code, 1);
  // Neither helps by being tried again, and neither says so.
  assert.match(stderr, /^a\.jpg: failed: The image is cut off\.$/m);
  assert.match(stderr, /^b\.txt: failed: The file is not an image in a format that is read here\.$/m);
});

test('of a failure that may pass it says so, in words and in JSON', async (t) => {
  const { desk, server } = await start(t);
  server.onJob = (job) => job.fail('disk_full', 'The disk is full.', 507);
  const { stdout, stderr } = await desk.tessera(['upscale', 'a.jpg', '--json', '--server', server.url]);
  assert.equal(stderr, 'a.jpg: failed: The disk is full. Trying again may help.\n');
  const error = { code: 'disk_full', retry: 'as_is', message: 'The disk is full.' };
  assert.deepEqual(JSON.parse(stdout.toString()), { input: 'a.jpg', status: 'failed', error });
});

test('the key comes from the environment, and a missing one is said', async (t) => {
  const { desk, server } = await start(t);
  server.apiKey = 'sesame';
  server.onJob = (job) => void job.succeed();
  const args = ['upscale', 'a.jpg', '--server', server.url];
  assert.match((await desk.tessera(args)).stderr, /needs an API key/);
  assert.equal((await desk.tessera(args, '', { TESSERA_API_KEY: 'sesame' })).code, 0);
});

test('a service that is not there is code 3 and a sentence', async (t) => {
  const { desk, server } = await start(t);
  await server.close();
  const { code, stderr } = await desk.tessera(['upscale', 'a.jpg', '--server', server.url]);
  assert.equal(code, 3);
  assert.equal(stderr, `tessera: The service at ${server.url} cannot be reached.\n`);
});

test('an interruption cancels the job in the service', async (t) => {
  const { desk, server } = await start(t);
  const child = desk.start(['upscale', 'a.jpg', '--server', server.url]);
  const job = await server.job(0);
  job.progress({ stage: 'infer', tilesDone: 1, tilesTotal: 200 });
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  assert.equal(await ended, 143);
  assert.equal(job.deleted, true);
  assert.deepEqual(await desk.files(), ['a.jpg']);
});

test('an interruption while the answer to the upload is on its way cancels the job too', async (t) => {
  const { desk, server } = await start(t);
  let answer = (): void => undefined;
  server.answering = new Promise((resolve) => {
    answer = resolve;
  });
  const child = desk.start(['upscale', 'a.jpg', '--server', server.url]);
  const job = await server.job(0);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  // The signal should come first; should it not, the test shows less and holds all the same.
  await delay(200);
  answer();
  assert.equal(await ended, 143);
  assert.equal(job.deleted, true);
});
