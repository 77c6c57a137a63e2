import type { Cicp } from '../../colour/cicp.js';
import { damaged, unsupportedImage } from '../../refusals.js';
import type { LoadedHevc } from './hevc-module.js';

/** Rows of one plane: 8-bit samples, or deeper ones in 16 bits each. */
export type PlaneRow = Uint8Array | Uint16Array;

/** A decoded picture in the decoder's memory, until it is freed. */
export interface DecodedTile {
  readonly width: number;
  readonly height: number;
  /** log2 of the factor by which the chroma planes are smaller; undefined for grey. */
  readonly chroma: { readonly acrossShift: 0 | 1; readonly downShift: 0 | 1 } | undefined;
  readonly lumaBits: number;
  readonly chromaBits: number;
  /** From the coded picture (VUI); the container takes precedence. */
  readonly cicp: Cicp;
  /** A view, valid until the decoder is used again. @param plane 0: Y, 1: Cb, 2: Cr. */
  row(plane: number, y: number): PlaneRow;
  free(): void;
}

/** Parameters of libde265 (de265.h). */
const CHECK_HASHES = 0;
const SUPPRESS_FAULTY_PICTURES = 6;
const NOT_IMPLEMENTED = 502;

/** By the format of chroma: 4:2:0, 4:2:2, 4:4:4. */
const CHROMA: readonly DecodedTile['chroma'][] = [
  undefined,
  { acrossShift: 1, downShift: 1 },
  { acrossShift: 1, downShift: 0 },
  { acrossShift: 0, downShift: 0 },
];

/**
 * Decodes one picture of HEVC. A picture with any fault is rejected, because libde265 continues with arbitrary
 * output.
 * @param units its parameter sets and slices.
 * @throws TesseraError corrupt_image, unsupported_image; a RuntimeError of WebAssembly.
 */
export function decodeHevc(hevc: LoadedHevc, units: readonly Buffer[]): DecodedTile {
  const { module } = hevc;
  const decoder = module._de265_new_decoder();
  if (decoder === 0) throw damaged('HEIC', 'no decoder of HEVC could be made');
  module._de265_set_parameter_bool(decoder, CHECK_HASHES, 1);
  module._de265_set_parameter_bool(decoder, SUPPRESS_FAULTY_PICTURES, 1);
  // Kept until the planes are allocated, which must not reuse this memory.
  const pushed = units.map((unit) => push(hevc, decoder, unit));
  check(module._de265_flush_data(decoder));
  const picture = nextPicture(hevc, decoder);
  for (const pointer of pushed) module._free(pointer);
  return decodedTile(hevc, decoder, picture);
}

/** @returns the address of the copy, which the caller frees. */
function push({ module, memory }: LoadedHevc, decoder: number, unit: Buffer): number {
  const pointer = module._malloc(unit.length);
  if (pointer === 0) throw damaged('HEIC', 'no memory for a NAL unit');
  new Uint8Array(memory.buffer).set(unit, pointer);
  const code = module._de265_push_NAL(decoder, pointer, unit.length, 0, 0, 0);
  check(code);
  return pointer;
}

function nextPicture({ module, memory }: LoadedHevc, decoder: number): number {
  const more = module._malloc(4);
  try {
    for (;;) {
      check(module._de265_decode(decoder, more));
      const picture = module._de265_get_next_picture(decoder);
      if (picture !== 0) return picture;
      if (new DataView(memory.buffer).getUint32(more, true) === 0)
        throw damaged('HEIC', 'HEVC without a whole picture');
    }
  } finally {
    module._free(more);
  }
}

function check(code: number): void {
  if (code === NOT_IMPLEMENTED)
    throw unsupportedImage('This HEIC image uses a part of HEVC that is not supported (a range extension).');
  if (code !== 0) throw damaged('HEIC', `libde265 says ${code}`);
}

function decodedTile({ module, memory }: LoadedHevc, decoder: number, picture: number): DecodedTile {
  const chroma = CHROMA[module._de265_get_chroma_format(picture)];
  const planes = [0, 1, 2].slice(0, chroma === undefined ? 1 : 3).map((plane) => {
    const stride = module._malloc(4);
    const start = module._de265_get_image_plane(picture, plane, stride);
    const strideBytes = new DataView(memory.buffer).getUint32(stride, true);
    module._free(stride);
    return {
      start,
      strideBytes,
      width: module._de265_get_image_width(picture, plane),
      bits: module._de265_get_bits_per_pixel(picture, plane),
    };
  });
  return {
    width: module._de265_get_image_width(picture, 0),
    height: module._de265_get_image_height(picture, 0),
    chroma,
    lumaBits: planes[0]?.bits ?? 8,
    chromaBits: planes[1]?.bits ?? 8,
    cicp: {
      primaries: module._de265_get_image_colour_primaries(picture),
      transferCharacteristics: module._de265_get_image_transfer_characteristics(picture),
      matrixCoefficients: module._de265_get_image_matrix_coefficients(picture),
      fullRange: module._de265_get_image_full_range_flag(picture) !== 0,
    },
    row(plane, y) {
      const { start, strideBytes, width, bits } = planes[plane] ?? {
        start: 0,
        strideBytes: 0,
        width: 0,
        bits: 8,
      };
      const at = start + y * strideBytes;
      return bits > 8 ? new Uint16Array(memory.buffer, at, width) : new Uint8Array(memory.buffer, at, width);
    },
    free: () => void module._de265_free_decoder(decoder),
  };
}
