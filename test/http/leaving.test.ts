import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { until } from '../until.js';
import { picture, startApp } from './harness.js';
import { multipartRequest, openConnection } from './raw-request.js';

test('a client that leaves at any moment around the answer is no error in the log', async (t) => {
  const { origin, logLines, empty, engine } = await startApp(t);
  const png = (await picture()).toString('latin1');
  const request = multipartRequest(
    `--XX\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n${png}\r\n--XX--\r\n`,
  );
  let closed = 0;
  const leave = async (turns: number, held: boolean) => {
    const before = engine.tasks.length;
    if (held) engine.hold();
    const socket = openConnection(origin);
    socket.once('close', () => {
      closed += 1;
    });
    socket.write(request);
    await until(() => engine.tasks.length > before, 'The engine has the task.');
    if (held) engine.release();
    for (let left = turns; left > 0; left -= 1) await turn();
    socket.resetAndDestroy();
  };
  let left = 0;
  for (let turns = 0; turns < 60; turns += 1)
    for (const held of [false, true]) {
      await leave(turns, held);
      left += 1;
    }
  await until(() => closed === left, 'All connections are closed.');
  await empty();
  const errors = logLines.filter((line) => (JSON.parse(line) as { level: number }).level > 30);
  assert.deepEqual(errors, []);
});
