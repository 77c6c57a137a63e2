// Runs one model over a folder of PNGs as the service does: onnxruntime-node, a border of 10 reflected pixels.
// node upscale.mjs MODEL INPUTS OUTPUTS [THREADS]      (needs the project's node_modules)
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import sharp from 'sharp';

const [model, inputs, outputs, threads = '2'] = process.argv.slice(2);
const BORDER = 10;
const SCALE = 4;
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(threads) });
const name = session.inputNames[0];
const bytes = name === 'image';
mkdirSync(outputs, { recursive: true });

/** Reflection without the rim's own pixel twice, as in src/tiling/cut.ts. */
function mirrored(position, length) {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const offset = ((position % period) + period) % period;
  return Math.min(offset, period - offset);
}

/** Interleaved RGB bytes with the reflected border around them. */
function bordered(pixels, width, height) {
  const wide = width + 2 * BORDER;
  const result = new Uint8Array(wide * (height + 2 * BORDER) * 3);
  for (let i = 0; i < result.length / 3; i++) {
    const x = mirrored((i % wide) - BORDER, width);
    const y = mirrored(Math.floor(i / wide) - BORDER, height);
    result.set(pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), i * 3);
  }
  return result;
}

/** Interleaved RGB bytes to planes of 0..1. */
function toPlanes(pixels, count) {
  const planes = new Float32Array(3 * count);
  for (let c = 0; c < 3; c++) for (let i = 0; i < count; i++) planes[c * count + i] = pixels[3 * i + c] / 255;
  return planes;
}

/** Planes of 0..1 to interleaved RGB bytes, rounded and saturated. */
function toBytes(planes, count) {
  const pixels = new Uint8ClampedArray(3 * count); // its stores round and saturate
  for (let c = 0; c < 3; c++) for (let i = 0; i < count; i++) pixels[3 * i + c] = planes[c * count + i] * 255;
  return new Uint8Array(pixels.buffer);
}

for (const file of readdirSync(inputs).filter((f) => f.endsWith('.png')).sort()) {
  const { data, info } = await sharp(join(inputs, file)).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const pixels = bordered(data, info.width, info.height);
  const [width, height] = [info.width + 2 * BORDER, info.height + 2 * BORDER];
  const source = bytes
    ? new ort.Tensor('uint8', pixels, [1, height, width, 3])
    : new ort.Tensor('float32', toPlanes(pixels, width * height), [1, 3, height, width]);
  const answer = (await session.run({ [name]: source }))[session.outputNames[0]].data;
  const result = bytes ? answer : toBytes(answer, width * height * SCALE * SCALE);
  await sharp(result, { raw: { width: width * SCALE, height: height * SCALE, channels: 3 } })
    .extract({ left: BORDER * SCALE, top: BORDER * SCALE, width: info.width * SCALE, height: info.height * SCALE })
    .png({ compressionLevel: 1 })
    .toFile(join(outputs, file));
}
