import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DestinationStream, destination, type Logger, multistream, pino } from 'pino';
import roll, { type RollingFile } from 'pino-roll';
import type { Config } from '../config/config.js';

const FILE_SIZE = '20m';
/** Rotated log files that are kept, besides the current one. */
const OLD_FILES = 5;

/** Paths of secrets in a request, in case a whole request or its headers are ever logged. */
const SECRET_PATHS = ['', 'headers.', 'req.headers.', '*.headers.'].flatMap((prefix) => [
  `${prefix}authorization`,
  `${prefix}cookie`,
  prefix === '' ? '["x-api-key"]' : `${prefix.slice(0, -1)}["x-api-key"]`,
]);

export interface OpenLog {
  readonly log: Logger;
  /** Flushes the log. */
  close(): void;
}

/**
 * The log: JSON lines to standard output, and to rotated files in `LOG_DIR` if it can be written. A read-only file
 * system, a full disk or a missing folder cost the files, never the service.
 */
export async function openLog(config: Pick<Config, 'LOG_DIR' | 'LOG_LEVEL'>): Promise<OpenLog> {
  const out = destination({ fd: 1, sync: false });
  const streams: DestinationStream[] = [out];
  const file = config.LOG_DIR === '' ? undefined : await openFile(config.LOG_DIR);
  const problem = file instanceof Error ? file : undefined;
  if (file !== undefined && !(file instanceof Error)) streams.push(file);
  const log = pino(
    {
      level: config.LOG_LEVEL,
      base: null,
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    },
    multistream(
      streams.map((stream) => ({ level: 'trace', stream })),
      { dedupe: false },
    ),
  );
  if (problem !== undefined) {
    log.warn({ folder: config.LOG_DIR, reason: problem.message }, 'no log files: LOG_DIR cannot be written');
  }
  return {
    log,
    close() {
      out.flushSync();
      if (file !== undefined && !(file instanceof Error)) flushQuietly(file);
    },
  };
}

/** @returns the file, or why there is none. */
async function openFile(folder: string): Promise<RollingFile | Error> {
  try {
    // Not recursive: on file systems that cannot be written (/proc), Node's recursive mkdir never returns.
    await mkdir(folder).catch(ignoreExisting);
    const file = await roll({ file: join(folder, 'tessera'), size: FILE_SIZE, limit: { count: OLD_FILES } });
    await new Promise<void>((resolve, reject) => file.once('ready', resolve).once('error', reject));
    // A disk that fills up later: standard output still has the lines.
    file.on('error', () => undefined);
    return file;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function flushQuietly(file: RollingFile): void {
  try {
    file.flushSync();
  } catch {
    // The disk is full or gone; standard output has the lines.
  }
}
