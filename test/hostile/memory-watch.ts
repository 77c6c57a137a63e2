import { readFileSync } from 'node:fs';

/** What tells memory and children of a process exists on Linux alone. */
export const linuxOnly = { skip: process.platform === 'linux' ? false : 'only Linux has /proc' };

/** How often it is looked: header processes come and go, and the peak of one that has ended is not to be had. */
const EVERY_MS = 50;

export type ProcessKind = 'engine' | 'header';

export interface StartedProcess {
  readonly pid: number;
  readonly kind: ProcessKind;
}

/** The processes that a server has started and that live. */
export function processesOf(serverPid: number): StartedProcess[] {
  const pids = readFileSync(`/proc/${serverPid}/task/${serverPid}/children`, 'utf8').trim().split(' ');
  return pids.flatMap((pid): StartedProcess[] => {
    const command = readOrNothing(`/proc/${pid}/cmdline`);
    if (command.includes('engine/headers/main.js')) return [{ pid: Number(pid), kind: 'header' }];
    if (command.includes('engine/worker/main.js')) return [{ pid: Number(pid), kind: 'engine' }];
    return [];
  });
}

export interface MemoryWatch {
  /** Most resident memory (VmHWM, proc(5)) of the server, of any of its engines, of any of its header processes; megabytes. */
  readonly peaksMb: Readonly<Record<ProcessKind | 'server', number>>;
  /** Looks once more, and never again. */
  end(): void;
}

/** Watches a server, and the processes that it has or will have, until the end. */
export function watchMemory(serverPid: number): MemoryWatch {
  const peaksMb = { server: 0, engine: 0, header: 0 };
  const look = () => {
    peaksMb.server = Math.max(peaksMb.server, peakMb(serverPid));
    for (const { pid, kind } of processesOf(serverPid)) peaksMb[kind] = Math.max(peaksMb[kind], peakMb(pid));
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    peaksMb,
    end() {
      clearInterval(timer);
      look();
    },
  };
}

/** 0 for a process that has ended. */
function peakMb(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? '0';
  return (Number(kibibytes) * 1024) / 1e6;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
