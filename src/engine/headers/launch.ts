import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Writable memory of a header process beside one frame: Node and libvips take 75 MB of it before the first image (measured as VmData),
 * the rest is for one header.
 */
const MAX_DATA_BYTES = 256 * 1024 * 1024;
/** libvips makes room for a frame of an animated WebP as soon as it reads its header, though nothing is written there yet. */
const FRAME_BYTES_PER_PIXEL = 4;

/** Of JavaScript, which does little here. */
const MAX_HEAP_MB = 64;

/** What dynamic linkers need where libraries do not lie in their usual places; nothing else of the server's environment is handed on. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot'];

const ENTRY = fileURLToPath(new URL('./main.js', import.meta.url));
const SHELL = '/bin/sh';

/**
 * Starts a header process. On Linux a shell first limits its writable memory (RLIMIT_DATA, setrlimit(2)) and then becomes Node;
 * other systems do not enforce that limit.
 * @param environment the server's own. @param maxInputPixels of the largest image that is accepted.
 */
export function launchHeaderProcess(
  environment: Readonly<Record<string, string | undefined>>,
  maxInputPixels: number,
): ChildProcess {
  const env: Record<string, string | undefined> = {
    // One image at a time, by one thread.
    UV_THREADPOOL_SIZE: '1',
    MALLOC_ARENA_MAX: '1',
  };
  for (const name of PASSED_ON) if (environment[name] !== undefined) env[name] = environment[name];
  const heap = `--max-old-space-size=${MAX_HEAP_MB}`;
  const limited = process.platform === 'linux' && existsSync(SHELL);
  const maxBytes = MAX_DATA_BYTES + FRAME_BYTES_PER_PIXEL * maxInputPixels;
  const limit = `ulimit -d ${Math.ceil(maxBytes / 1024)}; exec "$0" "$@"`;
  return fork(ENTRY, [], {
    env,
    ...(limited ? { execPath: SHELL } : {}),
    execArgv: limited ? ['-c', limit, process.execPath, heap] : [heap],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}
