import assert from 'node:assert/strict';

/** What a service says to a hostile picture. */
export interface HostileAnswer {
  readonly status: number;
  /** Of the problem document; undefined where the answer is an image. */
  readonly code?: string;
  readonly detail?: string;
  readonly retryAfter?: string;
}

/** What a hostile client asks for: the whole way through the engine, but little work for an honest picture, and not for long. */
export const HOSTILE_QUERY = '?timeout=5&model=lanczos&scale=1.01';

/** Uploads a picture as the body, and reads the answer to its end. @throws the connection's error. */
export async function upload(origin: string, picture: Blob, query = HOSTILE_QUERY): Promise<HostileAnswer> {
  const response = await fetch(`${origin}/upscale${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: picture,
  });
  const body = await response.arrayBuffer();
  const retryAfter = response.headers.get('retry-after') ?? undefined;
  const of = { status: response.status, ...(retryAfter === undefined ? {} : { retryAfter }) };
  if (response.ok) return of;
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  const { code, detail } = JSON.parse(new TextDecoder().decode(body)) as { code: string; detail: string };
  return { ...of, code, detail };
}

/** An answer that a client may get for whatever it sent: none that tells of a fault of the service, or of no time to return. */
export function assertAllowed({ status, code, retryAfter }: HostileAnswer): void {
  const what = `${status} ${code}, Retry-After ${retryAfter}`;
  if (status < 500) assert.ok([200, 400, 413].includes(status), what);
  else assert.ok((status === 503 || status === 504) && Number(retryAfter) >= 1, what);
}
