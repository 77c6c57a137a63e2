/** Wrong arguments. `message` is a full sentence for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Whether a thrown value is an error of `parseArgs`. */
export function isParserError(thrown: unknown): thrown is Error {
  return thrown instanceof TypeError && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS');
}

/** Makes a UsageError of an error of `parseArgs`. Keeps its first sentence: the others are advice on quoting. */
export function parserError(thrown: Error): UsageError {
  const [first = ''] = thrown.message.split(/\. |\n/, 1);
  const unknown = /^Unknown option '(.*)'/.exec(first)?.[1];
  return new UsageError(
    unknown === undefined ? `${first.replace(/\.$/, '')}.` : `There is no option ${unknown}.`,
  );
}
