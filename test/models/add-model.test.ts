import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { addModel } from '../../src/models/custom/add-model.js';
import { UnfitModel } from '../../src/models/failure.js';
import { loadManifest } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { openModel } from '../../src/models/onnx/session.js';
import { otherFiles } from '../../src/models/onnx-file/external-data.js';
import { onnxFields, Unreadable } from '../../src/models/onnx-file/onnx-structure.js';
import type { Raster } from '../../src/tiling/raster.js';
import { writeOnnx } from '../onnx-writer/onnx.js';
import { paddingWindowNetwork, unshuffleNetwork, windowNetwork } from '../onnx-writer/phase-models.js';
import {
  endlessNetwork,
  memoryEaterNetwork,
  mixingNetwork,
  movingNetwork,
  nanNetwork,
  nearestNetwork,
  swin2srContractNetwork,
  type TestNetwork,
} from '../onnx-writer/test-models.js';
import { SHIPPED_MODELS } from './shipped-models.js';
import { gradientTile, repeated } from './tiles.js';

describe("adding a user's own model", () => {
  let home: string;
  let models: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tessera-add-'));
    models = join(home, 'models');
    await mkdir(models);
    await copyFile(join(SHIPPED_MODELS, 'manifest.json'), join(models, 'manifest.json'));
  });
  afterEach(() => rm(home, { recursive: true }));

  let files = 0;
  /** A new name for each, since a model of one's own is not replaced unasked. */
  async function fileOf(
    network: Pick<TestNetwork, 'bytes'>,
    name = `network-${++files}.onnx`,
  ): Promise<string> {
    await writeFile(join(home, name), network.bytes);
    return join(home, name);
  }

  test('names, types, layout, scale, range and sizes are found', async () => {
    const found = async (network: TestNetwork) => {
      const {
        entry: { scale, layout, dtype, range, input, output, sizeRequirements },
      } = await addModel(await fileOf(network), models);
      return { scale, layout, dtype, range, input, output, sizeRequirements };
    };
    const free = { minimum: 1, multipleOf: 1 };
    assert.deepEqual(await found(nearestNetwork({ scale: 3 })), {
      scale: 3,
      layout: 'nchw',
      dtype: 'float32',
      range: 1,
      input: 'input',
      output: 'output',
      sizeRequirements: free,
    });
    assert.deepEqual(await found(nearestNetwork({ scale: 4, type: 'uint8', layout: 'nhwc' })), {
      scale: 4,
      layout: 'nhwc',
      dtype: 'uint8',
      range: 255,
      input: 'input',
      output: 'output',
      sizeRequirements: free,
    });
    const swin = await found(swin2srContractNetwork());
    assert.deepEqual(swin.sizeRequirements, { minimum: 8, multipleOf: 8 });
    assert.deepEqual([swin.scale, swin.input, swin.output], [2, 'pixel_values', 'reconstruction']);
    const fixed = await found(nearestNetwork({ fixed: [48, 32], type: 'float16' }));
    assert.deepEqual(fixed.sizeRequirements, { minimum: 1, multipleOf: 1, fixed: [48, 32] });
    assert.equal(fixed.dtype, 'float16');
  });

  for (const multiple of [2, 3, 5, 6, 7, 24, 48, 64, 96, 128])
    test(`sides that must be multiples of ${multiple} are found`, async () => {
      const {
        entry: { sizeRequirements },
      } = await addModel(await fileOf(swin2srContractNetwork(multiple)), models);
      assert.deepEqual(sizeRequirements, { minimum: multiple, multipleOf: multiple });
    });

  test('a network that shifts the picture is refused, and told so', async () => {
    for (const px of [8, 16])
      await assert.rejects(addModel(await fileOf(movingNetwork(px)), models), /moved by about \d+ pixels/);
  });

  test('a network made for 0 to 255 is recognised', async () => {
    // Anything up to 1 is cut off, as by a network that rounds to whole values.
    const bytes = nearestNetwork({
      scale: 2,
      before: { nodes: [{ op: 'Round', inputs: ['x'], outputs: ['y'] }] },
    });
    assert.equal((await addModel(await fileOf(bytes), models)).entry.range, 255);
  });

  test('a network made for -1 to 1 is recognised, and gives the right picture', async () => {
    // In steps of its own samples: between 0 and 1 there are only half of them.
    const steps = nearestNetwork({
      before: {
        nodes: [
          { op: 'Mul', inputs: ['x', 'half'], outputs: ['wide'] },
          { op: 'Add', inputs: ['wide', 'half'], outputs: ['byte'] },
          { op: 'Round', inputs: ['byte'], outputs: ['whole'] },
          { op: 'Sub', inputs: ['whole', 'half'], outputs: ['centred'] },
          { op: 'Div', inputs: ['centred', 'half'], outputs: ['y'] },
        ],
        constants: [{ name: 'half', type: 'float32', dims: [1], values: [127.5] }],
      },
    });
    const { entry } = await addModel(await fileOf(steps), models);
    assert.deepEqual([entry.range, entry.outputRange], ['-1..1', undefined]);
    await givesBack(entry, gradientTile(40, 30, Uint8Array));
  });

  for (const [what, network, range, outputRange] of [
    ['gives -1 to 1 for 0 to 1', mixingNetwork([2, 2, 2], [-1, -1, -1]), 1, '-1..1'],
    ['gives 0 to 1 for -1 to 1', mixingNetwork([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), '-1..1', 1],
    ['gives 0 to 255 for 0 to 1', mixingNetwork([255, 255, 255], [0, 0, 0]), 1, 255],
  ] as const)
    test(`a network that ${what} is recognised, and gives the right picture`, async () => {
      const { entry } = await addModel(await fileOf(network), models);
      assert.deepEqual([entry.range, entry.outputRange], [range, outputRange]);
      await givesBack(entry, gradientTile(40, 30, Uint8Array));
      await givesBack(entry, gradientTile(40, 30, Uint16Array), 1);
    });

  async function givesBack(entry: ModelEntry, tile: Raster<3>, tolerance = 0): Promise<void> {
    const model = await openModel(entry, models, 'cpu', { threads: 1 });
    try {
      const { data } = await model.run(tile);
      const expected = repeated(tile, 2).data;
      for (let at = 0; at < data.length; at++)
        assert.ok(Math.abs((data[at] ?? 0) - (expected[at] ?? 0)) <= tolerance, `sample ${at}`);
    } finally {
      await model.release();
    }
  }

  test("the grid of a network's windows is found, for networks of any size and of one size", async () => {
    const multipleOf = async (network: TestNetwork) =>
      (await addModel(await fileOf(network), models)).entry.sizeRequirements.multipleOf;
    for (const side of [3, 6, 7, 8, 12, 24]) assert.equal(await multipleOf(paddingWindowNetwork(side)), side);
    assert.equal(await multipleOf(windowNetwork([96, 64])), 8);
    assert.equal(await multipleOf(windowNetwork([96, 72], 12)), 12);
    assert.equal(await multipleOf(unshuffleNetwork()), 2);
    assert.equal(await multipleOf(unshuffleNetwork(3)), 3);
    assert.equal(await multipleOf(nearestNetwork({ fixed: [96, 64] })), 1);
  });

  test('the overlap of a network of one size is measured, and is at most half a tile', async () => {
    const overlapPx = async (network: TestNetwork) =>
      (await addModel(await fileOf(network), models)).entry.overlapPx;
    assert.equal(await overlapPx(nearestNetwork({ fixed: [96, 64] })), 8);
    const wide = await overlapPx(blur(33, [128, 96]));
    assert.ok(wide > 24 && wide <= 40, `overlap ${wide}`);
    assert.equal(await overlapPx(blur(33, [64, 56])), 28);
  });

  const blur = (width: number, fixed?: readonly [number, number]): TestNetwork =>
    nearestNetwork({
      ...(fixed === undefined ? {} : { fixed }),
      before: {
        nodes: [
          {
            op: 'AveragePool',
            inputs: ['x'],
            outputs: ['y'],
            attributes: {
              kernel_shape: [width, width],
              pads: [width >> 1, width >> 1, width >> 1, width >> 1],
              count_include_pad: 0,
            },
          },
        ],
      },
    });

  test('the overlap covers what the network sees around a pixel', async () => {
    assert.equal((await addModel(await fileOf(nearestNetwork()), models)).entry.overlapPx, 8);
    const { entry: wide } = await addModel(await fileOf(blur(33)), models);
    // A mean over 33 pixels reaches 16 to each side; its outermost columns may differ invisibly.
    assert.ok(wide.overlapPx > 16 && wide.overlapPx <= 32, `overlap ${wide.overlapPx}`);
  });

  test('the entry is added to the shipped ones and can be used', async () => {
    const file = await fileOf(nearestNetwork({ scale: 3 }), 'My Fine Network (v2).onnx');
    const { entry } = await addModel(file, models, { licence: 'CC0-1.0', title: 'Fine' });
    assert.deepEqual(
      [entry.name, entry.title, entry.licence, entry.family],
      ['my-fine-network-v2', 'Fine', 'CC0-1.0', 'custom'],
    );
    assert.deepEqual(await loadManifest(models).then((all) => all.at(-1)), entry);
    const model = await openModel(entry, models, 'cpu', { threads: 1 });
    const tile = gradientTile(10, 10, Uint8Array);
    assert.deepEqual(await model.run(tile), repeated(tile, 3));
    await model.release();
    assert.deepEqual((await readdir(models)).sort(), ['custom.json', 'manifest.json', `${entry.name}.onnx`]);
  });

  const grey = writeOnnx({
    inputs: [{ name: 'x', type: 'float32', shape: [1, 1, 'h', 'w'] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1, 1, 'h', 'w'] }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
  const pair = writeOnnx({
    inputs: ['a', 'b'].map((name) => ({ name, type: 'float32', shape: [1, 3, 'h', 'w'] }) as const),
    outputs: [{ name: 'y', type: 'float32', shape: [1, 3, 'h', 'w'] }],
    nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['y'] }],
  });
  for (const [what, bytes, message] of [
    ['rubbish', new Uint8Array(100).fill(7), /is no ONNX file/],
    [
      'a truncated file',
      nearestNetwork().bytes.subarray(0, 200),
      /breaks off or is damaged\. Download it again/,
    ],
    ['a grey network', grey, /three channels but the input is \[1, 1, h, w\]/],
    ['two inputs', pair, /one input .* the inputs a, b/],
    ['a shrinking network', nearestNetwork({ trueScale: 0.5 }).bytes, /1 to 8 times as large/],
    ['NaN', nanNetwork().bytes, /^The model answered with samples that are not finite numbers\.$/],
    [
      'a network that needs more memory than there is',
      memoryEaterNetwork(2 ** 40).bytes,
      /cannot compute a tile/,
    ],
    [
      'another picture',
      nearestNetwork({ before: { nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }] } }).bytes,
      /another picture/,
    ],
  ] as const)
    test(`${what} is refused in words, and nothing is written`, async () => {
      await assert.rejects(addModel(await fileOf({ bytes }), models), (error: unknown) => {
        assert.ok(error instanceof UnfitModel, String(error));
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await readdir(models), ['manifest.json']);
    });

  test('a network that computes for ever is refused, its process is ended, and nothing is written', async () => {
    const file = await fileOf(endlessNetwork());
    await assert.rejects(addModel(file, models, { patienceMs: 3000 }), (error: unknown) => {
      assert.ok(error instanceof UnfitModel, String(error));
      assert.equal(error.message, 'It has not computed its trial tiles within 3 s.');
      return true;
    });
    assert.deepEqual(await readdir(models), ['manifest.json']);
  });

  test('names from a file cannot send control characters to a terminal', () => {
    assert.equal(
      new UnfitModel('the inputs \u001b[2Jx\u009b1m, y').message,
      'the inputs \ufffd[2Jx\ufffd1m, y',
    );
  });

  test("a file in ONNX Runtime's own format is refused", async () => {
    const bytes = Uint8Array.from([0x3a, 0x06, 0x12, 0x04, ...Buffer.from('ORTM')]);
    assert.equal(otherFiles(bytes), 'none', 'it is a readable message as well');
    await assert.rejects(addModel(await fileOf({ bytes }), models), /own format of ONNX Runtime \(\.ort\)/);
  });
});

describe('external data', () => {
  test('is in none of the shipped models', async () => {
    for (const { file } of await loadManifest(SHIPPED_MODELS)) {
      const bytes = await readFile(join(SHIPPED_MODELS, file)).catch(() => undefined);
      if (bytes !== undefined) assert.equal(otherFiles(bytes), 'none', file);
    }
  });

  test('is found in time linear in the size, for any bytes: no field is read twice', () => {
    for (const pattern of [[0x3a], [0], [0xff], [0x3a, 2, 0x0a, 0]]) {
      const bytes = Buffer.alloc(1_000_000, Buffer.from(pattern));
      let fields = 0;
      try {
        for (const _ of onnxFields(bytes)) fields += 1;
      } catch (error) {
        assert.ok(error instanceof Unreadable);
      }
      assert.ok(fields <= bytes.length / 2, `${fields} fields`);
    }
  });

  test('is unreadable when the bytes end too early', () => {
    const { bytes } = nearestNetwork();
    for (let length = 1; length < bytes.length; length += 7)
      assert.ok(['none', 'unreadable'].includes(otherFiles(bytes.subarray(0, length))));
    assert.equal(otherFiles(bytes.subarray(0, bytes.length - 1)), 'unreadable');
  });
});
