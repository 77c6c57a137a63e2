import assert from 'node:assert/strict';
import test from 'node:test';
import sharp from 'sharp';
import { isRunning } from '../processes.js';
import { until } from '../until.js';
import { enlarged, imageForm, photo, psnr } from './pictures.js';
import { type ServerProcess, startServer } from './server-process.js';

interface View {
  readonly state: string;
  readonly progress?: { readonly model?: string };
  readonly attempts: readonly {
    readonly model: string;
    readonly outcome: string;
    readonly reason?: string;
  }[];
  readonly error?: { readonly code: string; readonly detail: string };
}

/** Ends the engine, as the kernel does, under each network that is at work, once. @returns the job when it is over, and the networks. */
async function killUnderEachNetwork(
  server: ServerProcess,
  fields: Record<string, string>,
): Promise<{ job: View; href: string; killed: readonly string[] }> {
  const picture = await photo(31, 1000, 800);
  const form = imageForm(picture, { tile_size: '64', tile_overlap: '32', format: 'png', ...fields });
  const made = await fetch(`${server.origin}/jobs`, { method: 'POST', body: form });
  const href = `${server.origin}${made.headers.get('location')}`;
  const killed = new Set<string>();
  const job = await until(async () => {
    const look = (await (await fetch(href)).json()) as View;
    if (!['queued', 'running'].includes(look.state)) return look;
    const model = look.progress?.model;
    if (model === undefined || model === 'lanczos' || killed.has(model)) return undefined;
    const engine = (await server.health()).engine.processes.find(({ jobs }) => jobs === 1);
    if (engine === undefined || !isRunning(engine.pid)) return undefined;
    killed.add(model);
    process.kill(engine.pid, 'SIGKILL');
    return undefined;
  }, 'The job has ended.');
  return { job, href, killed: [...killed] };
}

test('kill -9 under one network after the other: Lanczos serves, and the attempts say why', async (t) => {
  const server = await startServer(t);
  const { job, href, killed } = await killUnderEachNetwork(server, {});
  assert.equal(job.state, 'succeeded', JSON.stringify(job));
  assert.ok(killed.length >= 2, `${killed} were killed`);
  assert.equal(job.attempts.at(-1)?.model, 'lanczos');
  const lost = job.attempts.filter(
    ({ outcome, reason }) => outcome === 'failed' && reason === 'out_of_memory',
  );
  assert.deepEqual(
    lost.map(({ model }) => model),
    killed,
  );
  const result = await fetch(`${href}/result`);
  assert.equal(result.headers.get('x-upscale-model'), 'lanczos');
  const pixels = Buffer.from(await result.arrayBuffer());
  assert.equal((await sharp(pixels).metadata()).width, 4000);
  assert.ok((await psnr(pixels, await enlarged(await photo(31, 1000, 800), 4))) > 35);
});

test('kill -9 under the only network that is allowed: the refusal names it, and blames no image', async (t) => {
  const server = await startServer(t);
  const { job, killed } = await killUnderEachNetwork(server, { fallback: 'false' });
  assert.deepEqual(killed, ['tessera-lite-x4']);
  assert.equal(job.state, 'failed');
  assert.equal(job.error?.code, 'fallback_refused');
  assert.match(job.error?.detail ?? '', /^tessera-lite-x4 could not serve .*memory runs out/);
});
