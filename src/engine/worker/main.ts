import { TesseraError } from '../../domain/errors.js';
import type { Log, UpscaleTask } from '../../domain/types.js';
import { diskFullError } from '../../host/disk-full.js';
import { preferAsVictim } from '../../host/oom-victim.js';
import { DeviceLost } from '../../models/fallback/device-lost.js';
import { OutOfMemory } from '../../pipeline/raster/out-of-memory.js';
import { type FromEngine, PROTOCOL_VERSION, type ToEngine } from '../protocol.js';
import type { CreateRunner, Runner } from './runner.js';
import { FairTileScheduler } from './tile-scheduler.js';

/**
 * The entry of an engine process. Its argument is the module of its runner. It lives as long as the IPC channel. When
 * the server is gone for any reason, the channel closes and the engine ends: at once, or after a tile that blocks its
 * event loop.
 */

// Ctrl-C and a container's stop signal the whole process group. The server decides when an engine ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// `process.exit` would wait for tiles in tile workers, and then abort over an exception that ONNX Runtime throws in
// an ending thread.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
preferAsVictim(500);

const scheduler = new FairTileScheduler();
const log: Log = {
  debug: sendLog('debug'),
  info: sendLog('info'),
  warn: sendLog('warn'),
  error: sendLog('error'),
};
const running = new Map<string, AbortController>();
const started = start();
started.catch((thrown: unknown) => {
  // For example a broken manifest: reported in one line rather than as a crash, once the line is sent.
  const message: FromEngine = {
    type: 'log',
    level: 'error',
    fields: plain({ err: thrown }),
    message: 'the engine cannot start',
  };
  process.send?.(message, undefined, undefined, () => process.exit(1));
});
process.on('message', (message: ToEngine) => {
  void receive(message);
});

function send(message: FromEngine): void {
  // A closed channel is not an error here. 'disconnect' follows and ends the process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Sends the engine's log lines to the server's log. Errors are converted to text, because they do not survive JSON. */
function sendLog(level: keyof Log): Log['info'] {
  return (fields, message) => send({ type: 'log', level, fields: plain(fields), message });
}

function plain(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? { message: value.message, stack: value.stack } : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** Resolves with the runner once the server has sent its settings. */
async function start(): Promise<Runner> {
  const first = await new Promise<ToEngine>((resolve) => process.once('message', resolve));
  if (first.type !== 'start' || first.version !== PROTOCOL_VERSION) {
    throw new Error(`The server speaks another protocol than this engine (version ${PROTOCOL_VERSION}).`);
  }
  const modulePath = process.argv[2];
  if (modulePath === undefined) throw new Error('The engine was started without its runner.');
  const { createRunner } = (await import(modulePath)) as { createRunner: CreateRunner };
  const runner = await createRunner(first.settings, scheduler, log, () => {
    void started.then(sendStatus, () => {});
  });
  sendStatus(runner);
  send({ type: 'ready', version: PROTOCOL_VERSION });
  setInterval(beat, first.settings.heartbeatMs);
  return runner;
}

function sendStatus(runner: Runner): void {
  send({
    type: 'status',
    models: runner.models(),
    providers: runner.providers(),
    learnt: runner.learnt(),
  });
}

function beat(): void {
  send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() });
}

async function receive(message: ToEngine): Promise<void> {
  const runner = await started.catch(() => undefined);
  if (runner === undefined) return;
  switch (message.type) {
    case 'start':
      return;
    case 'run':
      await run(runner, message.task);
      sendStatus(runner);
      beat();
      return;
    case 'stop':
      running.get(message.id)?.abort(TesseraError.fromMessage(message.error));
      return;
    case 'plan':
      try {
        send({ type: 'planned', planId: message.planId, plan: await runner.plan(message.request) });
      } catch (thrown) {
        const error = TesseraError.from(thrown).toMessage();
        send({ type: 'plan-failed', planId: message.planId, error });
      }
      return;
    case 'models-changed':
      await runner.modelsChanged();
      sendStatus(runner);
      return;
  }
}

async function run(runner: Runner, task: UpscaleTask): Promise<void> {
  const { id } = task;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await runner.run(task, {
      signal: controller.signal,
      onProgress: (progress) => send({ type: 'progress', id, progress }),
      onAttempt: (attempt) => send({ type: 'attempt', id, attempt }),
    });
    send({ type: 'done', id, result });
  } catch (thrown) {
    if (thrown instanceof DeviceLost) {
      send({ type: 'candidate-lost', id, candidate: thrown.candidate });
    } else if (thrown instanceof OutOfMemory) {
      send({ type: 'out-of-memory', id, internal: thrown.message });
    } else {
      const error = diskFullError(thrown) ?? TesseraError.from(thrown);
      send({ type: 'failed', id, error: error.toMessage() });
    }
  } finally {
    running.delete(id);
    scheduler.forget(id);
  }
}
