import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadManifest } from '../../src/models/manifest.js';
import { modelsByPurpose, withModel } from '../../src/options/purposes.js';
import { modelStatus, NOT_INSTALLED } from '../model-status.js';
import { SHIPPED_MODELS } from '../models/shipped-models.js';
import { OPTIONS } from '../upscale-options.js';

const lite = modelStatus({ name: 'tessera-lite-x4', chainPosition: 2 });
const mini = modelStatus({ name: 'tessera-mini-x4', chainPosition: 3 });
const general = modelStatus({ name: 'realesr-general-x4v3', chainPosition: 1 });
const strong = modelStatus({ name: 'realesrgan-x4plus' });

describe('the model of a purpose', () => {
  it('is one that ships, where no other is installed', () => {
    const here = [lite, mini, { ...general, ...NOT_INSTALLED }, { ...strong, ...NOT_INSTALLED }];
    assert.deepEqual(modelsByPurpose(here), {
      photo: 'tessera-lite-x4',
      drawing: 'tessera-lite-x4',
      fast: 'tessera-mini-x4',
      best: 'tessera-lite-x4',
    });
  });

  it('is what the operator installed for it, in the chain or not', () => {
    const { photo, best, fast } = modelsByPurpose([lite, mini, general, strong]);
    assert.deepEqual([photo, best, fast], ['realesr-general-x4v3', 'realesrgan-x4plus', 'tessera-mini-x4']);
  });

  it('is none that cannot serve now', () => {
    assert.equal(modelsByPurpose([lite, { ...general, unavailable: 'damaged' }]).photo, 'tessera-lite-x4');
  });

  it('is the first of the chain in a manifest without the usual models, and Lanczos without any', () => {
    const own = modelStatus({ name: 'own', chainPosition: 1 });
    assert.equal(modelsByPurpose([modelStatus({ name: 'aside' }), own]).best, 'own');
    assert.equal(modelsByPurpose([]).best, 'lanczos');
  });

  it('is one of the manifest, whose first choices are all there', async () => {
    const all = (await loadManifest(SHIPPED_MODELS)).map(({ name }) => modelStatus({ name }));
    assert.deepEqual(modelsByPurpose(all), {
      photo: 'realesr-general-x4v3',
      drawing: 'realesrgan-x4plus-anime-6b',
      fast: 'tessera-mini-x4',
      best: 'realesrgan-x4plus',
    });
  });

  it('takes the place of the purpose in the options, and other names stay', () => {
    assert.equal(withModel({ ...OPTIONS, model: 'fast' }, [lite, mini]).model, 'tessera-mini-x4');
    assert.equal(withModel({ ...OPTIONS, model: 'tessera-lite-x4' }, [lite, mini]).model, 'tessera-lite-x4');
    assert.equal('model' in withModel(OPTIONS, [lite]), false);
    const own = modelStatus({ name: 'fast' });
    assert.equal(withModel({ ...OPTIONS, model: 'fast' }, [mini, own]).model, 'fast', 'a model of that name');
  });
});
