import { readdirSync, readFileSync } from 'node:fs';
import type { Service } from './service.js';

/** Text of a /proc file, or empty when the process is gone. */
function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Engine processes: the children of the server. */
function enginePids(serverPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = proc(pid, 'stat');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === serverPid;
    });
}

/** Megabytes (10^6) of a field of /proc/<pid>/status. */
function statusMb(pid: number, field: 'VmRSS' | 'RssAnon'): number {
  const line = proc(pid, 'status').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return (Number(line?.[1] ?? 0) * 1024) / 1e6;
}

export interface PeakMemory {
  readonly serverRssMb: number;
  /** All engines together, sampled every 10 ms. */
  readonly engineAnonMb: number;
  readonly engineRssMb: number;
}

/** Peak memory of the server and its engines while `work` runs. Linux only: reads /proc. */
export async function peakMemory(service: Service, work: () => Promise<unknown>): Promise<PeakMemory> {
  const engines = enginePids(service.serverPid);
  const peak = { serverRssMb: 0, engineAnonMb: 0, engineRssMb: 0 };
  const total = (field: 'VmRSS' | 'RssAnon') => engines.reduce((sum, pid) => sum + statusMb(pid, field), 0);
  const sample = () => {
    peak.serverRssMb = Math.max(peak.serverRssMb, statusMb(service.serverPid, 'VmRSS'));
    peak.engineAnonMb = Math.max(peak.engineAnonMb, total('RssAnon'));
    peak.engineRssMb = Math.max(peak.engineRssMb, total('VmRSS'));
  };
  const timer = setInterval(sample, 10);
  try {
    await work();
    sample();
  } finally {
    clearInterval(timer);
  }
  return peak;
}
