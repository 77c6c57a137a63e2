import { parseArgs } from 'node:util';

const HELP = `Usage: tessera serve

Starts the service. All settings come from the environment; README.md lists them.
`;

/** Starts the service in this process; it lives until a signal ends it. */
export async function run(args: readonly string[]): Promise<number | undefined> {
  const { values } = parseArgs({ args: [...args], options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  await import('../server.js');
  return undefined;
}
