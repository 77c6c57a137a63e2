import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addModel } from '../../src/models/custom/add-model.js';
import { UnfitModel } from '../../src/models/failure.js';
import { loadManifest } from '../../src/models/manifest.js';
import { foreignFile } from '../../src/models/onnx-file/foreign-file.js';
import { message, nested } from '../onnx-writer/protobuf.js';
import { nearestNetwork } from '../onnx-writer/test-models.js';
import { ownModels } from './own-models-rig.js';
import { SHIPPED_MODELS } from './shipped-models.js';

const onnx = Buffer.from(nearestNetwork().bytes);
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const safetensors = (head: string) =>
  Buffer.concat([latin1(`${String.fromCharCode(head.length)}\0\0\0\0\0\0\0`), latin1(head)]);

/** Name of the file, bytes, and what is said of it. */
const FOREIGN: readonly (readonly [string, Uint8Array, RegExp])[] = [
  [
    'net.pth',
    latin1('PK\x03\x04\0\0\x08\x08\0\0archive/data.pklFB\x05\0ZZZ\x80\x02}q\0.'),
    /PyTorch file.*torch\.onnx\.export/,
  ],
  ['net.pt', latin1('PK\x03\x04\0\0\x08\x08\0\0net/constants.pkl'), /PyTorch file/],
  ['old.ckpt', latin1('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'), /PyTorch file/],
  ['unknown.ckpt', latin1('\x01\x02\x03\x04'), /PyTorch file/],
  [
    'net.safetensors',
    safetensors('{"__metadata__":{"format":"pt"}}'),
    /safetensors file.*torch\.onnx\.export/,
  ],
  ['net.zip', latin1('PK\x03\x04\x14\0\0\0\x08\0net.onnx'), /ZIP archive. Unpack it/],
  ['net.onnx', latin1('PK\x03\x04\x14\0\0\0\x08\0net.onnx'), /ZIP archive. Unpack it/],
  ['net.tar.gz', latin1('\x1f\x8b\x08\0'), /an archive. Unpack it/],
  ['net.param', latin1('7767517\n3 3\nInput data 0 1 data\n'), /ncnn \(\.param and \.bin\)/],
  ['net.bin', latin1('\x47\x6b\x30\x01\0\0\xff'), /ncnn \(\.param and \.bin\)/],
  [
    'frozen.pb',
    message([nested(1, message([nested(1, 'node'), nested(2, 'Placeholder')]))]),
    /TensorFlow network \(\.pb\).*tf2onnx/,
  ],
  ['saved_model', latin1('\x08\x01\x12\x02\x0a\0'), /TensorFlow network \(\.pb\).*tf2onnx/],
  ['net.tflite', latin1('\x1c\0\0\0TFL3\x14\0'), /TensorFlow Lite.*tf2onnx/],
  ['net.h5', latin1('\x89HDF\r\n\x1a\n\0'), /HDF5.*tf2onnx/],
  ['net.onnx', latin1('\n<!DOCTYPE html>\n<html lang="en">'), /web page \(HTML\).*Download the file itself/],
  ['net.onnx', latin1('<!-- a cache -->\n<HTML>'), /web page \(HTML\)/],
  [
    'net.onnx',
    latin1('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'),
    /Git LFS.*git lfs pull/,
  ],
  ['net.onnx', latin1('{"error":"Repository not found"}'), /It is text, and no ONNX file/],
  ['net.xml', latin1('<?xml version="1.0"?>\n<net name="x" version="11">'), /OpenVINO/],
  ['net.onnx', latin1('\x89PNG\r\n\x1a\n'), /It is a picture. "tessera upscale"/],
  ['net.onnx', new Uint8Array(0), /It is empty\./],
  ['net.onnx', onnx.subarray(0, onnx.length >> 1), /begins as an ONNX file, and breaks off/],
  ['net.onnx', onnx.subarray(0, 3), /begins as an ONNX file, and breaks off|no ONNX file/],
  ['net.onnx', latin1('\xff\xfe\xfd\xfc\xfb'), /It is no ONNX file/],
  ['net.onnx.data', latin1('\x01\x02\x03\x04'), /holds weights of a network. Add the \.onnx file/],
];

