import sharp from 'sharp';

/** A file as Playwright takes it. */
export interface UploadFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/**
 * A picture that looks like something: smooth colour with edges and a little texture, the same for the same seed.
 * @param seed turns the colours.
 */
export async function photo(name: string, width: number, height: number, seed = 0): Promise<UploadFile> {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 3) {
      const disc = Math.hypot(x - width * 0.6, y - height * 0.45) < height * 0.25 ? 90 : 0;
      const texture = ((x * 7 + y * 13 + seed) % 11) - 5;
      pixels[at] = Math.min(255, Math.max(0, (x / width) * 160 + disc + texture + seed * 20));
      pixels[at + 1] = Math.min(255, Math.max(0, (y / height) * 170 + texture));
      pixels[at + 2] = Math.min(255, Math.max(0, 170 - disc + texture - seed * 10));
    }
  }
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  const png = name.endsWith('.png');
  return {
    name,
    mimeType: png ? 'image/png' : 'image/jpeg',
    buffer: await (png ? image.png() : image.jpeg({ quality: 92 })).toBuffer(),
  };
}
