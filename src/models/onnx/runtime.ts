import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { Tensor } from 'onnxruntime-node';
import type { ModelEntry } from '../manifest-entry.js';
import type { TensorData } from './tile-tensor.js';

type Runtime = typeof import('onnxruntime-node');
let loading: Promise<Runtime> | undefined;

/**
 * ONNX Runtime, loaded when first needed: where its native library cannot be loaded (musl, an exotic processor) Lanczos
 * still serves, and says why. Since 1.30 the library on Linux sends telemetry to its maker and leaves `mat-debug-*.log` and
 * `.ses` in the folder for temporary files, unless this variable is set before it is loaded: a service sends nothing that
 * its operator has not asked for.
 * @throws the loader's error.
 */
export function onnxRuntime(): Promise<Runtime> {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  loading ??= import('onnxruntime-node').catch((error: unknown) => {
    // Memory may be there next time; where it is something else, Node remembers that itself.
    loading = undefined;
    throw error;
  });
  return loading;
}

/**
 * A tensor over a buffer, which is not copied. Halves are given as their bits: from Node 24 on the `Tensor` constructor
 * would make a `Float16Array` of them, which version 1.30 of the native binding does not recognise.
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

/** The samples of a tensor; halves as their bits, whichever array type this version of Node has for them. */
export function tensorSamples(tensor: Tensor): TensorData {
  const { data } = tensor;
  if (tensor.type !== 'float16') return data as TensorData;
  const view = data as Uint16Array<ArrayBuffer>;
  return new Uint16Array(view.buffer, view.byteOffset, view.length);
}

/** @returns whether the CUDA provider's library lies beside the binding; the package's own tarball lacks it. */
export function cudaLibraryInstalled(): boolean {
  const require = createRequire(import.meta.url);
  const bin = join(dirname(require.resolve('onnxruntime-node/package.json')), 'bin');
  return readdirSync(bin).some((binding) =>
    ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll'].some((library) =>
      existsSync(join(bin, binding, process.platform, process.arch, library)),
    ),
  );
}
