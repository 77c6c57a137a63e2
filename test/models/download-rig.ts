import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import type { DownloadOptions } from '../../src/models/download/download.js';
import { DownloadError, type DownloadProblem } from '../../src/models/download/download-error.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { type Behaviour, type FileServer, serveFile } from './file-server.js';

export const FILE = randomBytes(300_000);
/** What a download of `entryFor` has so far, in the models folder. */
export const PART = `.download-net.onnx-${sha256(FILE).slice(0, 8)}.part`;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A model that is the file, at the server of that URL or without an address. */
export function entryFor(url: string | undefined, changes: Partial<ModelEntry> = {}): ModelEntry {
  return {
    name: 'net',
    title: 'Net',
    family: 'custom',
    scale: 4,
    licence: 'MIT',
    file: 'net.onnx',
    bytes: FILE.length,
    sha256: sha256(FILE),
    confirmed: true,
    input: 'x',
    output: 'y',
    layout: 'nchw',
    dtype: 'float32',
    range: 1,
    sizeRequirements: { minimum: 1, multipleOf: 1 },
    overlapPx: 8,
    ...(url === undefined ? {} : { url: `${url}/a/net.onnx` }),
    ...changes,
  };
}

/** A new models folder for each test of the suite that calls this, and servers of the file, closed after it. */
export function downloads() {
  let folder = '';
  const servers: FileServer[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-download-'));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    await rm(folder, { recursive: true });
  });
  return {
    path: (name = '') => join(folder, name),
    names: () => readdir(folder),
    async serve(...behaviours: Behaviour[]): Promise<FileServer> {
      const server = await serveFile(FILE, behaviours);
      servers.push(server);
      return server;
    },
    /** Silence ends nothing here, unless a test says so. */
    options: (changes: Partial<DownloadOptions> = {}): DownloadOptions => ({
      modelsFolder: folder,
      mirror: '',
      signal: new AbortController().signal,
      stallMs: 60_000,
      retryDelaysMs: [1, 1],
      ...changes,
    }),
    async assertArrived(): Promise<void> {
      assert.deepEqual(await readdir(folder), ['net.onnx']);
      assert.ok(FILE.equals(await readFile(join(folder, 'net.onnx'))));
    },
  };
}

export const fails = (problem: DownloadProblem, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DownloadError, String(error));
  assert.match(error.message, message);
  assert.equal(error.problem, problem);
  return true;
};
