import { LANCZOS } from '../../domain/types.js';
import { loadShippedEntries } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { changeOwnModels, RefusedChange, removeCopy } from './own-models.js';

/** What became of a model of one's own. */
export interface RemovedModel {
  readonly entry: ModelEntry;
  /** false: its file is still there, because Tessera did not put it there, or it is not the one that it put there. */
  readonly isFileGone: boolean;
}

/**
 * Removes a model of one's own: its entry in `custom.json`, and its file where `addModel` put it there.
 * @throws RefusedChange for the shipped ones, unknown names, and one that another entry needs; ManifestError, the signal's reason, or the
 * file system's errors.
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
