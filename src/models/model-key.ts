import { createHash } from 'node:crypto';
import type { ModelEntry } from './manifest-entry.js';

const keys = new WeakMap<ModelEntry, string>();

/**
 * What a model is, as far as its pixels and its speed go: its name with a digest of its entry, in which the file's hash stands. Sessions and
 * whatever was learnt are kept by this key, so that nothing of earlier weights, or of a corrected entry, is taken for the present one's.
 * What is only told to people is no part of it.
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
