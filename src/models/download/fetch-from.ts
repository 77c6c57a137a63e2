import type { Dispatcher } from 'undici';
import type { ModelEntry } from '../manifest-entry.js';
import { DownloadError, Interruption } from './download-error.js';

/** A response with the rest of a file. */
export interface RestOfFile {
  /** Offset of the first byte: the one asked for, or 0 when the server does not support ranges. */
  readonly start: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection. */
  close(): Promise<void>;
}

/**
 * Requests a file from an offset on, through the proxy of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
 * @param wanted the model; a response that announces another length is refused before its body is read.
 * @throws Interruption when another attempt may succeed, DownloadError when not, and fetch's own errors.
 */
export async function fetchFrom(
  url: string,
  offset: number,
  wanted: Pick<ModelEntry, 'name' | 'bytes'>,
  options: { readonly stallMs: number; readonly signal: AbortSignal },
): Promise<RestOfFile> {
  // Loading undici takes a tenth of a second, which a service that never downloads should not spend.
  const undici = await import('undici');
  const dispatcher = connections(undici);
  const stalled = new AbortController();
  const watch = setTimeout(
    () => stalled.abort(new Interruption(`nothing came for ${options.stallMs / 1000} s`)),
    options.stallMs,
  );
  const close = async (): Promise<void> => {
    clearTimeout(watch);
    await dispatcher.destroy();
  };
  try {
    const response = await undici.fetch(url, {
      dispatcher,
      signal: AbortSignal.any([options.signal, stalled.signal]),
      headers: {
        'accept-encoding': 'identity',
        ...(offset > 0 ? { range: `bytes=${offset}-` } : {}),
      },
    });
    const start = startOf(response.status, response.headers.get('content-range'), offset, wanted.name);
    checkLength(response.headers.get('content-length'), wanted.bytes - start, wanted.name);
    if (response.body === null) throw new Interruption('an empty answer');
    const pieces: AsyncIterable<Uint8Array> = response.body;
    return { start, body: watched(pieces, () => watch.refresh()), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function connections({
  Agent,
  EnvHttpProxyAgent,
}: Pick<typeof import('undici'), 'Agent' | 'EnvHttpProxyAgent'>): Dispatcher {
  const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];
  return names.some((name) => process.env[name]) ? new EnvHttpProxyAgent() : new Agent();
}

/** @returns the body's offset in the file. */
function startOf(status: number, contentRange: string | null, offset: number, name: string): number {
  if (status === 200) return 0;
  if (status === 206) {
    const start = /^bytes (\d+)-/.exec(contentRange ?? '')?.[1];
    if (Number(start) === offset) return offset;
    throw new DownloadError(
      'refused',
      `${name} could not be downloaded: the server answered with another part of the file than was asked for.`,
    );
  }
  if (status === 408 || status === 429 || status >= 500)
    throw new Interruption(`the server answered ${status}`);
  throw new DownloadError('refused', `${name} could not be downloaded: the server answered ${status}.`);
}

function checkLength(announced: string | null, expected: number, name: string): void {
  if (announced !== null && Number(announced) !== expected)
    throw new DownloadError(
      'wrong_bytes',
      `${name} could not be downloaded: the server announced ${announced} bytes where the manifest leaves ${expected}.`,
    );
}

async function* watched(pieces: AsyncIterable<Uint8Array>, alive: () => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    alive();
    yield piece;
  }
}
