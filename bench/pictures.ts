import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { PACKAGE_ROOT } from './service.js';

/** Sources and licences are in the folder's README. */
export const PHOTOS = join(PACKAGE_ROOT, 'bench', 'photos');
const PHOTO = join(PHOTOS, 'spices.jpg');

export interface Picture {
  readonly label: string;
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pixels: number;
}

/** JPEG inputs of the benchmark in a scratch folder of their own. */
export class Pictures {
  private constructor(readonly folder: string) {}

  static async open(): Promise<Pictures> {
    return new Pictures(await mkdtemp(join(tmpdir(), 'tessera-bench-')));
  }

  /** The photo, filled to width × height: cropped where it is larger, enlarged where it is smaller. */
  async photo(width: number, height: number): Promise<Picture> {
    const path = join(this.folder, `${width}x${height}.jpg`);
    await writeFile(
      path,
      await sharp(PHOTO).resize(width, height, { fit: 'cover' }).jpeg({ quality: 90 }).toBuffer(),
    );
    return {
      label: width === height ? `${width}²` : `${width}×${height}`,
      path,
      bytes: new Uint8Array(readFileSync(path)),
      pixels: width * height,
    };
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
