import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One way to answer a request for the file. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, file: Uint8Array) => void;

/** The offset that a request asks for. */
export function rangeStart(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** As a good server does: ranges, lengths. */
export const wellBehaved: Behaviour = (request, response, file) => {
  const start = rangeStart(request);
  const rest = file.subarray(start);
  if (start > 0)
    response.writeHead(206, {
      'content-length': rest.length,
      'content-range': `bytes ${start}-${file.length - 1}/${file.length}`,
    });
  else response.writeHead(200, { 'content-length': rest.length });
  response.end(rest);
};

/** Announces all, gives `bytes` of it and cuts the connection. */
export const breaksAfter =
  (bytes: number): Behaviour =>
  (request, response, file) => {
    const start = rangeStart(request);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': file.length - start,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}),
    });
    // Closed in good order, so that what was sent arrives.
    response.write(file.subarray(start, start + bytes), () => response.socket?.end());
  };

/** Gives `bytes` from where it was asked and then nothing more, with the connection open. */
export const stallsAfter =
  (bytes: number): Behaviour =>
  (request, response, file) => {
    const start = rangeStart(request);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': file.length - start,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}),
    });
    response.write(file.subarray(start, start + bytes));
  };

export const ignoresRange: Behaviour = (_request, response, file) => {
  response.writeHead(200, { 'content-length': file.length });
  response.end(file);
};

export interface FileServer {
  readonly url: string;
  /** "GET /path range" of each request so far. */
  readonly requests: string[];
  /** Cuts every connection that is open. */
  cut(): void;
  close(): Promise<void>;
}

/** Serves one file; the n-th request is answered by the n-th behaviour, the last of them again and again. */
export async function serveFile(file: Uint8Array, behaviours: readonly Behaviour[]): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const behave = behaviours[Math.min(requests.length, behaviours.length - 1)];
    requests.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    behave?.(request, response, file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
