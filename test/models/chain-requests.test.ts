import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest } from './chain-rig.js';
import { failOn, GOOD, nameOf, rigOf, short } from './chain-serving.js';

describe('fallback=false', () => {
  const refused = (model: string, detail: RegExp) => (error: unknown) => {
    assert.ok(error instanceof TesseraError);
    assert.equal(error.code, 'fallback_refused');
    assert.match(error.message, new RegExp(`^${model} could not serve this image, and fallback=false`));
    assert.match(error.message, detail);
    return true;
  };

  test('refuses when the first eligible candidate fails', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    await assert.rejects(
      chain.serve(chainRequest({ fallback: false }), failOn('out_of_memory', 'one')),
      refused('one', /made to fail/),
    );
  });

  test('says when to come back for what passes, and not for what stays', async () => {
    for (const [reason, comesBack] of [
      ['out_of_memory', true],
      ['invalid_output', false],
    ] as const) {
      const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
      await assert.rejects(chain.serve(chainRequest({ fallback: false }), failOn(reason, 'one')), (error) => {
        assert.ok(error instanceof TesseraError);
        assert.equal('retryAfterSeconds' in error.details, comesBack, reason);
        return true;
      });
    }
  });

  test('does not mind a chain model that is not installed, unless the request names it', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'here', network: GOOD },
    ]);
    assert.equal((await chain.serve(chainRequest({ fallback: false }), nameOf)).value, 'here');
    await assert.rejects(
      chain.serve(chainRequest({ fallback: false, model: 'absent' }), nameOf),
      refused('absent', /not installed/),
    );
    const answer = await chain.serve(chainRequest({ model: 'absent' }), nameOf);
    assert.deepEqual([answer.value, answer.fallback], ['here', true]);
  });

  test('refuses when no model is installed at all', async () => {
    const { chain } = await rigOf([{ name: 'absent', network: GOOD, missing: true }]);
    await assert.rejects(
      chain.serve(chainRequest({ fallback: false }), nameOf),
      refused('No network', /No model of the chain is installed/),
    );
  });

  test('names the candidate that was lost in an engine, and no chain model that is merely not installed', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'one', network: GOOD },
    ]);
    const crash = { model: 'one', provider: 'cpu', reason: 'engine_crash' } as const;
    const request = chainRequest({
      fallback: false,
      excludedCandidates: [crash],
      earlierAttempts: [{ ...crash, outcome: 'failed', detail: 'The engine process died.', ms: 5 }],
    });
    await assert.rejects(chain.serve(request, nameOf), refused('one', /The engine process died/));
  });

  test('refuses plain resampling where no provider is usable, and calls it a fallback where it is allowed', async () => {
    const { chain } = await rigOf(
      [
        { name: 'absent', network: GOOD, missing: true },
        { name: 'here', network: GOOD },
        { name: 'other', network: GOOD },
      ],
      { providers: [{ provider: 'cuda', usable: false, detail: 'CUDA is not installed.' }] },
    );
    for (const [model, blamed] of [
      [undefined, 'here'],
      ['other', 'other'],
    ] as const) {
      const asked = model === undefined ? {} : { model };
      await assert.rejects(
        chain.serve(chainRequest({ ...asked, fallback: false }), nameOf),
        refused(blamed, /CUDA is not installed/),
      );
      const answer = await chain.serve(chainRequest(asked), nameOf);
      assert.deepEqual([answer.value, answer.fallback], ['lanczos', true]);
    }
    const plain = await chain.serve(chainRequest({ model: 'lanczos', fallback: false }), nameOf);
    assert.deepEqual([plain.value, plain.fallback], ['lanczos', false]);
  });

  test('offers no other precision for a bad tile', async () => {
    const { chain } = await rigOf([
      {
        name: 'quick',
        network: nearestNetwork({ type: 'uint8', scale: 4 }),
        changes: { floatTwin: 'exact' },
      },
      { name: 'exact', network: GOOD, aside: true },
    ]);
    const alternative = async (candidate: LoadedCandidate) =>
      candidate.kind === 'network' ? (await candidate.alternative())?.entry.name : 'lanczos';
    assert.equal((await chain.serve(chainRequest({ fallback: false }), alternative)).value, undefined);
    assert.equal((await chain.serve(chainRequest(), alternative)).value, 'exact');
  });
});

describe('a request that names a model', () => {
  test('gets it first, and then the chain', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD, aside: true },
    ]);
    const named = await chain.serve(chainRequest({ model: 'two' }), nameOf);
    assert.deepEqual([named.value, named.fallback], ['two', false]);
    const fallen = await chain.serve(chainRequest({ model: 'two' }), failOn('runtime_error', 'two'));
    assert.deepEqual([fallen.value, fallen.fallback], ['one', true]);
  });

  test('lanczos turns the network off', async () => {
    const { chain, log } = await rigOf([{ name: 'one', network: GOOD }]);
    const answer = await chain.serve(chainRequest({ model: 'lanczos', fallback: false }), nameOf);
    assert.deepEqual(
      [answer.model, answer.fallback, short(answer.attempts)],
      ['lanczos', false, ['lanczos - served']],
    );
    assert.equal(log.count('model loaded'), 0);
  });

  test('an unknown name is bad input that lists the known ones', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    await assert.rejects(chain.serve(chainRequest({ model: 'none' }), nameOf), (error: unknown) => {
      assert.ok(error instanceof TesseraError);
      assert.deepEqual([error.code, error.details.accepted], ['invalid_option', 'one, lanczos']);
      return true;
    });
  });

  test('resolveScale is that of the model named, else of the first installed', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: nearestNetwork({ scale: 8 }), missing: true },
      { name: 'three', network: nearestNetwork({ scale: 3 }) },
      { name: 'two', network: nearestNetwork({ scale: 2 }) },
    ]);
    assert.equal(chain.resolveScale({ sixteenBit: false }), 3);
    assert.equal(chain.resolveScale({ sixteenBit: false, model: 'two' }), 2);
    assert.equal(chain.resolveScale({ sixteenBit: false, model: 'absent' }), 8);
    assert.equal(chain.resolveScale({ sixteenBit: false, model: 'lanczos' }), 4);
  });
});

describe('16-bit images', () => {
  test('are computed by the float32 twin, and skip a model that has none', async () => {
    const eightBits = nearestNetwork({ type: 'uint8', scale: 4 });
    const { chain } = await rigOf([
      { name: 'lonely', network: eightBits },
      { name: 'quick', network: eightBits, changes: { floatTwin: 'exact' } },
      { name: 'exact', network: GOOD, aside: true },
    ]);
    const deep = await chain.serve(chainRequest({ sixteenBit: true }), nameOf);
    assert.deepEqual([deep.value, deep.fallback], ['exact', false]);
    assert.deepEqual(short(deep.attempts), ['lonely - skipped unsupported_by_model', 'exact cpu served']);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'lonely');
  });
});
