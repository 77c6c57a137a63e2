import sharp from 'sharp';

/** A picture unlike those of other seeds: a few soft shapes and a slope of colour, all from the seed. */
export async function photo(seed: number, width = 96, height = 72): Promise<Buffer> {
  const random = generator(seed);
  const shapes = Array.from({ length: 6 }, () => {
    const [x, y, radius] = [random() * width, random() * height, (0.1 + random() * 0.3) * height];
    return `<circle cx="${x}" cy="${y}" r="${radius}" fill="hsl(${random() * 360} 70% ${20 + random() * 60}%)"/>`;
  });
  const slope = `<linearGradient id="g"><stop stop-color="hsl(${random() * 360} 60% 30%)"/><stop offset="1" stop-color="hsl(${random() * 360} 60% 80%)"/></linearGradient>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${slope}<rect width="100%" height="100%" fill="url(#g)"/>${shapes.join('')}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}

/** Plain Lanczos enlargement of an image: what any honest result resembles. */
export async function enlarged(image: Buffer, scale: number): Promise<Buffer> {
  const { width, height } = await sharp(image).metadata();
  return sharp(image)
    .resize(Math.round(width * scale), Math.round(height * scale), { kernel: 'lanczos3', fit: 'fill' })
    .png()
    .toBuffer();
}

/** Peak signal-to-noise ratio in dB of two images of one size. */
export async function psnr(a: Buffer, b: Buffer): Promise<number> {
  const [left, right] = await Promise.all(
    [a, b].map((image) => sharp(image).removeAlpha().toColourspace('srgb').raw().toBuffer()),
  );
  if (left === undefined || right === undefined || left.length !== right.length) {
    throw new Error('Expected two images of one size');
  }
  let sum = 0;
  for (let i = 0; i < left.length; i += 1) sum += ((left[i] ?? 0) - (right[i] ?? 0)) ** 2;
  return 10 * Math.log10((255 * 255 * left.length) / sum);
}

/** A form with one image in `file` and options. */
export function imageForm(image: Buffer, fields: Record<string, string> = {}, name = 'photo.png'): FormData {
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  body.append('file', new Blob([new Uint8Array(image)]), name);
  return body;
}

/** Park and Miller's minimal standard generator, 0..1. */
function generator(seed: number): () => number {
  let state = seed * 7919 + 17;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
