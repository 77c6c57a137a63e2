import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Writable memory of a header process besides one frame. Node and libvips take 75 MB of it before the first image
 * (measured as VmData); the rest is for one header.
 */
const MAX_DATA_BYTES = 256 * 1024 * 1024;
/**
 * Bytes per pixel. libvips allocates a frame of an animated WebP as soon as it reads the header, though it writes
 * nothing there yet.
 */
const FRAME_BYTES_PER_PIXEL = 4;

/** Heap limit of JavaScript, which does little here. */
const MAX_HEAP_MB = 64;

/** Variables that dynamic linkers need where libraries lie in unusual places. No other variable is handed on. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot'];

const ENTRY = fileURLToPath(new URL('./main.js', import.meta.url));
const SHELL = '/bin/sh';

/**
 * Starts a header process. On Linux a shell first limits its writable memory (RLIMIT_DATA, setrlimit(2)) and then
 * becomes Node. Other systems do not enforce that limit.
 * @param environment the server's environment.
 * @param maxInputPixels of the largest accepted image.
 */
export function launchHeaderProcess(
  environment: Readonly<Record<string, string | undefined>>,
  maxInputPixels: number,
): ChildProcess {
  const env: Record<string, string | undefined> = {
    // One thread suffices for one image at a time.
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
