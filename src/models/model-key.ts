import { createHash } from 'node:crypto';
import type { ModelEntry } from './manifest-entry.js';

const keys = new WeakMap<ModelEntry, string>();

/**
 * A model's identity: its name with a digest of its entry, which includes the file's hash but no text for users. Sessions and measurements
 * are kept by this key, so those of other weights, or of an entry that has since been corrected, are not used for this one.
 */
export function modelKey(entry: ModelEntry): string {
  const known = keys.get(entry);
  if (known !== undefined) return known;
  const { title, purpose, licence, family, url, confirmed, ...contract } = entry;
  const digest = createHash('sha256').update(JSON.stringify(contract)).digest('hex').slice(0, 16);
  const key = `${entry.name}#${digest}`;
  keys.set(entry, key);
  return key;
}
