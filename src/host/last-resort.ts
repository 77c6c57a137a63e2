import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** Node's names for the work of libuv's threads with the file system and host names. */
const THREAD_WORK: readonly string[] = ['FSReqCallback', 'FSReqPromise', 'GetAddrInfoReqWrap'];
/** Time limit of the wait for them at the end, and the interval of checks. */
const THREAD_WAIT_MS = 1000;
const THREAD_LOOK_MS = 20;
/** The log's last line, if the log's thread is free. */
const LAST_LINE_MS = 100;

/**
 * Whether a thread is in a system call that `process.exit` would wait for: a lookup that no server answers, a disk
 * that is gone.
 */
export function threadsAreBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => THREAD_WORK.includes(name));
}

/** Resolves when the threads are at rest, and kills the process if one is not after a while. */
export async function threadsAtRest(log: Logger): Promise<void> {
  for (const endMs = performance.now() + THREAD_WAIT_MS; threadsAreBusy(); ) {
    if (performance.now() > endMs) killItself(log);
    await sleep(THREAD_LOOK_MS);
  }
}

/** Kills the process whatever its threads do. Engines and header processes end with it. */
export function killItself(log: Logger): void {
  log.error({}, 'the process kills itself: something does not end');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_LINE_MS);
}
