import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { openDisplay } from '../../src/cli/terminal/open-display.js';
import { ProgressBars } from '../../src/cli/terminal/progress-bars.js';
import type { Step } from '../../src/cli/upscaler.js';

/** A stream that remembers what was written, and says that it is so many columns wide. */
function screen(columns: number): { stream: WriteStream; written(): string } {
  const stream = new PassThrough();
  return {
    stream: Object.assign(stream, { columns, isTTY: true }) as unknown as WriteStream,
    written: () => String(stream.read() ?? ''),
  };
}

const half: Step = {
  kind: 'working',
  progress: { stage: 'infer', tilesDone: 5, tilesTotal: 10, secondsLeft: 61 },
};

test('no line is longer than the terminal is wide, however long names and words are', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const columns of [20, 40, 79, 80, 200]) {
    const { stream, written } = screen(columns);
    const bars = new ProgressBars(stream, true);
    bars.step(`a/very/${'long/'.repeat(40)}name.jpg`, half);
    bars.step('b.jpg', { kind: 'busy', retrySeconds: 3600 });
    t.mock.timers.tick(1000);
    bars.close();
    const lines = stripVTControlCharacters(written()).replaceAll('\r', '').split('\n');
    assert.ok(lines.some((line) => line.trim() !== ''));
    for (const line of lines) assert.ok([...line].length < columns, `${columns}: ${line}`);
  }
});

test('a long name keeps its end, where names differ', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { stream, written } = screen(100);
  const bars = new ProgressBars(stream, true);
  bars.step('holidays/2026/some/deep/folder/IMG_0042.jpg', half);
  t.mock.timers.tick(1000);
  bars.close();
  assert.match(written(), /…\S*folder\/IMG_0042\.jpg {2}█{10}░{10} {2}48 % {2}tile 6 of 10, 1 min 01 s left/);
});

test('many changes are drawn as few times as people can see', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { stream, written } = screen(80);
  const bars = new ProgressBars(stream, true);
  for (let change = 0; change < 1000; change += 1) bars.step('a.jpg', half);
  t.mock.timers.tick(100);
  bars.close();
  assert.equal(written().match(/a\.jpg/g)?.length, 1);
});

test('a name cannot steer the terminal', () => {
  const { stream, written } = screen(80);
  const display = openDisplay(stream, { TERM: 'dumb' }, false);
  display.end('x', 'evil\x1b[2J\x07name.jpg: failed');
  assert.equal(written(), 'evil?[2J?name.jpg: failed\n');
});

test('quiet says nothing but what it is told to say', () => {
  const { stream, written } = screen(80);
  const display = openDisplay(stream, { TERM: 'xterm' }, true);
  display.step('a.jpg', half);
  display.end('a.jpg', 'a.jpg: done');
  display.say('b.jpg: failed');
  display.close();
  assert.equal(written(), 'b.jpg: failed\n');
});
