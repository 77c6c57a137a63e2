import { readFileSync } from 'node:fs';
import { until } from './until.js';

/** Tests that read `/proc`, which tells the memory and the children of a process. */
export const linuxOnly = { skip: process.platform === 'linux' ? false : 'only Linux has /proc' };

/** Whether a process is at work: a zombie, which has ended but was not yet collected by its parent, is not. */
export function isRunning(pid: number): boolean {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  // The state follows the name of the program, which may hold anything, in parentheses: proc(5).
  return stat !== '' && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}

/** Resolves when a process has ended, whoever its parent is. */
export async function gone(pid: number): Promise<void> {
  await until(() => !isRunning(pid), `Process ${pid} has ended.`);
}

/** Most resident memory that a process ever had (VmHWM, proc(5)); bytes, 0 for one that has ended. */
export function peakMemoryBytes(pid: number): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? '0');
}

/** Children of a process that live. */
export function childrenOf(pid: number): number[] {
  const children = readOrNothing(`/proc/${pid}/task/${pid}/children`).trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** Text of a file of `/proc`; empty once its process has ended. */
export function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
