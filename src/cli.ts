#!/usr/bin/env node
import { ConfigError } from './config.js';
import { ManifestError } from './models/manifest.js';
import { packageVersion } from './package-root.js';

/** A subcommand, loaded only when it is the one asked for. */
interface Command {
  readonly summary: string;
  /** @returns the module's `run`, which gets the arguments after its name and returns the exit code, or undefined to stay alive. */
  load(): Promise<{ run(args: readonly string[]): Promise<number | undefined> }>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { summary: 'Start the service.', load: () => import('./cli/serve.js') },
  models: {
    summary: 'List, verify, download and add models.',
    load: () => import('./cli/models.js'),
  },
};

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function help(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  return [
    'Tessera enlarges images through neural networks.',
    '',
    'Usage: tessera <command> [options]',
    '',
    'Commands:',
    ...names.map((name) => `  ${name.padEnd(width)}${COMMANDS[name]?.summary}`),
    '',
    '"tessera <command> --help" tells more of a command. Settings come from the environment; see README.md.',
    '',
  ].join('\n');
}

async function main([name, ...args]: readonly string[]): Promise<number | undefined> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return name === undefined ? EXIT_USAGE : 0;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(
      `tessera: there is no command "${name}". Commands: ${Object.keys(COMMANDS).join(', ')}.\n`,
    );
    return EXIT_USAGE;
  }
  return (await command.load()).run(args);
}

try {
  const code = await main(process.argv.slice(2));
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  const usage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  const foreseen = usage || error instanceof ConfigError || error instanceof ManifestError;
  process.stderr.write(
    `tessera: ${foreseen ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = foreseen ? EXIT_USAGE : EXIT_FAILED;
}