describe('a file that is not ONNX', () => {
  const { home, fileOf } = ownModels();

  async function refused(path: string, words: RegExp): Promise<void> {
    await assert.rejects(addModel(path, home.models, { name: 'mine' }), (error: unknown) => {
      assert.ok(error instanceof UnfitModel, String(error));
      assert.match(error.message, words);
      assert.match(error.message, /^It .*\.$/, 'it is a sentence, or several');
      return true;
    });
    assert.deepEqual(await readdir(home.models), ['manifest.json']);
  }

  test('is refused naming its kind and what to do', async () => {
    for (const [name, bytes, words] of FOREIGN) await refused(await fileOf({ bytes }, name), words);
  });

  test('a folder is refused with the ONNX files that are in it', async () => {
    const folder = join(home.path, 'net');
    await mkdir(folder);
    await refused(folder, /a folder, and no \.onnx file is in it/);
    for (const name of ['b.onnx', 'a.onnx', 'readme.md']) await writeFile(join(folder, name), '');
    await refused(folder, /a folder. Name the ONNX file in it: a\.onnx, b\.onnx\.$/);
  });

  test('a file that is larger than any ONNX file is not read', async () => {
    for (const [beginning, words] of [
      [onnx, /larger than 2 GB/],
      [latin1('\x80\x02\x8a\n'), /PyTorch file/],
    ] as const) {
      const path = join(home.path, 'huge');
      const file = await open(path, 'w');
      await file.write(beginning);
      await file.truncate(5e9);
      await file.close();
      const before = process.memoryUsage().rss;
      await refused(path, words);
      assert.ok(process.memoryUsage().rss - before < 1e9);
    }
  });

  test('no shipped network is taken for another kind', async () => {
    assert.equal(foreignFile(onnx, 'net.pth'), undefined, 'whatever its name is');
    for (const { file } of await loadManifest(SHIPPED_MODELS)) {
      const bytes = await readFile(join(SHIPPED_MODELS, file)).catch(() => undefined);
      if (bytes !== undefined) assert.equal(foreignFile(bytes, file), undefined, file);
    }
  });
});

/** A small disk of its own, for one command, by the namespaces of Linux. */
const onSmallDisk = (folder: string, command: string): string =>
  execFileSync('unshare', ['-Urm', 'sh', '-c', `mount -t tmpfs -o size=64k none '${folder}' && ${command}`], {
    encoding: 'utf8',
  });

function smallDiskReason(): string | false {
  try {
    onSmallDisk('/mnt', 'true');
    return false;
  } catch {
    return 'a small disk cannot be made here';
  }
}

describe('a models folder on a full disk', { skip: smallDiskReason() }, () => {
  const { home, fileOf } = ownModels();
  const CLI = new URL('../../src/cli.js', import.meta.url).pathname;

  test('is reported with what to do, and no file is left', async () => {
    const large = nearestNetwork({
      before: {
        nodes: [
          { op: 'Mul', inputs: ['x', 'ones'], outputs: ['many'] },
          { op: 'ReduceMean', inputs: ['many'], outputs: ['y'], attributes: { axes: [0], keepdims: 0 } },
        ],
        constants: [
          { name: 'ones', type: 'float32', dims: [20_000, 1, 1, 1, 1], values: new Array(20_000).fill(1) },
        ],
      },
    });
    const file = await fileOf(large, 'large.onnx');
    const manifest = join(SHIPPED_MODELS, 'manifest.json');
    const add = `MODELS_DIR='${home.models}' '${process.execPath}' '${CLI}' models add '${file}' 2>&1`;
    const said = onSmallDisk(
      home.models,
      `cp '${manifest}' '${home.models}' && { ${add}; ls -A '${home.models}'; }`,
    );
    assert.equal(
      said,
      `tessera: ${file} cannot be added. The models folder ${home.models} cannot be written: there is no room left on the disk. Make room there, or name another folder in MODELS_DIR.\nmanifest.json\n`,
    );
  });
});
