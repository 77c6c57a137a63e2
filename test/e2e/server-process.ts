import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { leftovers } from '../leftovers.js';
import { until } from '../until.js';

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
  const listening = await lineWith(/^Server listening at /, log, exited);
  const origin = (listening.msg ?? '').replace('Server listening at ', '');
  if (ready) await lineWith(/^ready$/, log, exited);

  const health = async () => (await (await fetch(`${origin}/health`)).json()) as Health;
  return {
    origin,
    child,
    log,
    tempFolder,
    exited,
    health,
    async until(condition) {
      let now: Health | undefined;
      return until(
        async () => {
          now = await health();
          return condition(now) && now;
        },
        () => `Another health than ${JSON.stringify(now)}.`,
      );
    },
    leftovers: () => leftovers(tempFolder),
    async clean() {
      let names: readonly string[] = [];
      await until(
        async () => {
          names = await leftovers(tempFolder);
          return names.length === 0;
        },
        () => `No file of a job is left, but there are ${names.join(', ')}.`,
      );
    },
  };
}

async function lineWith(
  message: RegExp,
  log: readonly LogLine[],
  exited: Promise<number | null>,
): Promise<LogLine> {
  const ended = exited.then((code) => {
    throw new Error(`The server ended with ${code} before it said ${message}: ${JSON.stringify(log)}`);
  });
  const said = until(
    () => log.find(({ msg }) => msg !== undefined && message.test(msg)),
    () => `The server says ${message}; it has said ${JSON.stringify(log)}.`,
  );
  return Promise.race([said, ended]);
}
