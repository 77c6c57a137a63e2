import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';

/** The resources of each engine. */
export interface EngineResources {
  readonly engines: number;
  readonly threadsPerEngine: number;
  readonly memoryBytesPerEngine: number;
}

/** Reads a file; undefined if it does not exist. */
export type ReadText = (path: string) => string | undefined;

/** Share of the memory for engines. The rest is for the server, the page cache and other programs. */
const ENGINES_SHARE_OF_MEMORY = 0.75;

/**
 * The resources of the engines: from the configuration, else from the control group, else from the machine.
 * @param machine `memoryBytes` within the control group's limit; `quota` in processors, Infinity for none.
 */
export function engineResources(
  config: Pick<Config, 'ENGINES' | 'ENGINE_THREADS' | 'ENGINE_MEMORY_MB'>,
  machine = { processors: availableParallelism(), memoryBytes: memoryLimit(), quota: processorQuota() },
): EngineResources {
  const engines = config.ENGINES;
  // A fraction of a processor stays idle: a thread too many is throttled in the middle of a tile, and all others wait for it.
  const processors = Math.max(1, Math.floor(Math.min(machine.processors, machine.quota)));
  const threads = config.ENGINE_THREADS || Math.max(1, Math.floor(processors / engines));
  const memoryBytes = config.ENGINE_MEMORY_MB
    ? config.ENGINE_MEMORY_MB * 1e6
    : machine.memoryBytes * ENGINES_SHARE_OF_MEMORY;
  return { engines, threadsPerEngine: threads, memoryBytesPerEngine: Math.floor(memoryBytes / engines) };
}

/** Node knows the control group's limit of memory; a number near 2^64 means none. */
function memoryLimit(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/**
 * Processors that this process's control group and the groups above it allow; 1.5 is one and a half. Node 20 does not know this quota:
 * `availableParallelism` only counts the processors that a process may run on.
 */
export function processorQuota(read: ReadText = readText, root = '/sys/fs/cgroup'): number {
  const quotas = parseProcCgroup(read('/proc/self/cgroup') ?? '').flatMap(({ controllers, path }) => {
    if (controllers.includes('cpu')) {
      return groupAndParents(path).map((group) => {
        const file = (name: string) => read(join(root, 'cpu', group, name));
        return parseCfsQuota(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us'));
      });
    }
    if (controllers.length > 0) return [];
    // Version 2. In a hybrid system it is mounted aside, in a container at the root.
    return groupAndParents(path).flatMap((group) =>
      [root, join(root, 'unified')].map((mount) => parseCpuMax(read(join(mount, group, 'cpu.max')))),
    );
  });
  return Math.min(Infinity, ...quotas.filter((quota) => quota !== undefined));
}

/** `/proc/self/cgroup`: lines `hierarchy:controllers:path`; version 2 has no controllers. */
export function parseProcCgroup(text: string): { controllers: readonly string[]; path: string }[] {
  return text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers = '', path = '/']) => ({
      controllers: controllers.split(',').filter((name) => name !== ''),
      path,
    }));
}

/** Version 2's `cpu.max`: `<quota µs> <period µs>`, or `max` for no limit. @returns processors. */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(/\s+/);
  return parseCfsQuota(quota, period);
}

/** Version 1's quota and period in microseconds; -1 is no limit. @returns processors. */
export function parseCfsQuota(quota: string | undefined, period: string | undefined): number | undefined {
  const quotaUs = Number(quota);
  const periodUs = Number(period);
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : undefined;
}

/** A container that shares the host's cgroup namespace sees the host's path, but has its own group mounted at the root. */
function groupAndParents(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return [...names.map((_, index) => names.slice(0, index + 1).join('/')).reverse(), '.'];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
