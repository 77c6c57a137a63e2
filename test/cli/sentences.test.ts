import assert from 'node:assert/strict';
import test from 'node:test';
import { stepInWords } from '../../src/cli/sentences.js';

test('the place in the queue counts from 1', () => {
  assert.equal(stepInWords({ kind: 'waiting', position: 1 }), 'place 1 in the queue');
  assert.equal(stepInWords({ kind: 'waiting', position: undefined }), 'in the queue');
});
