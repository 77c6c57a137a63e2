import assert from 'node:assert/strict';
import test from 'node:test';
import { freeName } from '../../src/web/assets/pictures/archive.js';

test('names in a ZIP differ, also on file systems without case, and stay within 255 bytes', () => {
  const taken = new Set<string>();
  const long = `${'山'.repeat(80)}_x2.75.webp`;
  const named = ['a.jpg', 'A.jpg', ...Array.from({ length: 12 }, () => long)].map((name) =>
    freeName(name, taken),
  );
  assert.deepEqual(named.slice(0, 4), ['a.jpg', 'A (2).jpg', long, `${'山'.repeat(80)}_x2.75 (2).webp`]);
  assert.equal(new Set(named.map((name) => name.toLowerCase())).size, named.length);
  assert.ok(
    named.every(
      (name) => Buffer.byteLength(name) <= 255 && name.endsWith(name.includes('山') ? '.webp' : '.jpg'),
    ),
  );
});
