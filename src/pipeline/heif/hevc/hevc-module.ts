import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * The interface of libde265 (libde265/de265.h) in `libheif-js`, whose libheif decodes HEVC with it. Pointers are
 * offsets into its memory. libheif itself accepts damaged pictures, since it does not ask libde265 to report faults.
 */
interface HevcModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _de265_new_decoder(): number;
  _de265_free_decoder(decoder: number): number;
  _de265_set_parameter_bool(decoder: number, parameter: number, value: number): void;
  /** The 64-bit time stamp takes two numbers. */
  _de265_push_NAL(
    decoder: number,
    bytes: number,
    length: number,
    pts: number,
    ptsHigh: number,
    user: number,
  ): number;
  _de265_flush_data(decoder: number): number;
  _de265_decode(decoder: number, more: number): number;
  /** 0 when there is no picture yet. */
  _de265_get_next_picture(decoder: number): number;
  _de265_get_chroma_format(picture: number): number;
  _de265_get_image_width(picture: number, plane: number): number;
  _de265_get_image_height(picture: number, plane: number): number;
  _de265_get_bits_per_pixel(picture: number, plane: number): number;
  _de265_get_image_plane(picture: number, plane: number, stride: number): number;
  _de265_get_image_colour_primaries(picture: number): number;
  _de265_get_image_transfer_characteristics(picture: number): number;
  _de265_get_image_matrix_coefficients(picture: number): number;
  _de265_get_image_full_range_flag(picture: number): number;
}

type CreateModule = (options: {
  readonly print: () => void;
  readonly printErr: () => void;
  readonly instantiateWasm: (
    imports: WebAssembly.Imports,
    onInstance: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Exports;
}) => HevcModule;

const CODE = 'libheif-js/libheif-wasm/libheif.js';
const WASM = 'libheif-js/libheif-wasm/libheif.wasm';
const PAGE_BYTES = 65_536;
/**
 * Sizes of the pieces in which free memory is claimed, one after the other. The last is smaller than any plane of 64
 * x 64 samples.
 */
const WIPED_BYTES = [1 << 20, 1 << 16, 1 << 11];

const require = createRequire(import.meta.url);

/** Whether the optional package is installed. Nothing of it is loaded. */
export function hevcInstalled(): boolean {
  try {
    require.resolve(WASM);
    return true;
  } catch {
    return false;
  }
}

/** A loaded decoder. Its memory starts at 17 MB and never shrinks, so it serves one picture, in a thread that ends afterwards. */
export interface LoadedHevc {
  readonly module: HevcModule;
  readonly memory: WebAssembly.Memory;
  /** Whether it was refused memory, by its limit or the system. Any later error may come from that. */
  readonly starved: () => 'limit' | 'system' | undefined;
  /** Fills free memory with zeros. */
  readonly wipe: () => void;
}

/**
 * @param maxBytes memory limit.
 * @throws Node's error when the package is missing or damaged.
 */
export function loadHevc(maxBytes: number): LoadedHevc {
  const create = require(CODE) as CreateModule;
  const compiled = new WebAssembly.Module(readFileSync(require.resolve(WASM)));
  const memories: WebAssembly.Memory[] = [];
  let starved: 'limit' | 'system' | undefined;
  let mayGrow = true;
  const module = create({
    print: () => {},
    printErr: () => {},
    instantiateWasm: (imports, onInstance) => {
      const instance = new WebAssembly.Instance(compiled, imports);
      for (const exported of Object.values(instance.exports)) {
        if (!(exported instanceof WebAssembly.Memory)) continue;
        memories.push(exported);
        // Its allocator asks here, and takes a refusal as the system's.
        exported.grow = (pages) => {
          const fits = exported.buffer.byteLength + pages * PAGE_BYTES <= maxBytes;
          try {
            if (mayGrow && fits) return WebAssembly.Memory.prototype.grow.call(exported, pages);
          } catch (thrown) {
            starved ??= 'system';
            throw thrown;
          }
          if (mayGrow) starved ??= 'limit';
          throw new RangeError('The picture takes more memory than it may');
        };
      }
      onInstance(instance);
      return instance.exports;
    },
  });
  const [memory] = memories;
  if (memory === undefined) throw new Error('libheif-js has no memory');
  const wipe = () => {
    mayGrow = false;
    const taken: number[] = [];
    for (const bytes of WIPED_BYTES)
      for (let pointer = module._malloc(bytes); pointer !== 0; pointer = module._malloc(bytes)) {
        new Uint8Array(memory.buffer, pointer, bytes).fill(0);
        taken.push(pointer);
      }
    for (const pointer of taken) module._free(pointer);
    mayGrow = true;
  };
  return { module, memory, starved: () => starved, wipe };
}
