import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  cgroupLimits,
  engineResources,
  parseCfsQuota,
  parseCpuMax,
  parseMemory,
  parseProcCgroup,
} from '../../src/engine/supervisor/resources.js';

/** A machine's files as text. */
function machine(files: Record<string, string>) {
  return (path: string) => files[path];
}

describe('cgroup files', () => {
  it('cpu.max is a quota and a period, or no limit', () => {
    assert.equal(parseCpuMax('200000 100000\n'), 2);
    assert.equal(parseCpuMax('150000 100000\n'), 1.5);
    assert.equal(parseCpuMax('max 100000\n'), undefined);
    assert.equal(parseCpuMax(undefined), undefined);
    assert.equal(parseCpuMax(''), undefined);
  });

  it('a quota of -1 is no limit', () => {
    assert.equal(parseCfsQuota('-1\n', '100000\n'), undefined);
    assert.equal(parseCfsQuota('400000\n', '100000\n'), 4);
  });

  it('memory is bytes, "max", or a number near 2^63 for no limit', () => {
    assert.equal(parseMemory('1073741824\n'), 1_073_741_824);
    assert.equal(parseMemory('max\n'), undefined);
    assert.equal(parseMemory('9223372036854771712\n'), undefined);
    assert.equal(parseMemory('0\n'), undefined);
    assert.equal(parseMemory('\n'), undefined);
  });

  it('/proc/self/cgroup names a path for each hierarchy', () => {
    assert.deepEqual(parseProcCgroup('4:memory:/a/b\n2:cpu,cpuacct:/a\n0::/user.slice\n'), [
      { controllers: ['memory'], path: '/a/b' },
      { controllers: ['cpu', 'cpuacct'], path: '/a' },
      { controllers: [], path: '/user.slice' },
    ]);
  });
});

describe('cgroup limits', () => {
  it('in a container of version 2', () => {
    const read = machine({
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': '200000 100000\n',
      '/sys/fs/cgroup/memory.max': '2147483648\n',
      '/sys/fs/cgroup/memory.high': 'max\n',
    });
    assert.deepEqual(cgroupLimits(read), { processors: 2, memoryBytes: 2_147_483_648 });
  });

  it('are the tightest of a group and those above it', () => {
    const read = machine({
      '/proc/self/cgroup': '0::/system.slice/tessera.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
      '/sys/fs/cgroup/system.slice/tessera.service/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/memory.max': '4000000000\n',
      '/sys/fs/cgroup/system.slice/tessera.service/memory.max': '3000000000\n',
      '/sys/fs/cgroup/system.slice/tessera.service/memory.high': '2500000000\n',
    });
    assert.deepEqual(cgroupLimits(read), { processors: 3, memoryBytes: 2_500_000_000 });
  });

  it("of version 1, where the path is the host's and the group is mounted at the root", () => {
    const read = machine({
      '/proc/self/cgroup': '3:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1000000000\n',
    });
    assert.deepEqual(cgroupLimits(read), { processors: 1.5, memoryBytes: 1_000_000_000 });
  });

  it('are none where there is no cgroup', () => {
    assert.deepEqual(
      cgroupLimits(() => undefined),
      { processors: undefined, memoryBytes: undefined },
    );
  });

  it('can be read on this machine', () => {
    const { processors, memoryBytes } = cgroupLimits();
    assert.ok(processors === undefined || processors > 0);
    assert.ok(memoryBytes === undefined || memoryBytes > 0);
  });
});

describe('engine resources', () => {
  const machineWide = { processors: 8, memoryBytes: 16e9 };
  const unset = { ENGINES: 1, ENGINE_THREADS: 0, ENGINE_MEMORY_MB: 0 };
  const noLimits = { processors: undefined, memoryBytes: undefined };

  it("come from the machine where there is no cgroup's limit", () => {
    assert.deepEqual(engineResources(unset, machineWide, noLimits), {
      engines: 1,
      threadsPerEngine: 8,
      memoryBytesPerEngine: 12e9,
    });
  });

  it("come from the cgroup's limits, and never below one thread", () => {
    const limits = { processors: 0.5, memoryBytes: 2e9 };
    assert.deepEqual(engineResources(unset, machineWide, limits), {
      engines: 1,
      threadsPerEngine: 1,
      memoryBytesPerEngine: 1.5e9,
    });
  });

  it('are shared among the engines', () => {
    assert.deepEqual(engineResources({ ...unset, ENGINES: 3 }, machineWide, noLimits), {
      engines: 3,
      threadsPerEngine: 2,
      memoryBytesPerEngine: 4e9,
    });
  });

  it('are what the configuration says, where it says something', () => {
    const config = { ENGINES: 2, ENGINE_THREADS: 5, ENGINE_MEMORY_MB: 3000 };
    assert.deepEqual(engineResources(config, machineWide, { processors: 1, memoryBytes: 1e9 }), {
      engines: 2,
      threadsPerEngine: 5,
      memoryBytesPerEngine: 1.5e9,
    });
  });
});
