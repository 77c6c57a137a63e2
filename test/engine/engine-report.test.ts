import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineReport } from '../../src/engine/supervisor/engine-report.js';

const NET = { model: 'net', provider: 'cpu' } as const;

describe('what the engines have told', () => {
  it('keeps of each candidate the smallest tile that any of them needed, and the latest speed', () => {
    const report = new EngineReport();
    report.update([], [], [{ ...NET, microsecondsPerPixel: 1 }]);
    report.update([], [], [{ ...NET, microsecondsPerPixel: 2, tileSizePx: 128 }]);
    report.update([], [], [{ ...NET, microsecondsPerPixel: 3 }]);
    report.update([], [], [{ ...NET, tileSizePx: 256 }]);
    report.update([], [], [{ ...NET, provider: 'webgpu', tileSizePx: 64 }]);
    report.update([], [], []);
    assert.deepEqual(report.learnt, [
      { ...NET, microsecondsPerPixel: 3, tileSizePx: 128 },
      { ...NET, provider: 'webgpu', tileSizePx: 64 },
    ]);
  });
});
