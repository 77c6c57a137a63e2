/** The command was called in a way that cannot be carried out. `message` is a full sentence for the person at the terminal. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
