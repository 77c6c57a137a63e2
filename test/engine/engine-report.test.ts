import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LearntCandidate } from '../../src/domain/learnt-costs.js';
import { EngineReport } from '../../src/engine/supervisor/engine-report.js';

const NET = { model: 'net', provider: 'cpu' } as const;

describe('what the engines have told', () => {
  it('keeps of each candidate the smallest tile that any of them needed, and the latest speed', () => {
    const report = new EngineReport();
    const told = (...candidates: LearntCandidate[]) => report.update([], [], { candidates, work: {} });
    told({ ...NET, microsecondsPerPixel: 1 });
    told({ ...NET, microsecondsPerPixel: 2, tileSizePx: 128 });
    told({ ...NET, microsecondsPerPixel: 3 });
    told({ ...NET, tileSizePx: 256 });
    told({ ...NET, provider: 'webgpu', tileSizePx: 64 });
    told();
    assert.deepEqual(report.costs.learnt.candidates, [
      { ...NET, microsecondsPerPixel: 3, tileSizePx: 128 },
      { ...NET, provider: 'webgpu', tileSizePx: 64 },
    ]);
  });
});
