import type { FastifySchema } from 'fastify';

const HEADERS = {
  'X-RateLimit-Limit': count('Requests that the client may send in a window of time.'),
  'X-RateLimit-Remaining': count('Requests of these that are left.'),
  'X-RateLimit-Reset': count('Seconds until the window begins anew.'),
};

function count(description: string): object {
  return { type: 'integer', description: `${description} Absent where the request is not counted.` };
}

/** Adds the headers of the rate limit to the schema of a route that may answer 429. */
export function withRateLimitHeaders(schema: FastifySchema): FastifySchema {
  const answers = schema.response as Readonly<Record<string, { readonly headers?: object }>> | undefined;
  if (answers === undefined || !('429' in answers)) return schema;
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [
      status,
      { ...answer, headers: { ...answer.headers, ...HEADERS } },
    ]),
  );
  return { ...schema, response };
}
