// How much a tile's border changes what lies beside it: the strip of 32 output pixels inside a seam, computed with some input pixels beyond it,
// against the same strip of the whole picture.   node seams.mjs PICTURE MODEL...      (needs the project's node_modules)
import { basename } from 'node:path';
import ort from 'onnxruntime-node';
import sharp from 'sharp';

const [picture, ...models] = process.argv.slice(2);
const SCALE = 4;
const STRIP = 8; // input pixels
const MARGINS = [0, 8, 12, 14, 16, 18, 20, 24, 26];
const [wide, high] = [128, 96];

async function strip(session, image, from, seam) {
  const width = wide - from;
  const source = await image.clone().extract({ left: from, top: 0, width, height: high }).raw().toBuffer();
  const name = session.inputNames[0];
  const count = width * high;
  const bytes = name === 'image';
  const planes = () => Float32Array.from({ length: 3 * count }, (_, i) => source[(i % count) * 3 + Math.floor(i / count)] / 255);
  const tensor = bytes ? new ort.Tensor('uint8', new Uint8Array(source), [1, high, width, 3]) : new ort.Tensor('float32', planes(), [1, 3, high, width]);
  const { data } = (await session.run({ [name]: tensor }))[session.outputNames[0]];
  const byte = (v) => Math.max(0, Math.min(255, Math.round(v * 255)));
  const at = (x, y, c) => (bytes ? data[(y * width * SCALE + x) * 3 + c] : byte(data[(c * high * SCALE + y) * width * SCALE + x]));
  const values = [];
  for (let y = 0; y < high * SCALE; y++)
    for (let x = (seam - from) * SCALE; x < (seam - from + STRIP) * SCALE; x++) for (let c = 0; c < 3; c++) values.push(at(x, y, c));
  return values;
}

const { width, height } = await sharp(picture).metadata();
const left = Math.floor((width - wide) / 2);
const top = Math.floor((height - high) / 2);
const flat = await sharp(picture).toColourspace('srgb').removeAlpha().extract({ left, top, width: wide, height: high }).png().toBuffer();
const image = sharp(flat);
console.log(`| margin, input px | ${models.map((m) => basename(m)).join(' | ')} |`);
console.log(`|---|${'---|'.repeat(models.length)}`);
const sessions = [];
for (const model of models) sessions.push(await ort.InferenceSession.create(model, { intraOpNumThreads: 1 }));
for (const margin of MARGINS) {
  const cells = [];
  for (const session of sessions) {
    let worst = { error: 0, largest: 0 };
    for (const seam of [40, 48, 56, 64]) {
      const [whole, part] = [await strip(session, image, 0, seam), await strip(session, image, seam - margin, seam)];
      const gaps = whole.map((v, i) => Math.abs(v - part[i]));
      const error = gaps.reduce((sum, gap) => sum + gap * gap, 0) / gaps.length;
      if (error > worst.error) worst = { error, largest: gaps.reduce((a, b) => Math.max(a, b), 0) };
    }
    cells.push(worst.error === 0 ? 'exact' : `${(10 * Math.log10(65025 / worst.error)).toFixed(1)} dB, up to ${worst.largest}`);
  }
  console.log(`| ${margin} | ${cells.join(' | ')} |`);
}
