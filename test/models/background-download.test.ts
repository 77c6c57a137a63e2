import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BackgroundDownload } from '../../src/models/download/background-download.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { RecordingLog } from './chain-rig.js';
import { downloads, entryFor, FILE } from './download-rig.js';
import { stallsAfter, wellBehaved } from './file-server.js';

describe('downloads in the background', () => {
  const { path, names, serve } = downloads();

  const background = (entries: readonly ModelEntry[], log: RecordingLog, arrivals: string[]) =>
    new BackgroundDownload(entries, {
      modelsFolder: path(),
      mirror: '',
      stallMs: 60_000,
      retryDelaysMs: [],
      log,
      onArrival: (model) => arrivals.push(model),
    });

  test('reports each model that arrives', async () => {
    const server = await serve(wellBehaved);
    const arrivals: string[] = [];
    const log = new RecordingLog();
    const two = [entryFor(server.url), entryFor(server.url, { name: 'net2', file: 'net2.onnx' })];
    const fetching = background(two, log, arrivals);
    await fetching.done;
    assert.deepEqual(arrivals, ['net', 'net2']);
    assert.deepEqual(
      fetching.status().map(({ state, receivedBytes }) => [state, receivedBytes]),
      [
        ['arrived', FILE.length],
        ['arrived', FILE.length],
      ],
    );
    assert.equal(log.count('model downloaded'), 2);
  });

  test('being offline is one warning, whatever the number of models', async () => {
    // Port 9 of this machine: nobody listens.
    const offline = ['one', 'two', 'three'].map((name) =>
      entryFor('http://127.0.0.1:9', { name, file: `${name}.onnx` }),
    );
    const log = new RecordingLog();
    const fetching = background(offline, log, []);
    await fetching.done;
    assert.deepEqual(log.lines, ['models could not be downloaded; the service works with those it has']);
    assert.match(fetching.status()[0]?.detail ?? '', /one could not be downloaded/);
    assert.deepEqual(await names(), []);
  });

  test('closing stops a download at once and logs nothing', async () => {
    const server = await serve(stallsAfter(10));
    const log = new RecordingLog();
    const fetching = background([entryFor(server.url)], log, []);
    await fetching.close();
    assert.deepEqual(log.lines, []);
  });
});
