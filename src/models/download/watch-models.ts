import { type FSWatcher, watch } from 'node:fs';
import type { Log } from '../../domain/types.js';
import { CUSTOM_MANIFEST_FILE, MANIFEST_FILE } from '../manifest.js';

/** Several changes in a row, as by a copy or an upgrade, are reported once. */
const SETTLE_MS = 300;

/**
 * Calls `onChange` after a model file or a manifest in the folder was added, changed or removed.
 * @returns a function that ends the watch.
 */
export function watchModels(modelsFolder: string, log: Log, onChange: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  const changed = (_event: string, file: string | null): void => {
    if (file !== null && !isModelFile(file)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
    settling.unref();
  };
  const failed = (error: unknown): void =>
    log.warn({ err: error }, 'the models folder cannot be watched: changes in it show after a restart');
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(modelsFolder, { persistent: false }, changed).on('error', failed);
  } catch (error) {
    failed(error);
  }
  return () => {
    clearTimeout(settling);
    watcher?.close();
  };
}

/** Hidden files are unfinished. */
function isModelFile(file: string): boolean {
  return (
    (file.endsWith('.onnx') && !file.startsWith('.')) || [MANIFEST_FILE, CUSTOM_MANIFEST_FILE].includes(file)
  );
}
