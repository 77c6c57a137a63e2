import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelStatus } from '../../src/domain/types.js';
import { imageInspector } from '../../src/engine/headers/image-inspector.js';
import { DEFAULT_SCALE, resolveScale, servingModels } from '../../src/options/resolve-scale.js';
import { FakeEngine } from '../fake-engine.js';
import { modelStatus, NOT_INSTALLED } from '../model-status.js';
import { OPTIONS } from '../upscale-options.js';

const absent = modelStatus({ name: 'absent', scale: 2, chainPosition: 0, ...NOT_INSTALLED });
const shallow = modelStatus({ name: 'shallow', scale: 3, chainPosition: 1, servesBits: [8] });
const deep = modelStatus({ name: 'deep', scale: 8, chainPosition: 2 });
const aside = modelStatus({ name: 'aside', scale: 6 });
const lanczos = modelStatus({ name: 'lanczos', family: 'lanczos', chainPosition: 3 });
/** Not in the order of the chain. */
const MODELS: readonly ModelStatus[] = [lanczos, deep, aside, shallow, absent];
const eightBit = { sixteenBit: false };

describe('the scale of a request', () => {
  it('is the one that it names', () => {
    assert.equal(resolveScale({ ...eightBit, scale: 1.5, model: 'deep' }, MODELS), 1.5);
  });

  it('is that of the model that it names, installed or not', () => {
    assert.equal(resolveScale({ ...eightBit, model: 'aside' }, MODELS), 6);
    assert.equal(resolveScale({ ...eightBit, model: 'absent' }, MODELS), 2);
    assert.equal(resolveScale({ ...eightBit, model: 'lanczos' }, MODELS), DEFAULT_SCALE);
  });

  it('is that of the first model of the chain that can serve the image', () => {
    assert.equal(resolveScale(eightBit, MODELS), 3);
    assert.equal(resolveScale({ sixteenBit: true }, MODELS), 8);
  });

  it('has a default where no network is known', () => {
    assert.equal(resolveScale(eightBit, []), DEFAULT_SCALE);
    assert.equal(resolveScale(eightBit, [absent, lanczos]), DEFAULT_SCALE);
  });

  it('counts for the check of the size of a result, as if it were named', async () => {
    const engine = new FakeEngine();
    const status = engine.status();
    engine.status = () => ({ ...status, models: MODELS });
    const header = {
      format: 'png',
      width: 100,
      height: 100,
      hasAlpha: false,
      pages: 1,
      ...eightBit,
    } as const;
    const inspect = (maxOutputPixels: number, scale?: number) =>
      imageInspector(
        { read: async () => header },
        { maxInputPixels: 1e6, maxOutputPixels, maxAvifPixels: 1e6 },
        engine,
      )('source', { ...OPTIONS, ...(scale === undefined ? {} : { scale }) });
    for (const scale of [undefined, 3]) {
      assert.equal(await inspect(90_000, scale), header);
      await assert.rejects(inspect(89_999, scale), /300 x 300 pixels/);
    }
  });
});

describe('the networks that may serve a request', () => {
  const names = (model?: string) =>
    servingModels({ ...eightBit, ...(model === undefined ? {} : { model }) }, MODELS).map(({ name }) => name);

  it('are those of the chain in its order, after the one that it names', () => {
    assert.deepEqual(names(), ['shallow', 'deep']);
    assert.deepEqual(names('aside'), ['aside', 'shallow', 'deep']);
    assert.deepEqual(names('deep'), ['deep', 'shallow']);
    assert.deepEqual(names('absent'), ['shallow', 'deep']);
    assert.deepEqual(names('lanczos'), []);
  });
});
