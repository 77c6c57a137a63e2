import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../at-end.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const SCRIPT = '/usr/bin/script';

/** Why there is no terminal to test in; false when there is one. */
export const noTerminal: string | false = existsSync(SCRIPT)
  ? false
  : `util-linux's script is not installed (${SCRIPT})`;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A folder to work in, and another for temporary files, both gone when the test ends. */
export class Desk {
  private constructor(
    readonly folder: string,
    private readonly temporary: string,
  ) {}

  static async create(t: TestContext): Promise<Desk> {
    const root = await mkdtemp(join(tmpdir(), 'tessera-cli-test-'));
    atEnd(t, () => rm(root, { recursive: true, force: true }));
    const desk = new Desk(join(root, 'work'), join(root, 'tmp'));
    await Promise.all([mkdir(desk.folder), mkdir(desk.temporary)]);
    return desk;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** All files below the work folder, as sorted relative paths. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  /** What was left in the folder for temporary files. */
  leftovers(): Promise<string[]> {
    return readdir(this.temporary);
  }

  /** Runs `tessera` in a pipe, with this on its standard input. */
  async tessera(args: readonly string[], input: Buffer | string = '', environment = {}): Promise<Outcome> {
    const child = this.start(args, environment);
    child.stdin.on('error', () => undefined); // It may end without reading.
    child.stdin.end(input);
    return outcomeOf(child);
  }

  /** Starts `tessera` in a pipe. */
  start(args: readonly string[], environment = {}): ChildProcessWithoutNullStreams {
    return this.spawn(process.execPath, [CLI, ...args], environment);
  }

  /** Starts `tessera` in a terminal of its own (a pty); what is written to its standard input is typed there. */
  terminal(args: readonly string[], environment = {}): ChildProcessWithoutNullStreams {
    const command = [process.execPath, CLI, ...args]
      .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(' ');
    return this.spawn(SCRIPT, ['-qec', `stty cols 100; exec ${command}`, '/dev/null'], environment);
  }

  private spawn(
    program: string,
    args: readonly string[],
    environment: object,
  ): ChildProcessWithoutNullStreams {
    return spawn(program, args, {
      cwd: this.folder,
      env: {
        ...process.env,
        TMPDIR: this.temporary,
        TERM: 'xterm',
        LANG: 'C.UTF-8',
        MODELS_DOWNLOAD: 'off',
        ...environment,
      },
    });
  }
}

export async function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), exit]);
  return { code, stdout, stderr: stderr.toString() };
}
