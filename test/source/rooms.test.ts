import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { crossing, filesIn, importCircles, roomTable, sourceFiles, sourceFolders } from './source-tree.js';

const MAX_FILES_OF_A_FOLDER = 15;
const MAX_LINES = 300;
const MAX_MEDIAN_LINES = 90;

const table = roomTable();
const files = sourceFiles();
const inRoom = (path: string, room: string) => path === room || path.startsWith(`${room}/`);

test('every folder of the source is a room of the table, and every room is there', () => {
  const rooms = new Set(table.rooms.map(({ room }) => room));
  const unlisted = sourceFolders().filter((folder) => folder !== '' && !rooms.has(folder));
  const missing = [...rooms].filter((room) => !existsSync(join(packageRoot(), 'src', room)));
  assert.deepEqual({ unlisted, missing }, { unlisted: [], missing: [] });
});

test('an import goes down the table of rooms, never up', () => {
  const place = new Map(table.rooms.map(({ room }, index) => [room, index]));
  const upward = files.flatMap(({ path, imports }) =>
    imports
      .filter((target) => {
        const rooms = crossing(path, target);
        if (rooms === undefined) return false;
        const [from, to] = [place.get(rooms.from), place.get(rooms.to)];
        // The page is served, not imported; its scripts may look at the types of answers.
        if (rooms.from === 'web') return false;
        return from === undefined || to === undefined || from > to;
      })
      .map((target) => `${path} → ${target}`),
  );
  assert.deepEqual(upward, []);
});

test('rooms that are to stay apart do not import each other', () => {
  const wrong = table.apart.flatMap(({ room, never }) =>
    files
      .filter(({ path }) => inRoom(path, room))
      .flatMap(({ path, imports }) =>
        imports
          .filter((target) => never.some((each) => inRoom(target, each)))
          .map((target) => `${path} → ${target}`),
      ),
  );
  assert.deepEqual(wrong, []);
});

test('sharp, ONNX Runtime and Fastify are used in their own rooms only', () => {
  const wrong = table.packages.flatMap(({ package: name, rooms }) =>
    files
      .filter(({ path, packages }) => packages.includes(name) && !rooms.some((room) => inRoom(path, room)))
      .map(({ path }) => `${path} uses ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('no files import each other in a circle', () => {
  assert.deepEqual(importCircles(files), []);
});

test(`no folder has more than ${MAX_FILES_OF_A_FOLDER} files of its own`, () => {
  assert.deepEqual(
    sourceFolders().filter((folder) => filesIn(folder) > MAX_FILES_OF_A_FOLDER),
    [],
  );
});

test(`no file has more than ${MAX_LINES} lines, and half of them fewer than ${MAX_MEDIAN_LINES}`, () => {
  const sorted = files.map(({ lines }) => lines).sort((a, b) => a - b);
  assert.deepEqual(
    files.filter(({ lines }) => lines > MAX_LINES).map(({ path }) => path),
    [],
  );
  assert.ok((sorted[Math.floor(sorted.length / 2)] ?? 0) < MAX_MEDIAN_LINES);
});
