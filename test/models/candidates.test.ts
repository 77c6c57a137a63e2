import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProviderStatus } from '../../src/domain/types.js';
import {
  type ChainSetting,
  candidatesFor,
  exclusionOf,
  type NetworkCandidate,
  namesOf,
  servesBits,
} from '../../src/models/fallback/candidate.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';

const CPU: ProviderStatus = { provider: 'cpu', usable: true, detail: '' };
const GPU: ProviderStatus = { provider: 'cuda', usable: true, detail: '' };

function entry(name: string, changes: Partial<ModelEntry> = {}): ModelEntry {
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
    overlapPx: 16,
    ...changes,
  };
}

const QUICK = entry('quick', { dtype: 'uint8', floatTwin: 'exact' });
const EXACT = entry('exact', { halfTwin: 'half' });
const HALF = entry('half', { dtype: 'float16', floatTwin: 'exact' });
const LONELY = entry('lonely', { dtype: 'uint8' });

function setting(
  changes: Partial<ChainSetting> & { readonly absent?: readonly string[] } = {},
): ChainSetting {
  const { absent = [], ...others } = changes;
  return {
    entries: [QUICK, EXACT, HALF, LONELY],
    chain: [QUICK, LONELY],
    providers: [CPU],
    isInstalled: ({ name }) => !absent.includes(name),
    ...others,
  };
}

/** A candidate in a line. */
const lines = (request: { model?: string; sixteenBit?: boolean }, given: ChainSetting): string[] =>
  candidatesFor({ sixteenBit: false, ...request }, given).map((candidate) => {
    const { model, provider = '-' } = namesOf(candidate);
    const more =
      candidate.kind === 'skip'
        ? candidate.reason
        : candidate.kind === 'network' && candidate.standIn
          ? 'stand-in'
          : '';
    return `${model} ${provider} ${more}`.trim();
  });

describe('the candidates for a request', () => {
  it('are the models of the chain in order, a stand-in behind each int8 one, and Lanczos', () => {
    assert.deepEqual(lines({}, setting()), ['quick cpu', 'exact cpu stand-in', 'lonely cpu', 'lanczos -']);
  });

  it('begin with the model that is named, which is not tried twice', () => {
    assert.deepEqual(lines({ model: 'lonely' }, setting()).slice(0, 2), ['lonely cpu', 'quick cpu']);
    assert.equal(lines({ model: 'lonely' }, setting()).filter((line) => line.startsWith('lonely')).length, 1);
    assert.deepEqual(lines({ model: 'lanczos' }, setting()), ['lanczos -']);
    assert.throws(() => lines({ model: 'none' }, setting()), /name of a known model/);
  });

  it('are in float32 for a 16-bit image', () => {
    assert.deepEqual(lines({ sixteenBit: true }, setting()), [
      'exact cpu',
      'lonely - unsupported_by_model',
      'lanczos -',
    ]);
  });

  it('are halves before floats on a GPU, and int8 only on the CPU', () => {
    assert.deepEqual(lines({ model: 'quick' }, setting({ providers: [GPU, CPU], chain: [] })), [
      'half cuda',
      'exact cuda',
      'quick cpu',
      'exact cpu stand-in',
      'lanczos -',
    ]);
  });

  it('name what is not installed, and providers that cannot be used', () => {
    const gpuless = setting({ providers: [{ ...GPU, usable: false }, CPU], absent: ['quick'] });
    assert.deepEqual(lines({}, gpuless), [
      'lonely cuda provider_unavailable',
      'quick - not_installed',
      'lonely cpu',
      'lanczos -',
    ]);
    assert.deepEqual(lines({}, setting({ providers: [] })), ['lanczos -']);
  });
});

describe('the bits for which a model has a candidate', () => {
  it('are those of the model and its installed twins, on the providers that can be used', () => {
    assert.deepEqual(servesBits(QUICK, setting()), [8, 16]);
    assert.deepEqual(servesBits(LONELY, setting()), [8]);
    assert.deepEqual(servesBits(QUICK, setting({ absent: ['exact'] })), [8]);
    assert.deepEqual(servesBits(QUICK, setting({ absent: ['quick'] })), [16]);
    assert.deepEqual(servesBits(QUICK, setting({ providers: [] })), []);
  });
});

describe('an exclusion', () => {
  const onCpu: NetworkCandidate = { kind: 'network', entry: QUICK, asked: QUICK, provider: 'cpu' };
  const excluded = (model: string, provider?: 'cpu' | 'cuda') =>
    exclusionOf(onCpu, {
      excludedCandidates: [
        { model, reason: 'engine_crash', ...(provider === undefined ? {} : { provider }) },
      ],
    });

  it('is of a model on a provider, or on all', () => {
    assert.equal(excluded('quick', 'cpu')?.reason, 'engine_crash');
    assert.equal(excluded('quick')?.reason, 'engine_crash');
    assert.equal(excluded('quick', 'cuda'), undefined);
    assert.equal(excluded('exact', 'cpu'), undefined);
  });
});
