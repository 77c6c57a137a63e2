import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hasRoomForThread } from '../../src/host/address-space.js';
import { failureReason, lacksMemory, ModelLoadError } from '../../src/models/failure.js';
import { openModel } from '../../src/models/onnx/session.js';
import { atEnd } from '../at-end.js';
import { install, nearestNetwork } from '../onnx-writer/test-models.js';

/** As ONNX Runtime 1.30, C++, the system and Node 20 put it. */
const SAYINGS_OF_MEMORY = [
  'Failed to allocate memory for requested buffer of size 1073741824',
  'std::bad_alloc',
  '/onnxruntime_src/onnxruntime/core/platform/posix/env.cc:217 onnxruntime::{anonymous}::PosixThread::PosixThread(…) pthread_create failed, error code: 11 error msg: Resource temporarily unavailable',
  'libonnxruntime.so.1: failed to map segment from shared object: Cannot allocate memory',
  'ENOMEM: not enough memory, read',
  'Array buffer allocation failed',
];

describe('a failure for want of memory, threads or processes', () => {
  for (const saying of SAYINGS_OF_MEMORY)
    it(`is recognised: ${saying.slice(0, 60)}`, () => assert.equal(failureReason(saying), 'out_of_memory'));

  it('is recognised by its code as well', () => {
    for (const code of ['ENOMEM', 'EAGAIN', 'ERR_WORKER_OUT_OF_MEMORY', 'ERR_WORKER_INIT_FAILED'])
      assert.equal(lacksMemory(Object.assign(new Error('spawn'), { code })), true, code);
    assert.equal(lacksMemory(Object.assign(new Error('spawn'), { code: 'ENOENT' })), false);
  });
});

describe('a model file', () => {
  for (const [what, spoil, reason] of [
    ['is gone', (path: string) => rm(path), 'not_installed'],
    [
      'is a circle of links',
      async (path: string) => {
        await rm(path);
        await symlink(path, path);
      },
      'corrupt_model',
    ],
    ['may not be read', (path: string) => chmod(path, 0), 'corrupt_model'],
  ] as const)
    it(`that ${what} is ${reason}`, {
      skip: what === 'may not be read' && process.getuid?.() === 0 && 'root may read everything',
    }, async (test) => {
      const folder = await mkdtemp(join(tmpdir(), 'tessera-failure-'));
      atEnd(test, () => rm(folder, { recursive: true }));
      const entry = await install(folder, 'model', nearestNetwork());
      await spoil(join(folder, entry.file));
      await assert.rejects(
        openModel(entry, folder, 'cpu', { threads: 1 }),
        (thrown: unknown) => thrown instanceof ModelLoadError && thrown.reason === reason,
      );
    });
});

describe('the address space', () => {
  const files = (limit: string) => (path: string) =>
    path.endsWith('limits')
      ? `Max address space         ${limit}            unlimited            bytes     \n`
      : 'VmPeak:\t 3000000 kB\nVmSize:\t 2000000 kB\n';

  it('has room for a thread where it has no limit, or one that is far off', () => {
    assert.equal(hasRoomForThread(0, files('unlimited')), true);
    assert.equal(hasRoomForThread(0, files('4000000000')), true);
  });

  it('has none where the thread would not fit', () => {
    assert.equal(hasRoomForThread(0, files('3000000000')), false);
    assert.equal(hasRoomForThread(1, files('4000000000')), false);
  });

  it('is taken for large where nothing tells', () => {
    const nothing = () => {
      throw new Error('ENOENT');
    };
    assert.equal(hasRoomForThread(0, nothing), true);
  });
});
