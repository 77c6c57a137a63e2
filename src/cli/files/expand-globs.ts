import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { UsageError } from '../terminal/usage-error.js';

/**
 * Expands patterns that the shell did not expand into the files that they match, sorted by name. An existing file whose name
 * looks like a pattern is taken as that file.
 * @throws UsageError when a pattern matches nothing.
 */
export async function expandGlobs(inputs: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const input of inputs) {
    if (input === '-' || !isDynamicPattern(input) || existsSync(input)) {
      expanded.push(input);
      continue;
    }
    const matches = await glob(input, { expandDirectories: false, absolute: isAbsolute(input) });
    if (matches.length === 0) throw new UsageError(`${input}: no file matches this pattern.`);
    expanded.push(...matches.sort());
  }
  return expanded;
}
