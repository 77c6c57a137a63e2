import type { OptionName } from '../../options/option-table.js';
import { ACCEPTED_FORMATS } from '../../pipeline/input/sniff.js';

/** The help of each option: its flag and its effect. `use_realesrgan` has no flag: it serves programs written for other services. */
const OPTION_HELP: Readonly<
  Record<Exclude<OptionName, 'use_realesrgan'>, readonly [flag: string, text: string]>
> = {
  scale: [
    '--scale N',
    "How much larger, 1 to 8; decimals are fine (default: the model's, 4); 1 only cleans.",
  ],
  width: [
    '--width N',
    'Width of the result in pixels, instead of --scale; the height follows, or --fit decides.',
  ],
  height: ['--height N', 'Height of the result in pixels.'],
  fit: ['--fit F', 'inside, cover (cuts) or fill (distorts): how the picture fills --width and --height.'],
  position: ['--position P', 'centre, top, right, bottom or left: what --fit cover keeps.'],
  max_side: ['--max-side N', 'The longer side of the result in pixels, instead of --scale.'],
  megapixels: ['--megapixels N', 'Pixels of the result at most, in millions, instead of --scale.'],
  strength: ['--strength N', "0 to 1: the network's share, the rest is plain resampling (default 1)."],
  sharpen: ['--sharpen N', '0 to 1: sharpens the result, without halos (default 0).'],
  model: [
    '--model NAME',
    'Its name, or photo, drawing, fast or best; "lanczos" turns the network off (default: the best installed).',
  ],
  format: ['--format F', "auto, jpeg, png, webp, avif or tiff (default: by the output's name, else auto)."],
  quality: ['--quality N', '1 to 100, for JPEG, WebP and AVIF (default 95).'],
  tile_size: [
    '--tile-size N',
    'Largest side of a tile, in input pixels (default 512, more for a fast model).',
  ],
  tile_overlap: ['--tile-overlap N', "Pixels that neighbouring tiles share (default: the model's)."],
  background: ['--background C', 'The colour behind transparency in JPEG (default #ffffff).'],
  metadata: ['--metadata M', 'strip or keep: EXIF with camera, date and place (default strip).'],
  dpi: ['--dpi N', "Resolution of the result, for print (default: the picture's)."],
  profile: ['--profile P', "srgb or keep: the picture's own RGB or grey profile (default srgb)."],
  fallback: ['--no-fallback', 'Fail when the first model cannot serve.'],
  timeout: ['--timeout N', 'Seconds that one picture may take (default: the longest allowed, 600).'],
  dry_run: ['--dry-run', 'Print the plan and the estimated time; compute nothing.'],
};

const row = ([flag, text]: readonly [string, string]) => `  ${flag.padEnd(20)}${text}`;

export const UPSCALE_HELP = `Makes pictures larger with a neural network.

Usage: tessera upscale [options] PICTURE...

  tessera upscale photo.jpg                       writes photo_x4.jpg beside it
  tessera upscale photo.jpg -o big.png --scale 3  three times larger, as PNG
  tessera upscale 'in/**/*.jpg' -o large/         all that match, into a folder
  tessera upscale -r photos -o large              a folder with its folders, of the same shape
  tessera upscale - < in.jpg > out.jpg            from standard input to standard output

A PICTURE is a file (${ACCEPTED_FORMATS}), a folder (with -r), a
pattern, or "-" for standard input.

Where results go:
  -o, --output PATH   A file, a folder, or "-" for standard output. A folder is what exists as one or ends with /;
                      for several pictures, any name that does not end as a picture's.
                      Without it a result lies beside its picture, named photo_x4.jpg.
  -r, --recursive     Take folders, with all pictures below them but hidden ones; needs -o with a folder.
                      Camera RAW and other kinds that are not read are left out and named.
  --skip-existing     Leave out pictures whose result is there already, by its scale and format.
  Two pictures whose results would have the same name (a.jpg and a.png) are refused before anything is done.
  A result of an earlier run (photo_x4.jpg beside photo.jpg) is not enlarged again, unless it is named alone.

How:
${Object.values(OPTION_HELP).map(row).join('\n')}
  Settings change these defaults here as they do in a service (DEFAULT_QUALITY, DEFAULT_FORMAT, ...).
  -j, --jobs N        Pictures at work at the same time (default 2).

Where the work is done:
  --server URL        By a running service, over its public API; otherwise here, without any service.
  --api-key KEY       For a service that wants one; better in the variable TESSERA_API_KEY.

Output:
  --json              One line of JSON for each picture, on standard output.
  -q, --quiet         Only what fails.
  --verbose           Also the log of the engine.
  -h, --help          This text.

Progress and sentences go to standard error: standard output carries only the picture ("-o -") or the JSON.

Exit codes: 0 all done; 1 some pictures failed, the others are done; 2 wrong arguments or configuration, nothing was done;
3 the engine or the service cannot be reached; 130 interrupted by Ctrl-C (129, 143: by other signals). A result appears under
its name only when it is complete: no half file is left, however it ends.
`;
