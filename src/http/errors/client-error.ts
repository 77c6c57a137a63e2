import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { TesseraError } from '../../domain/errors.js';
import { requestId } from '../observe/request-id.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

/** Errors of Node's HTTP parser, by code. */
const PARSER_ERRORS: Readonly<Record<string, readonly [status: number, sentence: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
};

/** Answers bytes that did not parse as a request: a problem document on the bare socket. */
export function replyToClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) {
    socket.destroy();
    return;
  }
  if (socket.writable && socket.bytesWritten === 0) {
    const [status, sentence] = PARSER_ERRORS[error.code ?? ''] ?? [400, 'The request is not valid HTTP.'];
    writeProblem(socket, new TesseraError('invalid_request', sentence), status);
  }
  socket.destroySoon();
}

/** Refuses CONNECT. Without a listener Node closes the connection without an answer. */
export function refuseTunnels(app: FastifyInstance): void {
  app.server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => undefined);
    writeProblem(
      socket,
      new TesseraError('method_not_allowed', 'This service is no proxy: it opens no tunnels.'),
      405,
    );
    socket.end();
  });
}

function writeProblem(socket: Duplex, error: TesseraError, status: number): void {
  const id = requestId({ headers: {} });
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ ...problemOf(error, id), status, title });
  socket.write(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n${body}`,
  );
}
