import { MEDIA_TYPES } from '../../domain/download-name.js';
import { OUTPUT_FORMATS } from '../../domain/types.js';
import { REQUEST_ID } from './headers.js';

/** A binary body, as OpenAPI describes it. */
export const BINARY = { type: 'string', format: 'binary' };

const TEXT = { type: 'string' };

/** Headers of image answers. */
export const IMAGE_HEADER_SCHEMAS = {
  'Content-Disposition': { ...TEXT, description: 'A file name such as photo_x4.jpg.' },
  'Server-Timing': { ...TEXT, description: 'Milliseconds: queue, decode, infer, blend, encode, turns.' },
  ...REQUEST_ID,
  'X-Upscale-Model': { ...TEXT, description: 'The model that made these pixels.' },
  'X-Upscale-Provider': { ...TEXT, description: 'What it ran on; `none` for Lanczos.' },
  'X-Upscale-Scale': { type: 'number', description: 'Result ÷ source, along the side that grew more.' },
  'X-Upscale-Steps': {
    ...TEXT,
    description:
      'What was done to the image, in this order: some of crop, network, mix, resize, sharpen; or none.',
  },
  'X-Upscale-Tiles': { type: 'integer', description: 'Tiles computed.' },
  'X-Upscale-Fallback': { type: 'boolean', description: 'Another model than the first one served.' },
  'X-Upscale-Width': { type: 'integer', description: 'Pixels.' },
  'X-Upscale-Height': { type: 'integer', description: 'Pixels.' },
  'X-Upscale-Attempts': {
    ...TEXT,
    description:
      'Structured list (RFC 9651), oldest first: `model;provider=cpu;tile=512;outcome=served;reason=…;ms=812`. An error has it too, once a model was tried.',
  },
  'X-Upscale-Dropped-Pages': {
    type: 'integer',
    description: 'Frames or pages beyond the first, which alone was upscaled; absent when there are none.',
  },
  'X-Upscale-Not-Kept': {
    ...TEXT,
    description:
      'What `metadata=keep` or `profile=keep` asked for, the source has and the result lacks, separated by commas: `exif` or `xmp` that cannot be read or is larger than 16 MB, `profile` of CMYK. Absent when there is nothing.',
  },
};

/** The headers above that are Tessera's own. */
export const UPSCALE_HEADERS: readonly string[] = Object.keys(IMAGE_HEADER_SCHEMAS).filter((name) =>
  name.startsWith('X-Upscale-'),
);

/** Media types of image answers. */
export const IMAGE_CONTENT = Object.fromEntries(
  OUTPUT_FORMATS.map((format) => [MEDIA_TYPES[format], { schema: BINARY }]),
);
