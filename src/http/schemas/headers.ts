/** A header that holds text. */
export function textHeader(description: string): object {
  return { type: 'string', description };
}

/** The header that every answer has. */
export const REQUEST_ID = {
  'X-Request-Id': textHeader('The request in the log: quote it when you ask about one.'),
};
