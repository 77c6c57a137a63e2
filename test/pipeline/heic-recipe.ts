import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { HEIGHT, heicPath, opacity, shown, TILE_HEIGHT, TILE_WIDTH, WIDTH } from './heic-files.js';

/**
 * `node build/test/pipeline/heic-recipe.js`: makes the files of test/pipeline/heic anew, by libheif's heif-enc with x265 (Debian:
 * libheif-examples 1.15.1). What they show is `shown` and `opacity`.
 */

const CHANNELS = { grey: 1, 'black-grey': 1, black: 3, colour: 3, alpha: 4 } as const;
type Channels = keyof typeof CHANNELS;

/** Interleaved samples of 16 bits; grey is the picture's green. */
function samples(width: number, height: number, left: number, top: number, channels: Channels): Uint16Array {
  if (channels.startsWith('black')) return new Uint16Array(width * height * CHANNELS[channels]);
  const values: number[] = [];
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) {
      const colour = shown(x, y);
      values.push(...(channels === 'grey' ? [colour[1]] : colour));
      if (channels === 'alpha') values.push(opacity(x));
    }
  return Uint16Array.from(values, (value) => Math.round(value * 65_535));
}

interface Terms {
  readonly width?: number;
  readonly height?: number;
  readonly left?: number;
  readonly top?: number;
  readonly channels?: Channels;
  readonly sixteenBit?: boolean;
  readonly options?: readonly string[];
}

const folder = await mkdtemp(join(tmpdir(), 'tessera-heic-'));
await mkdir(dirname(heicPath('plain')), { recursive: true });

async function make(name: string, terms: Terms = {}): Promise<void> {
  const { width = WIDTH, height = HEIGHT, left = 0, top = 0, channels = 'colour', options = [] } = terms;
  const data = samples(width, height, left, top, channels);
  const png = join(folder, `${name}.png`);
  const raw = { width, height, channels: CHANNELS[channels] };
  const space = CHANNELS[channels] === 1 ? 'b-w' : terms.sixteenBit === true ? 'rgb16' : 'srgb';
  const picture = sharp(data, { raw }).toColourspace(space);
  await picture.png().toFile(png);
  execFileSync('heif-enc', ['-q', '90', '-p', 'x265:info=0', ...options, '-o', heicPath(name), png]);
}

await make('plain');
await make('odd', { width: WIDTH - 1, height: HEIGHT - 1 });
await make('alpha', { channels: 'alpha' });
await make('deep', { sixteenBit: true, options: ['-b', '10'] });
await make('grey', { channels: 'grey' });
await make('chroma-422', { options: ['-p', 'chroma=422'] });
await make('rgb', { options: ['-L', '-p', 'chroma=444', '--matrix_coefficients=0'] });
// PQ, by the coded picture alone.
await make('hdr', {
  sixteenBit: true,
  options: ['-b', '10', '-p', 'x265:colorprim=bt2020', '-p', 'x265:transfer=smpte2084'],
});
await make('black', {
  channels: 'black',
  options: ['-L', '-p', 'chroma=444', '--matrix_coefficients=0'],
});
await make('black-grey', { channels: 'black-grey' });
// Much more than it will be said to be.
await make('vast', {
  width: 8192,
  height: 8192,
  channels: 'black-grey',
  options: ['-p', 'preset=ultrafast'],
});
for (const index of [0, 1, 2, 3])
  await make(`tile-${index}`, {
    width: TILE_WIDTH,
    height: TILE_HEIGHT,
    left: TILE_WIDTH * (index % 2),
    top: TILE_HEIGHT * Math.floor(index / 2),
  });
await rm(folder, { recursive: true });
