import { AUTO_MODEL, LANCZOS } from '../domain/types.js';
import { type ModelEntry, outputForm } from './manifest-entry.js';

/** Names that no model may have, with their meaning. */
export const RESERVED_NAMES: ReadonlyMap<string, string> = new Map([
  [LANCZOS, 'it stands for plain resampling, without a network'],
  [AUTO_MODEL, "it stands for the chain's first model, and in MODEL_CHAIN for the usual ones"],
]);

/** Checks what the schema of one entry cannot: names, files and twins across entries. @returns a clause for each problem. */
export function contradictions(entries: readonly ModelEntry[]): string[] {
  const problems: string[] = [];
  const byName = new Map<string, ModelEntry>();
  const byFile = new Map<string, ModelEntry>();
  for (const entry of entries) {
    const meaning = RESERVED_NAMES.get(entry.name);
    if (meaning !== undefined) problems.push(`the name "${entry.name}" is taken: ${meaning}`);
    if (byName.has(entry.name)) problems.push(`two models are named "${entry.name}"`);
    const sharer = byFile.get(entry.file);
    if (sharer !== undefined)
      problems.push(`"${sharer.name}" and "${entry.name}" share the file ${entry.file}`);
    byName.set(entry.name, entry);
    byFile.set(entry.file, entry);
    const { fixed, multipleOf } = entry.sizeRequirements;
    if (fixed?.some((side) => side % multipleOf !== 0))
      problems.push(`"${entry.name}" has a fixed size that is no multiple of ${multipleOf}`);
    const output = outputForm(entry);
    if ([entry, output].some(({ dtype, range }) => dtype === 'uint8' && range !== 255))
      problems.push(`"${entry.name}" is uint8, so its range must be 255`);
  }
  for (const entry of entries) {
    for (const kind of ['floatTwin', 'halfTwin'] as const) {
      const twinName = entry[kind];
      if (twinName === undefined) continue;
      const twin = byName.get(twinName);
      if (twin === undefined)
        problems.push(`"${entry.name}" names the ${kind} "${twinName}", which is not listed`);
      else if (twin.scale !== entry.scale)
        problems.push(`"${entry.name}" and its ${kind} "${twinName}" differ in scale`);
    }
  }
  return problems;
}
