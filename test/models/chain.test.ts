import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { TesseraError } from '../../src/errors.js';
import type { Rung } from '../../src/models/rung.js';
import { RungLost } from '../../src/models/rung-lost.js';
import { TileFailure } from '../../src/models/tile-model.js';
import type { Attempt } from '../../src/types.js';
import { blackNetwork, install, nanNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest, chainRig, type Rig, type RigModel } from './chain-rig.js';
import { gradientTile, repeated } from './tiles.js';

const rigs: Rig[] = [];
async function rigOf(models: readonly RigModel[], options?: Parameters<typeof chainRig>[1]): Promise<Rig> {
  const rig = await chainRig(models, options);
  rigs.push(rig);
  return rig;
}
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

const GOOD = nearestNetwork({ scale: 4 });
const TILE = gradientTile(24, 20, Uint8Array);

/** Serves with one tile through the rung's model, or with "lanczos". */
const oneTile = async (rung: Rung) => (rung.kind === 'lanczos' ? 'lanczos' : rung.model.run(TILE));
const nameOf = async (rung: Rung) => (rung.kind === 'lanczos' ? 'lanczos' : rung.model.entry.name);
const short = (attempts: readonly Attempt[]): string[] =>
  attempts.map((each) =>
    [each.model, each.provider ?? '-', each.outcome, each.reason ?? ''].join(' ').trim(),
  );
/** Fails on the named models with the reason. */
const failOn =
  (reason: TileFailure['reason'], ...names: string[]) =>
  async (rung: Rung) => {
    const name = await nameOf(rung);
    if (names.includes(name)) throw new TileFailure(reason, `made to fail: ${reason}`);
    return name;
  };

