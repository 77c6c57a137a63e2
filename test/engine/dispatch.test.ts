import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Assignment } from '../../src/engine/supervisor/assignment.js';
import { dispatch } from '../../src/engine/supervisor/dispatch.js';
import { TASK } from './rig.js';

function job(id: string, alone = false): Assignment {
  const assignment = new Assignment(
    { ...TASK, id, sourcePath: '', resultPath: '', workFolder: '' },
    { signal: new AbortController().signal, onProgress() {} },
    { resolve() {}, reject() {} },
    600,
  );
  assignment.alone = alone;
  return assignment;
}

function engine(name: string, jobs: readonly Assignment[], state: 'ready' | 'starting' = 'ready') {
  return { name, state, assignments: new Map(jobs.map((one) => [one.task.id, one])) };
}

function decisions(...given: Parameters<typeof dispatch<ReturnType<typeof engine>>>): string[] {
  return dispatch(...given).map((one) => `${one.assignment.task.id}→${one.engine.name}`);
}

describe('dispatch', () => {
  it('gives each job to the engine with the fewest', () => {
    const engines = [engine('A', [job('x'), job('y')]), engine('B', [])];
    assert.deepEqual(decisions([job('1'), job('2'), job('3')], engines), ['1→B', '2→B', '3→A']);
  });

  it('gives nothing to an engine that is not ready', () => {
    assert.deepEqual(decisions([job('1')], [engine('A', [], 'starting')]), []);
  });

  it('gives a job that must be alone an empty engine, and puts nothing beside it', () => {
    assert.deepEqual(decisions([job('1', true), job('2')], [engine('A', [])]), ['1→A']);
    assert.deepEqual(decisions([job('2')], [engine('A', [job('1', true)])]), []);
  });

  it('keeps others out of one engine until it is empty for a job that must be alone', () => {
    const engines = [engine('A', [job('x')]), engine('B', [job('y'), job('z')])];
    assert.deepEqual(decisions([job('1', true), job('2')], engines), ['2→B']);
  });
});
