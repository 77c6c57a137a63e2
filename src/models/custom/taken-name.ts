import { PURPOSES } from '../../domain/types.js';
import { RESERVED_NAMES } from '../contradictions.js';
import type { ModelEntry } from '../manifest-entry.js';
import { RefusedChange } from './own-models.js';

const ANOTHER = 'Choose another name with --name.';

/**
 * Refuses a name that is invalid or reserved, that another model has, or whose file name another model has.
 * @param mayReplace whether the user's own model of that name may be replaced.
 * @throws RefusedChange
 */
export function refuseTaken(
  name: string,
  known: { readonly shipped: readonly ModelEntry[]; readonly own: readonly ModelEntry[] },
  mayReplace: boolean,
): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name))
    throw new RefusedChange(
      `The name "${name}" cannot be used: expected up to 64 of a to z, 0 to 9, ".", "_" and "-", the first a letter or digit. ${ANOTHER}`,
    );
  const isPurpose = PURPOSES.some((purpose) => purpose === name);
  const meaning = isPurpose ? 'it stands for the model of a purpose' : RESERVED_NAMES.get(name);
  if (meaning !== undefined) throw new RefusedChange(`The name "${name}" is taken: ${meaning}. ${ANOTHER}`);
  if (known.shipped.some((entry) => entry.name === name))
    throw new RefusedChange(`The name "${name}" belongs to a shipped model. ${ANOTHER}`);
  const isNamed = known.own.some((entry) => entry.name === name);
  if (isNamed && !mayReplace)
    throw new RefusedChange(
      `There is a model "${name}" of your own already. Replace it with --replace, or choose another name with --name.`,
    );
  const file = `${name}.onnx`;
  const others = [...known.shipped, ...known.own.filter((entry) => entry.name !== name)];
  const holder = others.find((entry) => entry.file.toLowerCase() === file);
  if (holder !== undefined)
    throw new RefusedChange(
      `The name "${name}" would need the file ${file}, which is that of the model "${holder.name}". ${ANOTHER}`,
    );
}
