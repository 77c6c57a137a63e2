import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

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
  loading ??= import('onnxruntime-node');
  return loading;
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
