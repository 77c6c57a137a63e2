import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Raster } from '../src/tiling/raster.js';

/** A picture with its name, 8 bits. */
export interface NamedPicture extends Raster<3> {
  readonly name: string;
}

/** Longest side: what a network takes seconds for is cut to its middle. */
const SIDE_PX = 256;
const TEXT_LINES = 14;

async function pixels(name: string, picture: Sharp): Promise<NamedPicture> {
  const { data, info } = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { name, data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
}

/** The middle of each picture in a folder, as it is. */
export async function picturesIn(folder: string): Promise<NamedPicture[]> {
  const files = readdirSync(folder).filter((name) => /(?<!_HR)\.(png|jpe?g)$/i.test(name));
  return Promise.all(
    files.map(async (file) => {
      const picture = sharp(join(folder, file)).autoOrient();
      const { width, height } = await picture.metadata();
      const box = { width: Math.min(SIDE_PX, width), height: Math.min(SIDE_PX, height) };
      const corner = { left: (width - box.width) >> 1, top: (height - box.height) >> 1 };
      return pixels(file, picture.extract({ ...corner, ...box }));
    }),
  );
}

type Colour = (x: number, y: number) => readonly [number, number, number];

function drawn(name: string, colour: Colour, side = SIDE_PX): NamedPicture {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) data.set(colour(x, y), (y * side + x) * 3);
  return { name, data, width: side, height: side, channels: 3 };
}

/** The same in every run: 0 to 1, even. */
function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
}

function checks(
  side: number,
  from: number,
  one: readonly [number, number, number],
  other: readonly [number, number, number],
) {
  return drawn(`checks of ${side} px from ${from}, ${one} and ${other}`, (x, y) =>
    (Math.floor((x + from) / side) + Math.floor((y + from) / side)) % 2 === 0 ? one : other,
  );
}

const WHITE = [255, 255, 255] as const;
const BLACK = [0, 0, 0] as const;

function textSvg(background: string, colour: string): Buffer {
  const lines = Array.from({ length: TEXT_LINES }, (_, line) => {
    const size = 7 + line;
    return `<text x="4" y="${12 + line * 18}" font-size="${size}" fill="${colour}" font-family="sans-serif">Handgloves 0123456789 quick brown fox ${line}</text>`;
  });
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE_PX}" height="${SIDE_PX}"><rect width="100%" height="100%" fill="${background}"/>${lines.join('')}</svg>`,
  );
}

function linesSvg(): Buffer {
  const random = randomness(5);
  const at = () => Math.round(random() * SIDE_PX);
  const curves = Array.from(
    { length: 40 },
    () => `<path d="M${at()} ${at()} Q${at()} ${at()} ${at()} ${at()}" stroke-width="${1 + random() * 3}"/>`,
  );
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE_PX}" height="${SIDE_PX}"><rect width="100%" height="100%" fill="white"/><g stroke="black" fill="none">${curves.join('')}</g></svg>`,
  );
}

/** Black and white by an ordered threshold, as old screens and faxes show a photograph. */
function dithered(photo: NamedPicture): NamedPicture {
  const order = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];
  const data = photo.data.map((value, at) => {
    const pixel = Math.floor(at / 3);
    const x = pixel % photo.width;
    const y = Math.floor(pixel / photo.width);
    return value > ((order[(y % 4) * 4 + (x % 4)] ?? 0) + 0.5) * 16 ? 255 : 0;
  });
  return { ...photo, name: `${photo.name}, dithered`, data: Uint8Array.from(data) };
}

async function jpegOfTen(photo: NamedPicture): Promise<NamedPicture> {
  const { width, height, data } = photo;
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 10 })
    .toBuffer();
  return pixels(`${photo.name}, JPEG 10`, sharp(file));
}

function noisy(photo: NamedPicture, sigma: number): NamedPicture {
  const random = randomness(9);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const data = photo.data.map((value) => Math.min(255, Math.max(0, value + sigma * normal())));
  return { ...photo, name: `${photo.name}, noise of ${sigma}`, data: Uint8Array.from(data) };
}

/** What networks change most: noise, patterns as fine as pixels, letters, lines, pure colours, and photographs in bad shape. */
export async function hardPictures(photos: readonly NamedPicture[]): Promise<NamedPicture[]> {
  const random = randomness(1);
  const grey = () => Math.floor(random() * 256);
  const flicker = () => (random() < 0.5 ? 0 : 255);
  return [
    drawn('noise in all channels', () => [grey(), grey(), grey()]),
    drawn('grey noise', () => {
      const value = grey();
      return [value, value, value];
    }),
    drawn('black and white pixels', () => {
      const value = flicker();
      return [value, value, value];
    }),
    drawn('pure colours, each pixel another', () => [flicker(), flicker(), flicker()]),
    drawn('coloured noise on grey', () => [128 + (grey() - 128) / 4, 128, 128 + (grey() - 128) / 4]),
    drawn('red noise on black', () => [grey(), 0, 0]),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 16].map((side) => checks(side, 0, BLACK, WHITE)),
    ...[2, 3, 4, 5, 6, 7, 8, 12].map((side) => checks(side, side >> 1, BLACK, WHITE)),
    ...[1, 2, 3, 4, 8].map((side) => checks(side, 0, [255, 0, 0], [0, 255, 255])),
    ...[1, 2, 4, 8].map((side) => checks(side, side >> 1, [255, 0, 0], [0, 0, 255])),
    ...[1, 2, 3, 4, 5, 6, 8].flatMap((wide) => [
      drawn(`stripes of ${wide} px`, (x) => (x % (2 * wide) < wide ? BLACK : WHITE)),
      drawn(`slanting stripes of ${wide} px`, (x, y) => ((x + y) % (2 * wide) < wide ? BLACK : WHITE)),
    ]),
    drawn('stripes of 1 in 4 px', (x, y) => ((x + y) % 4 === 0 ? BLACK : WHITE)),
    drawn('one white pixel in 25', (x, y) => (x % 5 === 2 && y % 5 === 2 ? WHITE : BLACK)),
    drawn('one black pixel in 9', (x, y) => (x % 3 === 1 && y % 3 === 1 ? BLACK : WHITE)),
    drawn('pure colours in squares of 32 px', (x, y) => {
      const square = (x >> 5) + 3 * (y >> 5);
      return [square & 1 ? 255 : 0, square & 2 ? 255 : 0, square & 4 ? 255 : 0];
    }),
    drawn('all colours, smooth', (x, y) => [x, y, 255 - ((x + y) >> 1)]),
    drawn('black', () => BLACK),
    drawn('white', () => WHITE),
    drawn('red', () => [255, 0, 0]),
    drawn('blue', () => [0, 0, 255]),
    await pixels('letters, black on white', sharp(textSvg('white', 'black'))),
    await pixels('letters, white on black', sharp(textSvg('black', 'white'))),
    await pixels('letters, yellow on blue', sharp(textSvg('blue', 'yellow'))),
    await pixels('lines', sharp(linesSvg())),
    ...(await Promise.all(photos.map(jpegOfTen))),
    ...photos.flatMap((photo) => [dithered(photo), noisy(photo, 25), noisy(photo, 75)]),
  ];
}
