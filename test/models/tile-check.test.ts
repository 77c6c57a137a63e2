import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import { compareWithTile, faultOfAnswer } from '../../src/models/onnx/tile-check.js';
import { TileFailure } from '../../src/models/tile-model.js';
import type { Raster } from '../../src/tiling/raster.js';
import { install, mixingNetwork, movingNetwork, type TestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest } from './chain-rig.js';
import { GOOD, rigOf, short } from './chain-serving.js';
import { PACKAGE_ROOT } from './shipped-models.js';
import { repeated } from './tiles.js';

async function photo(name: string, width: number): Promise<Raster<3>> {
  const file = await readFile(join(PACKAGE_ROOT, 'bench/photos', `${name}.jpg`));
  const { data, info } = await sharp(file)
    .resize(width)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
}

const ONE = [1, 1, 1] as const;
const NONE = [0, 0, 0] as const;
/** What a broken network, provider or contract makes of a tile. */
const FAULTS: readonly (readonly [string, TestNetwork, RegExp])[] = [
  ['red and blue swapped', mixingNetwork(ONE, NONE, [2, 1, 0]), /red and blue are swapped/],
  ['a tile moved by 8 pixels', movingNetwork(8), /moved by about 8 pixels/],
  ['a tile moved by 16 pixels', movingNetwork(16), /moved by about 16 pixels/],
  ['inverted', mixingNetwork([-1, -1, -1], ONE), /not the tile/],
  ['-1 to 1 read as 0 to 1', mixingNetwork([2, 2, 2], [-1, -1, -1]), /not the tile/],
  ['0 to 1 read as -1 to 1', mixingNetwork([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), /not the tile/],
  ['0 to 255 read as 0 to 1', mixingNetwork([255, 255, 255], NONE), /not the tile/],
  ['0 to 1 read as 0 to 255', mixingNetwork([1 / 255, 1 / 255, 1 / 255], NONE), /not the tile/],
  ['no green', mixingNetwork([1, 0, 1], NONE), /not the tile/],
];

describe('the answer to every tile', () => {
  let folder: string;
  let tile: Raster<3>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-tile-check-'));
    tile = await photo('spices', 256);
  });
  after(() => rm(folder, { recursive: true }));

  async function answerOf(
    name: string,
    network: TestNetwork,
    changes: Partial<ModelEntry> = {},
  ): Promise<Raster<3>> {
    const entry = await install(folder, name, network, changes);
    const model: LoadedModel = await openModel(entry, folder, 'cpu', { threads: 1 });
    try {
      return await model.run(tile);
    } finally {
      await model.release();
    }
  }

  for (const [index, [what, network, words]] of FAULTS.entries())
    test(`is invalid when it is another picture: ${what}`, async () => {
      await assert.rejects(answerOf(`fault-${index}`, network), (error: unknown) => {
        assert.ok(error instanceof TileFailure, String(error));
        assert.equal(error.reason, 'invalid_output');
        assert.match(error.message, words);
        return true;
      });
    });

  test('is invalid in 16 bits too', () => {
    const deep = { ...tile, data: Uint16Array.from(tile.data, (value) => value * 257) };
    assert.equal(faultOfAnswer(deep, repeated(deep, 2)), undefined);
    const inverted = { ...deep, data: deep.data.map((value) => 65_535 - value) };
    assert.match(faultOfAnswer(deep, repeated(inverted, 2)) ?? '', /not the tile/);
  });

  test('is invalid when a quarter of it is black', () => {
    const answer = repeated(tile, 4);
    for (let y = 0; y < answer.height / 2; y++)
      answer.data.fill(0, y * answer.width * 3, (y * answer.width + answer.width / 2) * 3);
    assert.match(faultOfAnswer(tile, answer) ?? '', /differs [\d.]+ times as much as can be right/);
  });

  test('is not compared when the entry has tileCheck false', async () => {
    const inverted = await answerOf('negative', mixingNetwork([-1, -1, -1], ONE), { tileCheck: false });
    assert.equal(inverted.data[0], 255 - (tile.data[0] ?? 0));
  });

  test('is valid when the tile is only enlarged, for any picture and size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 140 }),
        fc.integer({ min: 1, max: 140 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(1, 7919, 131),
        (width, height, scale, grain, step) => {
          const data = Uint8Array.from(
            { length: width * height * 3 },
            (_, at) => Math.floor(at / (3 * grain)) * step + (at % 3) * 40,
          );
          const any = { data, width, height, channels: 3 } as const;
          assert.equal(faultOfAnswer(any, repeated(any, scale)), undefined);
          assert.ok(compareWithTile(any, repeated(any, scale)).far < 1e-9);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is valid after a denoiser', () => {
    const noise = {
      data: Uint8Array.from({ length: 128 * 128 * 3 }, (_, at) => (at * 7919 * (1 + (at >> 4))) % 256),
      width: 128,
      height: 128,
      channels: 3,
    } as const;
    const grey = { ...noise, data: new Uint8Array(noise.data.length).fill(127) };
    assert.equal(faultOfAnswer(noise, repeated(grey, 2)), undefined);
  });

  test('goes to the next model of the chain, and the picture is right', async () => {
    const { chain } = await rigOf([
      // The tiles that a model is tried with are too small to show it.
      { name: 'moved', network: movingNetwork(8) },
      { name: 'good', network: GOOD },
    ]);
    const answer = await chain.serve(chainRequest(), async (candidate) =>
      candidate.kind === 'lanczos' ? 'lanczos' : candidate.model.run(tile),
    );
    assert.deepEqual(answer.value, repeated(tile, 4));
    assert.deepEqual(short(answer.attempts), ['moved cpu failed invalid_output', 'good cpu served']);
  });
});
