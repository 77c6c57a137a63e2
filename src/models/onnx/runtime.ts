import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import type { ModelEntry } from '../manifest-entry.js';
import type { TensorData } from './tile-tensor.js';

type Runtime = typeof import('onnxruntime-node');
let loading: Promise<Runtime> | undefined;

/**
 * Loads ONNX Runtime at first use: on machines without a native library for it (musl, a rare processor) Lanczos still serves. Since 1.30 the
 * library on Linux sends telemetry to its maker and leaves `mat-debug-*.log` and `.ses` in the temporary folder, unless
 * ORT_DISABLE_TELEMETRY is set before it is loaded.
 * @throws the loader's error.
 */
export function onnxRuntime(): Promise<Runtime> {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  loading ??= import('onnxruntime-node').catch((error: unknown) => {
    // The next attempt may have enough memory.
    loading = undefined;
    throw error;
  });
  return loading;
}

/**
 * @param data is not copied; float16 as bit patterns. From Node 24 on the `Tensor` constructor would make a `Float16Array` of them, which version
 * 1.30 of the native binding does not recognise.
 */
export async function newTensor(
  dtype: ModelEntry['dtype'],
  data: TensorData,
  dims: readonly number[],
): Promise<Tensor> {
  const { Tensor } = await onnxRuntime();
  if (dtype !== 'float16') return new Tensor(dtype, data, dims);
  return Object.assign(new Tensor('uint16', data, dims), { type: 'float16' }) as Tensor;
}

/** @returns a tensor's samples; float16 as bit patterns, also where Node has a `Float16Array`. */
export function tensorSamples(tensor: Tensor): TensorData {
  const { data } = tensor;
  if (tensor.type !== 'float16') return data as TensorData;
  const view = data as Uint16Array<ArrayBuffer>;
  return new Uint16Array(view.buffer, view.byteOffset, view.length);
}

/** Whether the CUDA provider's library is installed beside the binding; the package's tarball does not contain it. */
export function cudaLibraryInstalled(): boolean {
  const require = createRequire(import.meta.url);
  const bin = join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin');
  return readdirSync(bin).some((binding) =>
    ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll'].some((library) =>
      existsSync(join(bin, binding, process.platform, process.arch, library)),
    ),
  );
}
