import { TesseraError } from '../domain/errors.js';
import type { Position, SizeWish } from '../domain/size-wish.js';
import type { UpscaleOptions } from '../domain/types.js';
import { OPTIONS, type OptionName } from './option-table.js';

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** A part of an image, in its pixels. */
export interface Part extends Extent {
  readonly left: number;
  readonly top: number;
}

/** The size of a result, and how an image comes to it. */
export interface ResultSize {
  /** In pixels, each at least 1. */
  readonly target: Extent;
  /** The part of the image that is shown: all of it, but for `fit=cover`. */
  readonly shown: Part;
  /** Result pixels for each pixel of `shown`, along the side that grows more. */
  readonly scale: number;
  /** The request names a size that the image already has or exceeds: it is reduced, and no network runs. */
  readonly reducesOnly: boolean;
}

const MAX_SCALE = OPTIONS.scale.maximum;

/** Where the kept part lies, from 0, the start of the free space, to 1, its end: [across, down]. */
const PLACES: Readonly<Record<Position, readonly [number, number]>> = {
  centre: [0.5, 0.5],
  top: [0.5, 0],
  right: [1, 0.5],
  bottom: [0.5, 1],
  left: [0, 0.5],
};

/**
 * The size of the result of an image.
 * @param image in pixels, orientation applied. @param scale from `resolveScale`; counts where the request names no size.
 * @throws TesseraError output_too_large for a size that is more than eight times the image's.
 */
export function resultSize({ size }: Pick<UpscaleOptions, 'size'>, image: Extent, scale: number): ResultSize {
  const whole: Part = { left: 0, top: 0, width: image.width, height: image.height };
  if (size === undefined) return { target: scaled(image, scale), shown: whole, scale, reducesOnly: false };
  const { target, shown } = sized(size, image, whole);
  const needed = Math.max(target.width / shown.width, target.height / shown.height);
  if (needed > MAX_SCALE) throw tooMuch(size, image, target, needed);
  return { target, shown, scale: needed, reducesOnly: needed <= 1 };
}

function scaled({ width, height }: Extent, ratio: number, round = Math.round): Extent {
  return { width: Math.max(1, round(width * ratio)), height: Math.max(1, round(height * ratio)) };
}

function sized(size: SizeWish, image: Extent, whole: Part): Pick<ResultSize, 'target' | 'shown'> {
  if (size.kind === 'max_side')
    return { target: scaled(image, size.px / Math.max(image.width, image.height)), shown: whole };
  if (size.kind === 'megapixels') {
    const ratio = Math.sqrt((size.megapixels * 1e6) / (image.width * image.height));
    return { target: scaled(image, ratio, Math.floor), shown: whole };
  }
  const { width, height, fit } = size;
  if (width === undefined || height === undefined || fit === 'inside') {
    const ratio = Math.min((width ?? Infinity) / image.width, (height ?? Infinity) / image.height);
    return { target: scaled(image, ratio), shown: whole };
  }
  const target = { width, height };
  return { target, shown: fit === 'fill' ? whole : covering(image, target, size.position) };
}

/** The largest part of an image that has the shape of the target. */
function covering(image: Extent, target: Extent, position: Position): Part {
  const ratio = Math.max(target.width / image.width, target.height / image.height);
  const width = Math.min(image.width, Math.max(1, Math.round(target.width / ratio)));
  const height = Math.min(image.height, Math.max(1, Math.round(target.height / ratio)));
  const [across, down] = PLACES[position];
  return {
    left: Math.round((image.width - width) * across),
    top: Math.round((image.height - height) * down),
    width,
    height,
  };
}

/** The option that decides the size of a request's result. */
export function sizeParameter({ size }: Pick<UpscaleOptions, 'size'>): OptionName {
  if (size === undefined) return 'scale';
  if (size.kind !== 'box') return size.kind;
  return size.width === undefined ? 'height' : 'width';
}

function tooMuch(size: SizeWish, image: Extent, target: Extent, needed: number): TesseraError {
  const parameter = sizeParameter({ size });
  const times = Math.ceil(needed * 10) / 10;
  return new TesseraError(
    'output_too_large',
    `The image has ${image.width} x ${image.height} pixels; ${target.width} x ${target.height} is ${times} times that, and at most ${MAX_SCALE} times is possible.`,
    { details: { parameter, accepted: `up to ${MAX_SCALE} times the image` } },
  );
}
