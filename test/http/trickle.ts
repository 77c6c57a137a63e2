import { connect, type Socket } from 'node:net';

export interface TrickleTerms {
  /** Where they come from; loopback has 127.0.0.1 to 127.255.255.254. */
  readonly addresses: readonly string[];
  readonly sockets: number;
  /** The head of the request, and what of the body comes at once. */
  readonly start: string;
  /** Bytes of each later piece, and how often one comes. */
  readonly pieceBytes: number;
  readonly everyMs: number;
}

export interface Tricklers {
  /** How often one was answered or cut off, and came again. */
  readonly refusals: number;
  /** The answers that they got. */
  readonly answers: readonly string[];
  end(): void;
}

/** Clients that send as slowly as they like, and come again as soon as they are refused. */
export function trickle(origin: string, terms: TrickleTerms): Tricklers {
  const open = new Set<Socket>();
  const answers: string[] = [];
  let refusals = 0;
  let ended = false;
  const start = (address: string) => {
    if (ended) return;
    const { hostname, port } = new URL(origin);
    const socket = connect({ host: hostname, port: Number(port), localAddress: address });
    open.add(socket);
    const timer = setInterval(() => socket.write(Buffer.alloc(terms.pieceBytes, 'x')), terms.everyMs);
    socket.write(terms.start);
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece.toString('latin1');
      // The connection may stay open behind the answer, a problem document.
      if (!/\r\n\r\n.*\}$/s.test(answer)) return;
      answers.push(answer);
      socket.destroy();
    });
    socket.once('close', () => {
      clearInterval(timer);
      open.delete(socket);
      if (ended) return;
      refusals += 1;
      start(address);
    });
  };
  for (let number = 0; number < terms.sockets; number += 1)
    start(terms.addresses[number % terms.addresses.length] ?? '127.0.0.1');
  return {
    get refusals() {
      return refusals;
    },
    answers,
    end() {
      ended = true;
      for (const socket of open) socket.destroy();
    },
  };
}
