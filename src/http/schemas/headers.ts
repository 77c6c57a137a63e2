import type { FastifySchema } from 'fastify';

export function textHeader(description: string): object {
  return { type: 'string', description };
}

/** The header of every answer. */
export const REQUEST_ID = {
  'X-Request-Id': textHeader('The request in the log: quote it when you ask about one.'),
};

const RATE_LIMIT_HEADERS = {
  'X-RateLimit-Limit': count('Requests that the client may send in a window of time.'),
  'X-RateLimit-Remaining': count('Requests of these that are left.'),
  'X-RateLimit-Reset': count('Seconds until the window begins anew.'),
};

function count(description: string): object {
  return { type: 'integer', description: `${description} Absent where the request is not counted.` };
}

/** Adds the headers of the rate limit to the answers of a route that may answer 429. */
export function withRateLimitHeaders(schema: FastifySchema): FastifySchema {
  const answers = schema.response as Readonly<Record<string, { readonly headers?: object }>> | undefined;
  if (answers === undefined || !('429' in answers)) return schema;
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [
      status,
      { ...answer, headers: { ...answer.headers, ...RATE_LIMIT_HEADERS } },
    ]),
  );
  return { ...schema, response };
}
