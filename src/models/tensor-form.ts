import type { ModelEntry } from './manifest-entry.js';

/** How a network holds its samples. */
export type TensorForm = Pick<ModelEntry, 'layout' | 'dtype' | 'range'>;

/** @returns how a network gives its answers: as it takes its tiles, where the entry does not say otherwise. */
export function outputForm(
  entry: Pick<ModelEntry, keyof TensorForm | 'outputDtype' | 'outputRange'>,
): TensorForm {
  const { layout, dtype, range, outputDtype, outputRange } = entry;
  return { layout, dtype: outputDtype ?? dtype, range: outputRange ?? range };
}

/** Whether a network takes and gives float32, which alone has bits enough for 16-bit images. */
export function isInFloat32(entry: Pick<ModelEntry, 'dtype' | 'outputDtype'>): boolean {
  return entry.dtype === 'float32' && (entry.outputDtype ?? 'float32') === 'float32';
}
