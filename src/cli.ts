#!/usr/bin/env node
import { EXIT } from './cli/terminal/exit-codes.js';
import { isParserError, parserError, UsageError } from './cli/terminal/usage-error.js';
import { ConfigError } from './config/config.js';
import { packageVersion } from './host/package-root.js';
import { StartError } from './host/start-error.js';
import { ManifestError } from './models/manifest.js';

/** A subcommand, loaded only when it is called. */
interface Command {
  readonly summary: string;
  /** Loads the module. Its `run` gets the arguments after the name and returns the exit code, or undefined to stay alive. */
  load(): Promise<{ run(args: readonly string[]): Promise<number | undefined> }>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  upscale: { summary: 'Make pictures larger.', load: () => import('./cli/upscale/upscale.js') },
  serve: { summary: 'Start the service.', load: () => import('./cli/serve.js') },
  models: {
    summary: 'List, verify, download, add and remove models.',
    load: () => import('./cli/models/models.js'),
  },
};

function help(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  return [
    'Tessera makes pictures larger with a neural network.',
    '',
    'Usage: tessera <command> [options]',
    '',
    'Commands:',
    ...names.map((name) => `  ${name.padEnd(width)}${COMMANDS[name]?.summary}`),
    '',
    '"tessera <command> --help" tells more of a command. Settings come from the environment; docs/configuration.md lists them.',
    '',
  ].join('\n');
}

async function main([name, ...args]: readonly string[]): Promise<number | undefined> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return EXIT.done;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new UsageError(
      `There is no command "${name}"; the commands are ${Object.keys(COMMANDS).join(', ')}.`,
    );
  }
  return (await command.load()).run(args);
}

/** Prints the error. @returns the exit code. */
function report(thrown: unknown, [name = '']: readonly string[]): number {
  const error = isParserError(thrown) ? parserError(thrown) : thrown;
  if (error instanceof UsageError) {
    const command = Object.hasOwn(COMMANDS, name) ? ` ${name}` : '';
    process.stderr.write(`tessera: ${error.message}\nTry "tessera${command} --help".\n`);
    return EXIT.usage;
  }
  const foreseen = error instanceof ConfigError || error instanceof ManifestError;
  const text =
    foreseen || error instanceof StartError ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`tessera: ${text}\n`);
  return foreseen ? EXIT.usage : EXIT.someFailed;
}

// A reader such as "| head" may close the pipe early. The work goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  const code = await main(process.argv.slice(2));
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  process.exitCode = report(error, process.argv.slice(2));
}
