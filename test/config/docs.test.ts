import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';

test('.env.example and the tables of docs are what the code says', () => {
  const root = packageRoot();
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/generate-docs.mjs'), join(root, 'build/src'), '--check'],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
});
