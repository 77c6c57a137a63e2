import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';

/** What each engine may use. */
export interface EngineResources {
  readonly engines: number;
  readonly threadsPerEngine: number;
  readonly memoryBytesPerEngine: number;
}

/** Limits that a control group sets; undefined where it sets none. */
export interface CgroupLimits {
  /** Processors' worth of time: 1.5 is one and a half. */
  readonly processors: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** Reads a file; undefined when there is none. */
export type ReadText = (path: string) => string | undefined;

/** Engines share three quarters of the memory: the rest is for the server, the page cache and everyone else. */
const ENGINES_SHARE_OF_MEMORY = 0.75;

/** What the engines may use: the configuration's word, else the cgroup's, else the machine's. */
export function engineResources(
  config: Pick<Config, 'ENGINES' | 'ENGINE_THREADS' | 'ENGINE_MEMORY_MB'>,
  machine = { processors: availableParallelism(), memoryBytes: totalmem() },
  limits = cgroupLimits(),
): EngineResources {
  const engines = config.ENGINES;
  // A fraction of a processor is left idle: a thread too many is throttled in the middle of a tile, and all wait for it.
  const processors = Math.max(1, Math.floor(Math.min(machine.processors, limits.processors ?? Infinity)));
  const threads = config.ENGINE_THREADS || Math.max(1, Math.floor(processors / engines));
  const memoryBytes = config.ENGINE_MEMORY_MB
    ? config.ENGINE_MEMORY_MB * 1e6
    : Math.min(machine.memoryBytes, limits.memoryBytes ?? Infinity) * ENGINES_SHARE_OF_MEMORY;
  return { engines, threadsPerEngine: threads, memoryBytesPerEngine: Math.floor(memoryBytes / engines) };
}

/** The limits of this process's control group and of every group above it; the tightest counts. */
export function cgroupLimits(read: ReadText = readText, root = '/sys/fs/cgroup'): CgroupLimits {
  let processors = Infinity;
  let memoryBytes = Infinity;
  const tighten = (quota: number | undefined, bytes: number | undefined) => {
    processors = Math.min(processors, quota ?? Infinity);
    memoryBytes = Math.min(memoryBytes, bytes ?? Infinity);
  };
  for (const { controllers, path } of parseProcCgroup(read('/proc/self/cgroup') ?? '')) {
    for (const group of groupAndParents(path)) {
      if (controllers.length === 0) {
        // Version 2. In a hybrid system it is mounted aside, in a container at the root.
        for (const mount of [root, join(root, 'unified')]) {
          tighten(parseCpuMax(read(join(mount, group, 'cpu.max'))), undefined);
          for (const file of ['memory.max', 'memory.high']) {
            tighten(undefined, parseMemory(read(join(mount, group, file))));
          }
        }
      } else if (controllers.includes('cpu')) {
        const folder = join(root, 'cpu', group);
        const quota = read(join(folder, 'cpu.cfs_quota_us'));
        tighten(parseCfsQuota(quota, read(join(folder, 'cpu.cfs_period_us'))), undefined);
      } else if (controllers.includes('memory')) {
        tighten(undefined, parseMemory(read(join(root, 'memory', group, 'memory.limit_in_bytes'))));
      }
    }
  }
  return {
    processors: Number.isFinite(processors) ? processors : undefined,
    memoryBytes: Number.isFinite(memoryBytes) ? memoryBytes : undefined,
  };
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

/** Bytes, or `max`. Version 1 says "no limit" by a number near 2^63. */
export function parseMemory(text: string | undefined): number | undefined {
  const bytes = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return bytes > 0 && bytes < 2 ** 60 ? bytes : undefined;
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
