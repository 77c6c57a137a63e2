import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { Attempt } from '../../src/domain/types.js';
import { DeviceLost } from '../../src/models/fallback/device-lost.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { TileFailure } from '../../src/models/tile-model.js';
import { chainRequest } from './chain-rig.js';
import { failOn, GOOD, nameOf, oneTile, rigOf, short, TILE } from './chain-serving.js';
import { repeated } from './tiles.js';

describe('the first candidate that can serves', () => {
  test('the first installed model serves, and that is no fallback', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'here', network: GOOD },
    ]);
    const answer = await chain.serve(chainRequest(), oneTile);
    assert.deepEqual(answer.value, repeated(TILE, 4));
    assert.deepEqual([answer.model, answer.provider, answer.fallback], ['here', 'cpu', false]);
    assert.deepEqual(short(answer.attempts), ['absent - skipped not_installed', 'here cpu served']);
  });

  test('a candidate that fails hands over to the next, with its reason on record', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
      { name: 'three', network: GOOD },
    ]);
    for (const reason of ['out_of_memory', 'invalid_output', 'runtime_error'] as const) {
      const answer = await chain.serve(chainRequest(), failOn(reason, 'one', 'two'));
      assert.deepEqual([answer.value, answer.fallback], ['three', true]);
      assert.deepEqual(short(answer.attempts), [
        `one cpu failed ${reason}`,
        `two cpu failed ${reason}`,
        'three cpu served',
      ]);
    }
  });

  test('Lanczos serves when nothing else does, and when nothing is installed', async () => {
    const failing = await rigOf([{ name: 'one', network: GOOD }]);
    const afterFailure = await failing.chain.serve(chainRequest(), failOn('out_of_memory', 'one'));
    assert.deepEqual(
      [afterFailure.model, afterFailure.provider, afterFailure.fallback],
      ['lanczos', undefined, true],
    );
    const empty = await rigOf([{ name: 'one', network: GOOD, missing: true }]);
    const withNothing = await empty.chain.serve(chainRequest(), nameOf);
    assert.deepEqual([withNothing.model, withNothing.fallback], ['lanczos', true]);
  });

  test('what a candidate notes on its way stands before its own end', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    const { attempts } = await chain.serve(chainRequest(), async (_candidate, note) => {
      note({ model: 'one', provider: 'cpu', tileSizePx: 512, outcome: 'failed', reason: 'out_of_memory' });
    });
    assert.deepEqual(short(attempts), ['one cpu failed out_of_memory', 'one cpu served']);
    assert.ok(attempts.every((attempt) => Number.isInteger(attempt.ms)));
  });
});

describe('the tile of an attempt', () => {
  const given = (tileSizePx: number, then?: Error) => async (candidate: LoadedCandidate) => {
    if (candidate.kind === 'network') candidate.givenTilePx = tileSizePx;
    if (candidate.kind === 'network' && candidate.model.entry.name === 'one' && then !== undefined)
      throw then;
  };

  test('is what the candidate was given, whether it served, failed, was lost or late', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    const failures = [
      new TileFailure('runtime_error', 'made to fail'),
      new TileFailure('device_lost', 'made to fail'),
      new TesseraError('deadline_exceeded', 'Late.'),
    ];
    for (const failure of failures) {
      const told: Attempt[] = [];
      const onAttempt = (attempt: Attempt) => told.push(attempt);
      await chain.serve(chainRequest({ onAttempt }), given(48, failure)).catch(() => {});
      assert.deepEqual([told[0]?.outcome, told[0]?.tileSizePx], ['failed', 48], failure.message);
    }
    const { attempts } = await chain.serve(chainRequest(), given(96));
    assert.deepEqual([attempts[0]?.outcome, attempts[0]?.tileSizePx], ['served', 96]);
  });

  test('is left out where none was given: Lanczos, and a model that could not be loaded', async () => {
    const cutOff = { ...GOOD, bytes: GOOD.bytes.subarray(0, 100) };
    const { chain } = await rigOf([{ name: 'one', network: cutOff }]);
    const { attempts } = await chain.serve(chainRequest(), given(48));
    assert.deepEqual(short(attempts), ['one cpu failed corrupt_model', 'lanczos - served']);
    for (const { tileSizePx } of attempts) assert.equal(tileSizePx, undefined);
  });
});

describe('what is not a reason to fall back', () => {
  test('a TesseraError of the attempt, and anything unknown, come out as they are', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    for (const error of [new TesseraError('cancelled', 'Gone.'), new TypeError('a mistake of ours')])
      await assert.rejects(
        chain.serve(chainRequest(), async () => {
          throw error;
        }),
        (thrown: unknown) => thrown === error,
      );
  });

  test('an abort between candidates', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    const controller = new AbortController();
    const gone = new TesseraError('cancelled', 'Gone.');
    await assert.rejects(
      chain.serve(chainRequest({ signal: controller.signal }), async () => {
        controller.abort(gone);
        throw new TileFailure('out_of_memory', 'too large');
      }),
      (thrown: unknown) => thrown === gone,
    );
  });

  test('a lost device leaves the chain, with all attempts', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    await assert.rejects(chain.serve(chainRequest(), failOn('device_lost', 'one')), (error: unknown) => {
      assert.ok(error instanceof DeviceLost);
      assert.deepEqual(error.candidate, { model: 'one', provider: 'cpu', reason: 'device_lost' });
      assert.deepEqual(short(error.attempts), ['one cpu failed device_lost']);
      return true;
    });
  });
});

describe('after an engine died', () => {
  test('the excluded candidate is not tried, and stands once among the attempts', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    const earlier: Attempt = {
      model: 'one',
      provider: 'cpu',
      outcome: 'failed',
      reason: 'engine_crash',
      ms: 5,
    };
    const excludedCandidates = [{ model: 'one', provider: 'cpu', reason: 'engine_crash' }] as const;
    const told = await chain.serve(chainRequest({ excludedCandidates, earlierAttempts: [earlier] }), nameOf);
    assert.deepEqual(short(told.attempts), ['one cpu failed engine_crash', 'two cpu served']);
    assert.equal(told.fallback, true);
    const untold = await chain.serve(chainRequest({ excludedCandidates }), nameOf);
    assert.deepEqual(short(untold.attempts), ['one cpu skipped engine_crash', 'two cpu served']);
    await assert.rejects(
      chain.serve(chainRequest({ excludedCandidates, earlierAttempts: [earlier], fallback: false }), nameOf),
      /one could not serve/,
    );
  });

  test('what it skipped is not told again, and what it tried stays', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    const told: Attempt[] = [];
    const onAttempt = (attempt: Attempt) => told.push(attempt);
    await assert.rejects(chain.serve(chainRequest({ onAttempt }), failOn('device_lost', 'one')), DeviceLost);
    assert.deepEqual(short(told), ['absent - skipped not_installed', 'one cpu failed device_lost']);
    const again = chainRequest({
      onAttempt,
      earlierAttempts: [...told],
      excludedCandidates: [{ model: 'one', provider: 'cpu', reason: 'device_lost' }],
    });
    const { attempts } = await chain.serve(again, nameOf);
    assert.deepEqual(short(attempts), [
      'absent - skipped not_installed',
      'one cpu failed device_lost',
      'two cpu served',
    ]);
    assert.deepEqual(short(told), short(attempts));
  });
});
