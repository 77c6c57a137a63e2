import { childrenOf, peakMemoryBytes, readOrNothing } from '../processes.js';

/** How often it is looked: header processes come and go, and the peak of one that has ended is not to be had. */
const EVERY_MS = 50;

export type ProcessKind = 'engine' | 'header';

export interface StartedProcess {
  readonly pid: number;
  readonly kind: ProcessKind;
}

/** The processes that a server has started and that live. */
export function processesOf(serverPid: number): StartedProcess[] {
  return childrenOf(serverPid).flatMap((pid): StartedProcess[] => {
    const command = readOrNothing(`/proc/${pid}/cmdline`);
    if (command.includes('engine/headers/main.js')) return [{ pid, kind: 'header' }];
    if (command.includes('engine/worker/main.js')) return [{ pid, kind: 'engine' }];
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
    peaksMb.server = Math.max(peaksMb.server, peakMemoryBytes(serverPid) / 1e6);
    for (const { pid, kind } of processesOf(serverPid))
      peaksMb[kind] = Math.max(peaksMb[kind], peakMemoryBytes(pid) / 1e6);
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
