import { TesseraError } from '../../domain/errors.js';
import { preferAsVictim } from '../../host/oom-victim.js';
import { readHeader } from '../../pipeline/input/header.js';
import { restrictLoaders } from '../../pipeline/input/loaders.js';
import type { FromHeaderProcess, HeaderRequest } from './protocol.js';

/**
 * The entry of a header process. It reads the header of one upload after the other. The server kills it when one
 * takes too long. It holds no secrets and ends with the server.
 */

// Ctrl-C and a container's stop signal the whole process group. The server decides when this process ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
preferAsVictim(500);
restrictLoaders(1);

process.on('message', (request: HeaderRequest) => {
  void answer(request).then(send);
});
send({ type: 'ready' });

async function answer({ path, limits }: HeaderRequest): Promise<FromHeaderProcess> {
  try {
    return { type: 'header', header: await readHeader(path, limits) };
  } catch (thrown) {
    return { type: 'refused', error: TesseraError.from(thrown).toMessage() };
  }
}

function send(message: FromHeaderProcess): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
