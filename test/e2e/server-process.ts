import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { leftovers } from '../leftovers.js';

type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

export interface Health {
  readonly status: string;
  readonly engine: {
    readonly processes: readonly { readonly pid: number; readonly jobs: number }[];
    restarts: number;
  };
  readonly queue: { readonly running: number; readonly queued: number; readonly uploading: number };
}

/** `node server.js` as an operator runs it, on a free port, with its own folders. */
export interface ServerProcess {
  readonly origin: string;
  readonly child: ChildProcess;
  readonly log: readonly LogLine[];
  readonly tempFolder: string;
  /** Resolves with the exit code once the process has ended. */
  readonly exited: Promise<number | null>;
  health(): Promise<Health>;
  /** Resolves when `/health` says so. */
  until(condition: (health: Health) => boolean): Promise<Health>;
  /** What is there of jobs. */
  leftovers(): Promise<string[]>;
  /** Resolves when no job's file is left. */
  clean(): Promise<void>;
}

/** After which a test that waits for a state gives up; nothing is measured by it. */
export const PATIENCE_MS = 120_000;

/** Starts a server and waits until it is ready to serve. Ends it, its engines included, when the test does. */
export async function startServer(
  t: TestContext,
  settings: Record<string, string> = {},
  { ready = true, nodeArguments = [] as readonly string[] } = {},
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-e2e-'));
  const tempFolder = settings.TEMP_DIR ?? join(folder, 'jobs');
  const child = spawn(process.execPath, [...nodeArguments, join(packageRoot(), 'build/src/server.js')], {
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      TEMP_DIR: tempFolder,
      LOG_DIR: '',
      ENGINE_THREADS: '2',
      MODELS_DOWNLOAD: 'off',
      // On a machine that is busy, or slow, jobs may need more than these defaults, and a model with too little time is skipped.
      SHUTDOWN_GRACE_SECONDS: '300',
      DEFAULT_TIMEOUT_SECONDS: '600',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own, so that a test may press Ctrl-C on it.
    detached: true,
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  atEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  });

  const log: LogLine[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const listening = await lineWith(/^Server listening at /, log, lines, exited);
  const origin = (listening.msg ?? '').replace('Server listening at ', '');
  if (ready) await lineWith(/^ready$/, log, lines, exited);

  const health = async () => (await (await fetch(`${origin}/health`)).json()) as Health;
  return {
    origin,
    child,
    log,
    tempFolder,
    exited,
    health,
    async until(condition) {
      for (const deadlineMs = Date.now() + PATIENCE_MS; ; ) {
        const now = await health();
        if (condition(now)) return now;
        if (Date.now() > deadlineMs) throw new Error(`Waited in vain; health is ${JSON.stringify(now)}`);
        await sleep(5);
      }
    },
    leftovers: () => leftovers(tempFolder),
    async clean() {
      for (const deadlineMs = Date.now() + PATIENCE_MS; ; ) {
        const names = await leftovers(tempFolder);
        if (names.length === 0) return;
        if (Date.now() > deadlineMs) throw new Error(`These stay: ${names.join(', ')}`);
        await sleep(5);
      }
    },
  };
}

async function lineWith(
  message: RegExp,
  log: readonly LogLine[],
  lines: NodeJS.EventEmitter,
  exited: Promise<number | null>,
): Promise<LogLine> {
  for (;;) {
    const found = log.find(({ msg }) => msg !== undefined && message.test(msg));
    if (found !== undefined) return found;
    const ended = exited.then((code) => {
      throw new Error(`The server ended with ${code} before it said ${message}: ${JSON.stringify(log)}`);
    });
    await Promise.race([once(lines, 'line'), ended]);
  }
}

/** Whether a process is at work: one that has ended but was not yet collected by its parent is not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** Resolves when a process that is nobody's child any more has ended. */
export async function gone(pid: number): Promise<void> {
  while (isRunning(pid)) await sleep(5);
}
