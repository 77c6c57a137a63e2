/** The command was called in a way that cannot be carried out. `message` is a full sentence for the person at the terminal. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Whether something thrown is `parseArgs` complaining of the arguments. */
export function isParserError(thrown: unknown): thrown is Error {
  return thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS');
}

/** What `parseArgs` of node throws, as a sentence of ours: its first one; the rest advises on quoting. */
export function parserError(thrown: Error): UsageError {
  const [first = ''] = thrown.message.split(/\. |\n/, 1);
  const unknown = /^Unknown option '(.*)'/.exec(first)?.[1];
  return new UsageError(
    unknown === undefined ? `${first.replace(/\.$/, '')}.` : `There is no option ${unknown}.`,
  );
}
