import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** What Node calls the work that libuv's threads do for the file system and for host names. */
const THREAD_WORK: readonly string[] = ['FSReqCallback', 'FSReqPromise', 'GetAddrInfoReqWrap'];
/** Longest wait for them at the end, and how often they are looked at meanwhile. */
const THREAD_WAIT_MS = 1000;
const THREAD_LOOK_MS = 20;
/** What the log gets for its last line, where its own thread is free. */
const LAST_LINE_MS = 100;

/** Whether a thread is in a system call, which `process.exit` would wait for: a lookup that no server answers, a disk that is gone. */
export function threadsAreBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => THREAD_WORK.includes(name));
}

/** Resolves when the threads are at rest, and kills the process when one is not after a while. */
export async function threadsAtRest(log: Logger): Promise<void> {
  for (const endMs = performance.now() + THREAD_WAIT_MS; threadsAreBusy(); ) {
    if (performance.now() > endMs) killItself(log);
    await sleep(THREAD_LOOK_MS);
  }
}

/** Ends the process whatever its threads do; engines and header processes end with it. */
export function killItself(log: Logger): void {
  log.error({}, 'the process kills itself: something does not end');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_LINE_MS);
}
