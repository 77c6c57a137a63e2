/**
 * Draws docs/before-after.jpg: details at 100 % of two photos that were held out of the model's training, enlarged four times by
 * Lanczos resampling and by a running Tessera. `npm run build:test && npm run build && node build/bench/before-after.js`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type OverlayOptions } from 'sharp';
import { PHOTOS } from './pictures.js';
import { PACKAGE_ROOT, Service } from './service.js';

const SCALE = 4;
const DETAIL = { width: 128, height: 96 };
const GAP_PX = 8;
const LABEL_PX = 40;
const DETAILS = [
  { file: 'sign.jpg', left: 104, top: 246 },
  { file: 'otter.jpg', left: 188, top: 92 },
];
const CELL = { width: DETAIL.width * SCALE, height: DETAIL.height * SCALE };
const ROW = { ...CELL, height: CELL.height + GAP_PX };

function label(text: string, left: number): OverlayOptions {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${CELL.width}" height="${LABEL_PX}"><text x="2" y="26"
    font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="19" fill="#222">${text}</text></svg>`;
  return { input: Buffer.from(svg), left, top: 0 };
}

const service = await Service.start();
const overlays: OverlayOptions[] = [
  label('Lanczos', 0),
  label('Tessera, the embedded model', CELL.width + GAP_PX),
];
try {
  for (const [row, { file, left, top }] of DETAILS.entries()) {
    const bytes = new Uint8Array(readFileSync(join(PHOTOS, file)));
    const url = `${service.url}/upscale?format=png&model=`;
    for (const [column, model] of ['lanczos', 'tessera-lite-x4'].entries()) {
      const response = await fetch(url + model, {
        method: 'POST',
        headers: { 'content-type': 'image/jpeg' },
        body: bytes,
      });
      if (response.headers.get('x-upscale-model') !== model)
        throw new Error(`${model} did not serve ${file}.`);
      const detail = await sharp(Buffer.from(await response.arrayBuffer()))
        .extract({ left: left * SCALE, top: top * SCALE, ...CELL })
        .toBuffer();
      overlays.push({
        input: detail,
        left: column * (CELL.width + GAP_PX),
        top: LABEL_PX + row * ROW.height,
      });
    }
  }
} finally {
  await service.stop();
}
await sharp({
  create: {
    width: CELL.width * 2 + GAP_PX,
    height: LABEL_PX + ROW.height * DETAILS.length - GAP_PX,
    channels: 3,
    background: '#ffffff',
  },
})
  .composite(overlays)
  .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
  .toFile(join(PACKAGE_ROOT, 'docs', 'before-after.jpg'));
