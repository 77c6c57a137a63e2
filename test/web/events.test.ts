import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readEvents } from '../../src/web/assets/jobs/events.js';

/** A body that arrives in pieces cut at these bytes. */
function bodyOf(text: string, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return new ReadableStream({
    start(controller) {
      for (let piece = 1; piece < places.length; piece += 1) {
        const part = bytes.slice(places[piece - 1], places[piece]);
        if (part.length > 0) controller.enqueue(part);
      }
      controller.close();
    },
  });
}

async function eventsIn(text: string, cuts: readonly number[] = []): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of readEvents(bodyOf(text, cuts))) events.push(event);
  return events;
}

test('events are the same however the stream is cut, also inside a line break or a character', async () => {
  for (const lineEnd of ['\n', '\r\n']) {
    const text = [
      'id: 7',
      'event: state',
      'data: {"name":"Grüße ×4"}',
      '',
      ': heartbeat',
      '',
      'event:progress',
      'data:1',
      'data: 2',
      'id: 8',
      '',
      'data: unfinished',
    ].join(lineEnd);
    const expected = [
      { event: 'state', data: '{"name":"Grüße ×4"}', id: '7' },
      { event: 'progress', data: '1\n2', id: '8' },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 12 }), async (cuts) => {
        assert.deepEqual(await eventsIn(text, cuts), expected);
      }),
    );
  }
});

test('an event without a name is a message, and one without data is none', async () => {
  assert.deepEqual(await eventsIn('data: a\n\nevent: nothing\n\n'), [
    { event: 'message', data: 'a', id: undefined },
  ]);
});

test('a reader that stops early cancels the stream', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const event of readEvents(body)) {
    assert.equal(event.data, '1');
    break;
  }
  assert.ok(cancelled);
});
