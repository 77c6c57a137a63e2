import type { FromHeaderProcess, HeaderRequest } from '../../../src/engine/headers/protocol.js';

/** A header process that does what the path of the request says, as real ones do when a picture makes them. */
process.on('message', ({ path }: HeaderRequest) => {
  switch (path) {
    case 'answer':
      return send({
        type: 'header',
        header: { format: 'png', width: 3, height: 2, hasAlpha: false, sixteenBit: false, pages: 1 },
      });
    case 'work for ever':
      for (;;);
    case 'wait for ever':
      return;
    case 'crash':
      process.stderr.write('a word before the end', () => process.abort());
      return;
    case 'be taken':
      process.kill(process.pid, 'SIGKILL');
  }
});
process.on('disconnect', () => process.exit());
send({ type: 'ready' });

function send(message: FromHeaderProcess): void {
  process.send?.(message);
}
