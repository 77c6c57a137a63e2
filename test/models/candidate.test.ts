import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { Provider } from '../../src/domain/types.js';
import { type Candidate, type ChainSetting, candidatesFor } from '../../src/models/fallback/candidate.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';

function entry(name: string, changes: Partial<ModelEntry>): ModelEntry {
  return {
    name,
    title: name,
    family: 'custom',
    scale: 4,
    licence: 'MIT',
    file: `${name}.onnx`,
    bytes: 1,
    sha256: '',
    confirmed: true,
    input: 'in',
    output: 'out',
    layout: 'nchw',
    dtype: 'float32',
    range: 1,
    sizeRequirements: { minimum: 1, multipleOf: 1 },
    overlapPx: 0,
    ...changes,
  };
}

const int8 = entry('int8', { dtype: 'uint8', floatTwin: 'float' });
const float = entry('float', { halfTwin: 'half' });
const half = entry('half', { dtype: 'float16' });
const lone = entry('lone', { dtype: 'uint8' });
const ENTRIES = [int8, float, half, lone];

function setting(
  chain: readonly ModelEntry[],
  { missing = [] as readonly ModelEntry[], cuda = undefined as boolean | undefined } = {},
): ChainSetting {
  const providers = [{ provider: 'cpu' as Provider, usable: true, detail: 'always' }];
  if (cuda !== undefined) providers.unshift({ provider: 'cuda', usable: cuda, detail: 'no driver' });
  return { chain, entries: ENTRIES, providers, isInstalled: (each) => !missing.includes(each) };
}

/** `model@provider`, with a star for one that stands in; `model: reason`, or `lanczos`. */
function shown(candidates: readonly Candidate[]): string[] {
  return candidates.map((each) => {
    if (each.kind === 'lanczos') return 'lanczos';
    if (each.kind === 'skip') return `${each.model}: ${each.reason}`;
    return `${each.entry.name}@${each.provider}${each.standIn ? '*' : ''}`;
  });
}

describe('the candidates for an image', () => {
  it('are the models of the chain in their order, and Lanczos at last', () => {
    const candidates = candidatesFor({ sixteenBit: false }, setting([lone, float]));
    assert.deepEqual(shown(candidates), ['lone@cpu', 'float@cpu', 'lanczos']);
  });

  it('begin with the model that the request names, which comes once', () => {
    const candidates = candidatesFor({ model: 'float', sixteenBit: false }, setting([lone, float]));
    assert.deepEqual(shown(candidates), ['float@cpu', 'lone@cpu', 'lanczos']);
  });

  it('are Lanczos alone where the request names it', () => {
    assert.deepEqual(shown(candidatesFor({ model: 'lanczos', sixteenBit: false }, setting([float]))), [
      'lanczos',
    ]);
  });

  it('hold the float32 twin behind an int8 model on the CPU, for a damaged file', () => {
    assert.deepEqual(shown(candidatesFor({ sixteenBit: false }, setting([int8]))), [
      'int8@cpu',
      'float@cpu*',
      'lanczos',
    ]);
  });

  it('compute in half precision on a GPU first, and never in int8 there', () => {
    const candidates = candidatesFor({ sixteenBit: false }, setting([int8], { cuda: true }));
    assert.deepEqual(shown(candidates), ['half@cuda', 'float@cuda', 'int8@cpu', 'float@cpu*', 'lanczos']);
  });

  it('compute 16-bit images in float32, and skip a model that has no float32 twin', () => {
    const candidates = candidatesFor({ sixteenBit: true }, setting([int8, lone]));
    assert.deepEqual(shown(candidates), ['float@cpu', 'lone: unsupported_by_model', 'lanczos']);
  });

  it('name the file that is missing where a model cannot serve for want of it', () => {
    const candidates = candidatesFor({ sixteenBit: true }, setting([int8], { missing: [float] }));
    assert.deepEqual(shown(candidates), ['int8: not_installed', 'lanczos']);
    assert.ok(candidates[0]?.kind === 'skip');
    assert.equal(candidates[0].detail, 'float is not installed.');
  });

  it('tell of a provider that cannot be used once, with the first model that would have run there', () => {
    const candidates = candidatesFor(
      { sixteenBit: false },
      setting([int8, lone], { cuda: false, missing: [int8] }),
    );
    assert.deepEqual(shown(candidates), [
      'lone: provider_unavailable',
      'int8: not_installed',
      'lone@cpu',
      'lanczos',
    ]);
  });

  it('are refused for a name that no model has, with the names that there are', () => {
    assert.throws(
      () => candidatesFor({ model: 'nothing', sixteenBit: false }, setting([float])),
      (thrown) => {
        assert.ok(thrown instanceof TesseraError);
        assert.equal(thrown.code, 'invalid_option');
        assert.equal(thrown.details.accepted, 'int8, float, half, lone, lanczos');
        return true;
      },
    );
  });
});
