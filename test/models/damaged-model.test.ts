import assert from 'node:assert/strict';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { openChain } from '../../src/models/fallback/open-chain.js';
import { atEnd } from '../at-end.js';
import { chainRequest, RecordingLog } from './chain-rig.js';
import { SHIPPED_MODELS } from './shipped-models.js';

const LITE = 'tessera-lite-x4';
const TWIN = 'tessera-lite-x4-f32';

/** The chain over a copy of the shipped models, some of which were damaged by `damage`. */
async function chainOver(t: TestContext, damage: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-damaged-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  for (const name of ['manifest.json', `${LITE}.onnx`, `${LITE}.f32.onnx`])
    await cp(join(SHIPPED_MODELS, name), join(folder, name));
  await damage(folder);
  const settings = {
    MODELS_DIR: folder,
    MODEL_CHAIN: ['auto'],
    MODEL_IDLE_MINUTES: 1,
    EXECUTION_PROVIDERS: ['cpu'],
  };
  const chain = await openChain(settings, { threads: 1, log: new RecordingLog() });
  atEnd(t, () => chain.close());
  return chain;
}
const appendJunk = (file: string) => (folder: string) => appendFile(join(folder, file), 'junk\n');
const nameOf = async (candidate: LoadedCandidate) =>
  candidate.kind === 'lanczos' ? 'lanczos' : candidate.model.entry.name;

test('a damaged embedded model does not discredit the CPU: its twin proves the CPU and serves', async (t) => {
  const chain = await chainOver(t, appendJunk(`${LITE}.onnx`));
  assert.deepEqual(chain.providers(), [
    { provider: 'cpu', usable: true, detail: 'A golden tile came back right.' },
  ]);
  const statuses = chain.status();
  assert.match(statuses.find(({ name }) => name === LITE)?.unavailable ?? '', /has \d+ bytes instead of \d+/);
  assert.equal(statuses.find(({ name }) => name === TWIN)?.unavailable, undefined);
  for (const model of [undefined, LITE]) {
    const answer = await chain.serve(chainRequest(model === undefined ? {} : { model }), nameOf);
    assert.deepEqual([answer.value, answer.fallback], [TWIN, true]);
    const tried = answer.attempts.filter(({ reason }) => reason !== 'not_installed');
    assert.deepEqual(
      tried.map((each) => [each.model, each.outcome, each.reason]),
      [
        [LITE, 'failed', 'corrupt_model'],
        [TWIN, 'served', undefined],
      ],
    );
  }
  const plan = await chain.plan(chainRequest());
  assert.equal(plan.find(({ serves }) => serves)?.model, TWIN);
});

test('without fallback a damaged model is refused with its name and the reason', async (t) => {
  const chain = await chainOver(t, async (folder) => {
    const file = join(folder, `${LITE}.onnx`);
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(file, bytes);
  });
  for (const request of [chainRequest({ model: LITE, fallback: false }), chainRequest({ fallback: false })])
    for (const ask of [() => chain.serve(request, nameOf), () => chain.plan(request)])
      await assert.rejects(ask, (error) => {
        assert.ok(error instanceof TesseraError);
        assert.equal(error.code, 'fallback_refused');
        assert.match(error.message, /^tessera-lite-x4 could not serve this image.*another sha256/);
        return true;
      });
});

test('with every embedded file damaged the CPU stays usable for other networks, and Lanczos is a fallback', async (t) => {
  const chain = await chainOver(t, async (folder) => {
    await appendJunk(`${LITE}.onnx`)(folder);
    await appendJunk(`${LITE}.f32.onnx`)(folder);
  });
  const [cpu] = chain.providers();
  assert.equal(cpu?.usable, true);
  assert.match(cpu?.detail ?? '', /^Not proven.*tessera-lite-x4 has.*tessera-lite-x4-f32 has/);
  const answer = await chain.serve(chainRequest(), nameOf);
  assert.deepEqual([answer.value, answer.fallback], ['lanczos', true]);
});

test('an intact embedded model does not load its twin', async (t) => {
  const chain = await chainOver(t, async () => undefined);
  const answer = await chain.serve(chainRequest(), nameOf);
  assert.deepEqual([answer.value, answer.fallback], [LITE, false]);
  const plan = await chain.plan(chainRequest());
  assert.ok(!plan.some(({ model }) => model === TWIN));
});
