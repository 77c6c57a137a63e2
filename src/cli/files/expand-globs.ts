import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { UsageError } from '../terminal/usage-error.js';

/**
 * Patterns that the shell left alone, because they were quoted or because it expands none, become the files they match, in
 * the order of their names. A file whose own name looks like a pattern is that file.
 * @throws UsageError when a pattern matches nothing.
 */
export async function expandGlobs(inputs: readonly string[]): Promise<string[]> {
  const expanded: string[] = [];
  for (const input of inputs) {
    if (input === '-' || !isDynamicPattern(input) || (await exists(input))) {
      expanded.push(input);
      continue;
    }
    const matches = await glob(input, { expandDirectories: false, absolute: isAbsolute(input) });
    if (matches.length === 0) throw new UsageError(`${input}: no file matches this pattern.`);
    expanded.push(...matches.sort());
  }
  return expanded;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
