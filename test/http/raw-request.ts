import { connect, type Socket } from 'node:net';

/** A bare connection, for what a proper client would not send. @param localAddress another client's: loopback has many. */
export function openConnection(origin: string, localAddress?: string): Socket {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  // The far end may cut a refused upload; what came before counts.
  socket.on('error', () => undefined);
  return socket;
}

/** Sends text as it is, and resolves with everything that comes back until the far end closes. */
export async function sendRaw(origin: string, text: string | Buffer): Promise<string> {
  const socket = openConnection(origin);
  socket.write(text);
  return readAll(socket);
}

/** Everything that comes until the far end closes. */
export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/** A multipart request in full, with `Connection: close`. */
export function multipartRequest(
  body: string | Buffer,
  { contentType = 'multipart/form-data; boundary=XX', path = '/upscale' } = {},
): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1');
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: test',
    'Connection: close',
    `Content-Type: ${contentType}`,
    `Content-Length: ${bytes.length}`,
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), bytes]);
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

export function bodyOf(answer: string): Record<string, unknown> {
  const json = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  return JSON.parse(json) as Record<string, unknown>;
}
