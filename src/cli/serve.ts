import { parseArgs } from 'node:util';
import { EXIT } from './terminal/exit-codes.js';

const HELP = `Starts the service: the page at /, POST /upscale, /jobs, /docs and the rest.

Usage: tessera serve [--port N] [--host ADDRESS]

  --port N          Port to listen on (default 8000; 0 takes a free one).
  --host ADDRESS    Address to listen on (default 0.0.0.0: all).
  -h, --help        This text.

All other settings come from the environment; docs/configuration.md lists them. Ctrl-C stops it once running work has ended.
`;

/** `tessera serve`: runs the service in this process until a signal ends it. */
export async function run(args: readonly string[]): Promise<number | undefined> {
  const { values } = parseArgs({
    args: [...args],
    options: { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  // The configuration has one source, the environment. The flags go there and are checked with the other settings.
  if (values.port !== undefined) process.env.PORT = values.port;
  if (values.host !== undefined) process.env.HOST = values.host;
  await import('../server.js');
  return undefined;
}
