import { type FSWatcher, watch } from 'node:fs';
import type { Log } from '../../domain/types.js';
import { CUSTOM_MANIFEST_FILE, MANIFEST_FILE } from '../manifest.js';

/** A copy or an upgrade touches several files in a row: one call is enough for them. */
const SETTLE_MS = 300;

/**
 * Tells when a model file or a manifest in the folder has come, changed or gone: by a download, by `tessera models add`, or
 * by hand.
 * @returns ends the watch.
 */
export function watchModels(modelsFolder: string, log: Log, onChange: () => void): () => void {
  let settling: NodeJS.Timeout | undefined;
  const changed = (_event: string, file: string | null): void => {
    if (file !== null && !isOfModels(file)) return;
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

function isOfModels(file: string): boolean {
  if (file.startsWith('.')) return false;
  return file === MANIFEST_FILE || file === CUSTOM_MANIFEST_FILE || file.endsWith('.onnx');
}
