/** The command was called in a way that cannot be carried out. `message` is a full sentence for the person at the terminal. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What `parseArgs` of node throws, as a sentence of ours: its first one; the rest advises on quoting. */
export function parserError(thrown: unknown): UsageError {
  const [first = ''] = thrown instanceof Error ? thrown.message.split(/\. |\n/, 1) : [String(thrown)];
  const unknown = /^Unknown option '(.*)'/.exec(first)?.[1];
  return new UsageError(
    unknown === undefined ? `${first.replace(/\.$/, '')}.` : `There is no option ${unknown}.`,
  );
}