describe('the first rung that can serves', () => {
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

  test('a rung that fails hands over to the next, with its reason on record', async () => {
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

  test('what a rung notes on its way stands before its own end', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    const { attempts } = await chain.serve(chainRequest(), async (_rung, note) => {
      note({ model: 'one', provider: 'cpu', tileSizePx: 512, outcome: 'failed', reason: 'out_of_memory' });
    });
    assert.deepEqual(short(attempts), ['one cpu failed out_of_memory', 'one cpu served']);
    assert.ok(attempts.every((attempt) => Number.isInteger(attempt.ms)));
  });
});

describe('the tile of an attempt', () => {
  const given = (tileSizePx: number, then?: Error) => async (rung: Rung) => {
    if (rung.kind === 'network') rung.givenTilePx = tileSizePx;
    if (rung.kind === 'network' && rung.model.entry.name === 'one' && then !== undefined) throw then;
  };

  test('is what the rung was given, whether it served, failed, was lost or late', async () => {
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

describe('files that cannot be used', () => {
  test('a truncated, a wrong-scale, a NaN and a black model fall through to the next, and are loaded once', async () => {
    const truncated = { ...GOOD, bytes: GOOD.bytes.subarray(0, GOOD.bytes.length - 40) };
    const { chain, log } = await rigOf([
      { name: 'truncated', network: truncated },
      { name: 'wrong-scale', network: nearestNetwork({ scale: 4, trueScale: 2 }) },
      { name: 'nan', network: nanNetwork() },
      { name: 'black', network: blackNetwork() },
      { name: 'good', network: GOOD },
    ]);
    for (let round = 0; round < 2; round++) {
      const answer = await chain.serve(chainRequest(), oneTile);
      assert.deepEqual(answer.value, repeated(TILE, 4));
      assert.deepEqual(short(answer.attempts), [
        'truncated cpu failed corrupt_model',
        'wrong-scale cpu failed invalid_output',
        'nan cpu failed invalid_output',
        'black cpu failed invalid_output',
        'good cpu served',
      ]);
      assert.equal(answer.fallback, true);
    }
    assert.equal(log.lines.filter((line) => /not a model|failed its first tile/.test(line)).length, 4);
    const status = chain.status().find((each) => each.name === 'truncated');
    assert.match(status?.unavailable ?? '', /not a model/);
  });

  test('a file that is mended serves again without a restart', async () => {
    const { chain, folder, entries } = await rigOf([{ name: 'one', network: GOOD }]);
    const file = join(folder, entries[0]?.file ?? '');
    await writeFile(file, 'rubbish');
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'lanczos');
    await writeFile(file, GOOD.bytes);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'one');
  });

  test('a model that arrives is taken up without a restart; a new manifest after modelsChanged', async () => {
    const { chain, folder } = await rigOf([{ name: 'late', network: GOOD, missing: true }]);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'lanczos');
    await install(folder, 'late', GOOD);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'late');
    const mine = await install(folder, 'mine', nearestNetwork({ scale: 3 }));
    await writeFile(join(folder, 'custom.json'), JSON.stringify({ models: [mine] }));
    await chain.modelsChanged();
    assert.equal((await chain.serve(chainRequest({ model: 'mine' }), nameOf)).value, 'mine');
    await writeFile(join(folder, 'custom.json'), '{ half');
    await chain.modelsChanged();
    assert.equal((await chain.serve(chainRequest({ model: 'mine' }), nameOf)).value, 'mine');
  });
});

describe('fallback=false', () => {
  const refused = (model: string, detail: RegExp) => (error: unknown) => {
    assert.ok(error instanceof TesseraError);
    assert.equal(error.code, 'fallback_refused');
    assert.match(error.message, new RegExp(`^${model} could not serve this image, and fallback=false`));
    assert.match(error.message, detail);
    return true;
  };

  test('refuses when the first eligible rung fails', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    await assert.rejects(
      chain.serve(chainRequest({ fallback: false }), failOn('out_of_memory', 'one')),
      refused('one', /made to fail/),
    );
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

  test('names the rung that was lost in an engine, and no chain model that is merely not installed', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'one', network: GOOD },
    ]);
    const crash = { model: 'one', provider: 'cpu', reason: 'engine_crash' } as const;
    const request = chainRequest({
      fallback: false,
      excludedRungs: [crash],
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
    const alternative = async (rung: Rung) =>
      rung.kind === 'network' ? (await rung.alternative())?.entry.name : 'lanczos';
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

  test('leadScale is that of the model named, else of the first installed', async () => {
    const { chain } = await rigOf([
      { name: 'absent', network: nearestNetwork({ scale: 8 }), missing: true },
      { name: 'three', network: nearestNetwork({ scale: 3 }) },
      { name: 'two', network: nearestNetwork({ scale: 2 }) },
    ]);
    assert.equal(chain.leadScale({ sixteenBit: false }), 3);
    assert.equal(chain.leadScale({ sixteenBit: false, model: 'two' }), 2);
    assert.equal(chain.leadScale({ sixteenBit: false, model: 'absent' }), 8);
    assert.equal(chain.leadScale({ sixteenBit: false, model: 'lanczos' }), 4);
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

  test('an abort between rungs', async () => {
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
      assert.ok(error instanceof RungLost);
      assert.deepEqual(error.rung, { model: 'one', provider: 'cpu', reason: 'device_lost' });
      assert.deepEqual(short(error.attempts), ['one cpu failed device_lost']);
      return true;
    });
  });
});

describe('after an engine died', () => {
  test('the excluded rung is not tried, and stands once among the attempts', async () => {
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
    const excludedRungs = [{ model: 'one', provider: 'cpu', reason: 'engine_crash' }] as const;
    const told = await chain.serve(chainRequest({ excludedRungs, earlierAttempts: [earlier] }), nameOf);
    assert.deepEqual(short(told.attempts), ['one cpu failed engine_crash', 'two cpu served']);
    assert.equal(told.fallback, true);
    const untold = await chain.serve(chainRequest({ excludedRungs }), nameOf);
    assert.deepEqual(short(untold.attempts), ['one cpu skipped engine_crash', 'two cpu served']);
    await assert.rejects(
      chain.serve(chainRequest({ excludedRungs, earlierAttempts: [earlier], fallback: false }), nameOf),
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
    await assert.rejects(chain.serve(chainRequest({ onAttempt }), failOn('device_lost', 'one')), RungLost);
    assert.deepEqual(short(told), ['absent - skipped not_installed', 'one cpu failed device_lost']);
    const again = chainRequest({
      onAttempt,
      earlierAttempts: [...told],
      excludedRungs: [{ model: 'one', provider: 'cpu', reason: 'device_lost' }],
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

describe('time', () => {
  test('a rung that was at work when it was over stands among the attempts', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    const told: Attempt[] = [];
    const late = new TesseraError('deadline_exceeded', 'Late.');
    await assert.rejects(
      chain.serve(chainRequest({ onAttempt: (attempt) => told.push(attempt) }), async () => {
        throw late;
      }),
      (thrown: unknown) => thrown === late,
    );
    assert.deepEqual(short(told), ['one cpu failed over_time_budget']);
  });

  const slow = 10_000; // microseconds per pixel: the 64×48 image takes about 57 s

  test('a rung that does not fit into the time left is skipped, and says so', async () => {
    const { chain, memory, log } = await rigOf([
      { name: 'slow', network: GOOD },
      { name: 'fast', network: GOOD },
    ]);
    memory.recordSpeed('slow', 'cpu', 1e6, slow * 1000);
    const answer = await chain.serve(chainRequest({ deadlineAtMs: Date.now() + 20_000 }), nameOf);
    assert.deepEqual([answer.value, answer.fallback], ['fast', true]);
    assert.match(answer.attempts[0]?.detail ?? '', /about \d+ s, and 1\d s are left/);
    assert.equal(answer.attempts[0]?.reason, 'over_time_budget');
    assert.equal(log.count('model loaded'), 1, 'the slow one was not even loaded');
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'slow');
  });

  test('requests at work count: what fits alone may not fit beside others', async () => {
    const { chain, memory } = await rigOf([{ name: 'slow', network: GOOD }]);
    memory.recordSpeed('slow', 'cpu', 1e6, slow * 1000);
    const request = () => chainRequest({ deadlineAtMs: Date.now() + 100_000 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const first = chain.serve(request(), async (rung) => {
      begun();
      await held;
      return nameOf(rung);
    });
    await started;
    assert.equal((await chain.serve(request(), nameOf)).value, 'lanczos');
    release();
    assert.equal((await first).value, 'slow');
    assert.equal((await chain.serve(request(), nameOf)).value, 'slow');
  });

  test('requests that are nearly done count for no more than what they have left', async () => {
    const { chain, memory } = await rigOf([{ name: 'slow', network: GOOD }]);
    memory.recordSpeed('slow', 'cpu', 1e6, slow * 1000);
    const request = () => chainRequest({ deadlineAtMs: Date.now() + 100_000 });
    const outer = await chain.serve(request(), async (rung) => {
      // All but a moment of its work is done, at the speed that is known.
      if (rung.kind === 'network') rung.recordSpeed(5600, 56_000);
      return (await chain.serve(request(), nameOf)).value;
    });
    assert.equal(outer.value, 'slow');
  });

  test('an ×2 model reaches ×4 by two passes', async () => {
    const { chain } = await rigOf([{ name: 'double', network: nearestNetwork({ scale: 2 }) }]);
    const passes = async (rung: Rung) => (rung.kind === 'network' ? rung.passes : 0);
    assert.equal((await chain.serve(chainRequest({ scale: 2 }), passes)).value, 1);
    assert.equal((await chain.serve(chainRequest({ scale: 4 }), passes)).value, 2);
  });

  test('an ×2 model takes one pass where there is no time for two', async () => {
    const { chain, memory } = await rigOf([{ name: 'double', network: nearestNetwork({ scale: 2 }) }]);
    const passes = async (rung: Rung) => (rung.kind === 'network' ? rung.passes : 0);
    // One pass takes about 57 s, two 250 s.
    memory.recordSpeed('double', 'cpu', 1e6, slow * 1000);
    const tight = chainRequest({ scale: 4, deadlineAtMs: Date.now() + 140_000 });
    assert.equal((await chain.serve(tight, passes)).value, 1);
  });

  test('a first speed is measured when the model is loaded, and follows what is recorded', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    const speeds = await chain.serve(chainRequest(), async (rung) => {
      if (rung.kind !== 'network') return [];
      const first = rung.microsecondsPerPixel ?? 0;
      for (let i = 0; i < 40; i++) rung.recordSpeed(256 * 256, 6553.6);
      return [first, rung.microsecondsPerPixel ?? 0];
    });
    assert.ok((speeds.value[0] ?? 0) > 0);
    assert.ok(Math.abs((speeds.value[1] ?? 0) - 100) < 1);
    const status = chain.status().find((each) => each.name === 'one');
    assert.ok(Math.abs((status?.microsecondsPerPixel.cpu ?? 0) - 100) < 1);
  });
});

describe('sessions', () => {
  test('are loaded once, whoever asks, and unloaded when idle', async () => {
    const { chain, log } = await rigOf([{ name: 'one', network: GOOD }], { idleMs: 20 });
    const unloaded = log.next('idle model unloaded');
    await Promise.all(Array.from({ length: 8 }, () => chain.serve(chainRequest(), oneTile)));
    assert.equal(log.count('model loaded'), 1);
    await unloaded;
    assert.equal(chain.status()[0]?.loaded, false);
    await chain.serve(chainRequest(), oneTile);
    assert.equal(log.count('model loaded'), 2);
    assert.equal(chain.status()[0]?.loaded, true);
  });

  test('a tile size that worked is remembered for that model alone', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    const tileSize = async (rung: Rung) => (rung.kind === 'network' ? rung.tileSizePx : 0);
    await chain.serve(chainRequest(), async (rung) => {
      if (rung.kind === 'network') {
        rung.rememberTileSize(128);
        rung.rememberTileSize(256);
      }
    });
    assert.equal((await chain.serve(chainRequest(), tileSize)).value, 128);
    assert.equal((await chain.serve(chainRequest({ tileSizePx: 64 }), tileSize)).value, 64);
    assert.equal((await chain.serve(chainRequest({ model: 'two' }), tileSize)).value, 512);
  });
});

describe('providers', () => {
  test('one that was asked for and cannot be used is told of, and is not what an answer is compared with', async () => {
    const { chain } = await rigOf(
      [
        { name: 'one', network: GOOD },
        { name: 'two', network: GOOD },
      ],
      {
        providers: [
          { provider: 'cuda', usable: false, detail: 'CUDA is not installed.' },
          { provider: 'cpu', usable: true, detail: 'proven' },
        ],
      },
    );
    const answer = await chain.serve(chainRequest({ fallback: false }), nameOf);
    assert.deepEqual(short(answer.attempts), ['one cuda skipped provider_unavailable', 'one cpu served']);
    assert.deepEqual([answer.provider, answer.fallback], ['cpu', false]);
  });

  test('on a GPU halves come first, then floats, then the same model on the CPU', async () => {
    const half = nearestNetwork({ type: 'float16', scale: 4 });
    const { chain, folder } = await rigOf(
      [
        { name: 'full', network: GOOD, changes: { halfTwin: 'half' } },
        { name: 'half', network: half, changes: { floatTwin: 'full' }, aside: true },
        {
          name: 'quick',
          network: nearestNetwork({ type: 'uint8', scale: 4 }),
          changes: { floatTwin: 'exact' },
        },
        { name: 'exact', network: GOOD, aside: true },
      ],
      {
        providers: [
          { provider: 'dml', usable: true, detail: 'the test says so' },
          { provider: 'cpu', usable: true, detail: 'proven' },
        ],
      },
    );
    // No such provider exists here, so each of its rungs fails to load: the ladder shows in the attempts.
    const everything = await chain.serve(chainRequest(), failOn('runtime_error', 'full', 'quick'));
    assert.deepEqual(short(everything.attempts), [
      'half dml failed provider_unavailable',
      'full dml failed provider_unavailable',
      'full cpu failed runtime_error',
      'exact dml failed provider_unavailable',
      'quick cpu failed runtime_error',
      'lanczos - served',
    ]);
    await rm(join(folder, 'half.onnx'));
    const without = await chain.serve(chainRequest(), nameOf);
    assert.deepEqual(short(without.attempts), ['full dml failed provider_unavailable', 'full cpu served']);
  });
});

describe('a dry run', () => {
  test('names the rung that would serve, with estimate and reasons, and computes nothing of the image', async () => {
    const { chain, memory } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'slow', network: GOOD },
      { name: 'nan', network: nanNetwork() },
      { name: 'good', network: GOOD },
      { name: 'spare', network: GOOD },
    ]);
    memory.recordSpeed('slow', 'cpu', 1e6, 1e7);
    const steps = await chain.plan(chainRequest({ deadlineAtMs: Date.now() + 20_000 }));
    assert.deepEqual(
      steps.map((step) => [step.model, step.provider, step.serves, step.skipReason]),
      [
        ['absent', undefined, false, 'not_installed'],
        ['slow', 'cpu', false, 'over_time_budget'],
        ['nan', 'cpu', false, 'invalid_output'],
        ['good', 'cpu', true, undefined],
        ['spare', 'cpu', false, undefined],
        ['lanczos', undefined, false, undefined],
      ],
    );
    assert.ok((steps[3]?.estimatedSeconds ?? 0) > 0);
    assert.equal(steps[4]?.estimatedSeconds, undefined);
    const served = await chain.serve(chainRequest({ deadlineAtMs: Date.now() + 20_000 }), nameOf);
    assert.equal(served.value, 'good');
    await assert.rejects(
      chain.plan(chainRequest({ deadlineAtMs: Date.now() + 20_000, fallback: false })),
      /slow could not serve this image, and fallback=false/,
    );
    const first = await chain.plan(chainRequest({ fallback: false }));
    assert.deepEqual(
      first.map((step) => [step.model, step.serves]),
      [
        ['absent', false],
        ['slow', true],
      ],
    );
  });
});
