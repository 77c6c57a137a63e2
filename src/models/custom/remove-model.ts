import { LANCZOS } from '../../domain/types.js';
import { loadShippedEntries } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { changeOwnModels, RefusedChange, removeCopy } from './own-models.js';

/** A model that was removed. */
export interface RemovedModel {
  readonly entry: ModelEntry;
  /** false: its file was kept, because Tessera did not copy it there, or it was changed since. */
  readonly isFileGone: boolean;
}

/**
 * Removes one of the user's own models: its entry in `custom.json`, and its file if `addModel` copied it there.
 * @throws RefusedChange for a shipped model, an unknown name, and a model that another entry names as its twin; ManifestError, the signal's
 * reason, or the file system's errors.
 */
export function removeModel(name: string, modelsFolder: string, signal: AbortSignal): Promise<RemovedModel> {
  return changeOwnModels(modelsFolder, signal, async (own) => {
    const entry = own.find((each) => each.name === name);
    if (entry === undefined) throw await unknown(name, own, modelsFolder);
    const needing = own.find((each) => each !== entry && [each.floatTwin, each.halfTwin].includes(name));
    if (needing !== undefined)
      throw new RefusedChange(
        `"${name}" is named as a twin by "${needing.name}". Remove that one first, or take the name out of its entry in custom.json.`,
      );
    return {
      entries: own.filter((each) => each !== entry),
      finish: async () => ({ entry, isFileGone: await removeCopy(entry, modelsFolder) }),
    };
  });
}

async function unknown(
  name: string,
  own: readonly ModelEntry[],
  modelsFolder: string,
): Promise<RefusedChange> {
  if (name === LANCZOS)
    return new RefusedChange(`"${name}" is no model: it needs no file, and always ends the chain.`);
  const shipped = await loadShippedEntries(modelsFolder);
  if (shipped.some((entry) => entry.name === name))
    return new RefusedChange(
      `"${name}" is a shipped model: it stays in the manifest. Without its file it takes no room and is not used; MODEL_CHAIN chooses what is.`,
    );
  const names = own.map((entry) => entry.name).join(', ');
  return new RefusedChange(
    `There is no model "${name}" of your own. ${names === '' ? 'You have added none.' : `You have added ${names}.`}`,
  );
}
