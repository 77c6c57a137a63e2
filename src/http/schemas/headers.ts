export function textHeader(description: string): object {
  return { type: 'string', description };
}

/** A header of every answer. */
export const REQUEST_ID = {
  'X-Request-Id': textHeader('The request in the log: quote it when you ask about one.'),
};
