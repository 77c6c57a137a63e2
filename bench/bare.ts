/**
 * What a user would write without Tessera: sharp decode, ONE untiled ONNX Runtime call on the image with its reflected
 * border, sharp encode with the same options, one after another. Runs as a child process; each message is one image.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

const BORDER_PX = 10;

export interface BareModel {
  readonly path: string;
  readonly input: string;
  readonly output: string;
  readonly dtype: 'uint8' | 'float32';
  readonly threads: number;
}
export interface BareRequest {
  readonly source: string;
  readonly result: string;
}
export interface BareTimes {
  readonly decodeMs: number;
  readonly inferMs: number;
  readonly encodeMs: number;
  readonly totalMs: number;
}

/** uint8 interleaved → float32 planar 0..1. */
function toPlanar(pixels: Uint8Array, count: number): Float32Array {
  const planar = new Float32Array(count * 3);
  for (let c = 0; c < 3; c++) {
    for (let i = 0, j = c * count; i < count; i++, j++) planar[j] = (pixels[i * 3 + c] as number) / 255;
  }
  return planar;
}

/** float32 planar 0..1 → uint8 interleaved, rounded and clamped. */
function toInterleaved(planar: Float32Array, count: number): Uint8Array {
  const pixels = new Uint8ClampedArray(count * 3);
  for (let c = 0; c < 3; c++) {
    for (let i = 0, j = c * count; i < count; i++, j++) pixels[i * 3 + c] = (planar[j] as number) * 255;
  }
  return new Uint8Array(pixels.buffer);
}

async function infer(
  session: InferenceSession,
  model: BareModel,
  pixels: Uint8Array,
  width: number,
  height: number,
) {
  const interleaved = model.dtype === 'uint8';
  const tensor = interleaved
    ? new Tensor('uint8', pixels, [1, height, width, 3])
    : new Tensor('float32', toPlanar(pixels, width * height), [1, 3, height, width]);
  const output = (await session.run({ [model.input]: tensor }))[model.output];
  if (output === undefined) throw new Error(`The model has no output named ${model.output}.`);
  const outWidth = output.dims[interleaved ? 2 : 3] ?? 0;
  const outHeight = output.dims[interleaved ? 1 : 2] ?? 0;
  const data =
    output.data instanceof Uint8Array
      ? output.data
      : toInterleaved(output.data as Float32Array, outWidth * outHeight);
  return { data, width: outWidth, height: outHeight };
}

async function upscale(
  session: InferenceSession,
  model: BareModel,
  request: BareRequest,
): Promise<BareTimes> {
  const start = performance.now();
  const { data, info } = await sharp(request.source)
    .extend({ top: BORDER_PX, bottom: BORDER_PX, left: BORDER_PX, right: BORDER_PX, extendWith: 'mirror' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const decoded = performance.now();
  const output = await infer(session, model, data, info.width, info.height);
  const inferred = performance.now();
  const border = (BORDER_PX * output.width) / info.width;
  await sharp(output.data, { raw: { width: output.width, height: output.height, channels: 3 } })
    .extract({
      left: border,
      top: border,
      width: output.width - 2 * border,
      height: output.height - 2 * border,
    })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4', optimiseCoding: false })
    .toFile(request.result);
  const end = performance.now();
  return {
    decodeMs: decoded - start,
    inferMs: inferred - decoded,
    encodeMs: end - inferred,
    totalMs: end - start,
  };
}

const model = JSON.parse(process.argv[2] ?? '') as BareModel;
sharp.concurrency(model.threads);
const session = await InferenceSession.create(model.path, { intraOpNumThreads: model.threads });
process.on('message', (request: BareRequest) => {
  upscale(session, model, request).then(
    (times) => process.send?.(times),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
