import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { packageRoot } from '../../src/host/package-root.js';
import { loadManifest } from '../../src/models/manifest.js';
import { openModel } from '../../src/models/onnx/session.js';
import { GivenChain, modelsFolder, networkCandidate, upscaled } from '../pipeline/stage.js';
import { contrastOfNeighbours, psnr, ssim } from './likeness.js';

/** How like the original a photo is that was shrunk by four and enlarged again. */
export interface Figures {
  /** Over all samples; dB. */
  readonly psnr: number;
  /** Over the greens. */
  readonly ssim: number;
  /** Contrast of neighbouring greens, where 1 is that of the original. A softer network has less, a noisier one more. */
  readonly sharpness: number;
}

/** Figures by model, then by photo. */
export type FiguresOfModels = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

export const PHOTOS = ['otter.jpg', 'sign.jpg', 'spices.jpg'] as const;

/** Largest sides of what is measured of a photo, its middle: a network takes about a second for that. */
const [MAX_WIDTH, MAX_HEIGHT] = [640, 480];
const SCALE = 4;

const GOLDEN_FIGURES = join(packageRoot(), 'test/quality/golden-figures.json');

export async function goldenFigures(): Promise<FiguresOfModels> {
  return JSON.parse(await readFile(GOLDEN_FIGURES, 'utf8')) as FiguresOfModels;
}

export async function writeGoldenFigures(figures: FiguresOfModels): Promise<void> {
  await writeFile(GOLDEN_FIGURES, `${JSON.stringify(figures, null, 2)}\n`);
}

/**
 * Shrinks a photo, enlarges it by a shipped model through the whole pipeline, and compares the result with the photo.
 * @param folder for the shrunken photo.
 */
export async function figuresOf(name: string, photo: string, folder: string): Promise<Figures> {
  const original = await middleOf(join(packageRoot(), 'bench/photos', photo));
  const { width, height, data } = original;
  const source = join(folder, `${name}-${photo}.png`);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(width / SCALE, height / SCALE, { kernel: 'lanczos3' })
    .png()
    .toFile(source);
  const entry = (await loadManifest(modelsFolder)).find((each) => each.name === name);
  if (entry === undefined) throw new Error(`The manifest has no model ${name}.`);
  const model = await openModel(entry, modelsFolder, 'cpu', { threads: 2 });
  try {
    const chain = new GivenChain(() => [networkCandidate(model)]);
    const result = await upscaled(source, { scale: SCALE }, { chain }, ({ resultPath }) =>
      sharp(resultPath).raw().toBuffer(),
    );
    const [wanted, got] = [greens(data), greens(result)];
    return {
      psnr: rounded(psnr(data, result)),
      ssim: rounded(ssim(wanted, got, width)),
      sharpness: rounded(contrastOfNeighbours(got, width) / contrastOfNeighbours(wanted, width)),
    };
  } finally {
    await model.release();
  }
}

/** RGB of 8 bits; its sides are multiples of the scale. */
async function middleOf(path: string): Promise<{ data: Buffer; width: number; height: number }> {
  const photo = sharp(path);
  const { width, height } = await photo.metadata();
  const side = (all: number, most: number) => Math.min(all, most) - (Math.min(all, most) % SCALE);
  const box = { width: side(width, MAX_WIDTH), height: side(height, MAX_HEIGHT) };
  const corner = { left: (width - box.width) >> 1, top: (height - box.height) >> 1 };
  const data = await photo
    .extract({ ...corner, ...box })
    .raw()
    .toBuffer();
  return { data, ...box };
}

function greens(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: rgb.length / 3 }, (_, pixel) => rgb[3 * pixel + 1] ?? 0);
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
