import assert from 'node:assert/strict';
import { totalmem } from 'node:os';
import { describe, it } from 'node:test';
import {
  engineResources,
  parseCfsQuota,
  parseCpuMax,
  parseProcCgroup,
  processorQuota,
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

  it('/proc/self/cgroup names a path for each hierarchy', () => {
    assert.deepEqual(parseProcCgroup('4:memory:/a/b\n2:cpu,cpuacct:/a\n0::/user.slice\n'), [
      { controllers: ['memory'], path: '/a/b' },
      { controllers: ['cpu', 'cpuacct'], path: '/a' },
      { controllers: [], path: '/user.slice' },
    ]);
  });
});

describe('the quota of processors', () => {
  it('of a container of version 2', () => {
    const read = machine({
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': '200000 100000\n',
    });
    assert.equal(processorQuota(read), 2);
  });

  it('is the tightest of a group and those above it', () => {
    const read = machine({
      '/proc/self/cgroup': '0::/system.slice/tessera.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
      '/sys/fs/cgroup/system.slice/tessera.service/cpu.max': 'max 100000\n',
    });
    assert.equal(processorQuota(read), 3);
  });

  it("of version 1, where the path is the host's and the group is mounted at the root", () => {
    const read = machine({
      '/proc/self/cgroup': '3:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    assert.equal(processorQuota(read), 1.5);
  });

  it('is none where there is no control group', () => {
    assert.equal(
      processorQuota(() => undefined),
      Infinity,
    );
  });

  it('can be read on this machine', () => {
    assert.ok(processorQuota() > 0);
  });
});

describe('engine resources', () => {
  const machineWide = { processors: 8, memoryBytes: 16e9, quota: Infinity };
  const unset = { ENGINES: 1, ENGINE_THREADS: 0, ENGINE_MEMORY_MB: 0 };

  it('come from the machine where no control group limits them', () => {
    assert.deepEqual(engineResources(unset, machineWide), {
      engines: 1,
      threadsPerEngine: 8,
      memoryBytesPerEngine: 12e9,
    });
  });

  it('come from the limits of the control group, and never below one thread', () => {
    assert.deepEqual(engineResources(unset, { processors: 8, memoryBytes: 2e9, quota: 0.5 }), {
      engines: 1,
      threadsPerEngine: 1,
      memoryBytesPerEngine: 1.5e9,
    });
  });

  it('are shared among the engines', () => {
    assert.deepEqual(engineResources({ ...unset, ENGINES: 3 }, machineWide), {
      engines: 3,
      threadsPerEngine: 2,
      memoryBytesPerEngine: 4e9,
    });
  });

  it('are what the configuration says, where it says something', () => {
    const config = { ENGINES: 2, ENGINE_THREADS: 5, ENGINE_MEMORY_MB: 3000 };
    assert.deepEqual(engineResources(config, { processors: 1, memoryBytes: 1e9, quota: 1 }), {
      engines: 2,
      threadsPerEngine: 5,
      memoryBytesPerEngine: 1.5e9,
    });
  });

  it('stay within this machine', () => {
    const { memoryBytesPerEngine, threadsPerEngine } = engineResources(unset);
    assert.ok(memoryBytesPerEngine > 0 && memoryBytesPerEngine < totalmem());
    assert.ok(threadsPerEngine >= 1);
  });
});
