import assert from 'node:assert/strict';
import test from 'node:test';
import { Problem } from '../../src/web/assets/client/problem.js';

test('a problem document keeps its code, its sentence and what helps', () => {
  const body = JSON.stringify({ code: 'queue_full', retry: 'as_is', detail: 'The queue is full.' });
  const problem = Problem.from(503, body, '7');
  assert.deepEqual(
    [problem.code, problem.retry, problem.message, problem.retryAfterSeconds, problem.passing],
    ['queue_full', 'as_is', 'The queue is full.', 7, true],
  );
});

test('the page of a proxy is known by its status alone', () => {
  for (const body of ['<h1>Bad gateway</h1>', '{}', 'null']) {
    const problem = Problem.from(502, body, null);
    assert.deepEqual(
      [problem.code, problem.retry, problem.ofGateway, problem.passing],
      ['unknown', 'as_is', true, false],
    );
    assert.equal(problem.message, 'The server answered with status 502.');
  }
  assert.equal(Problem.from(413, '', null).retry, 'never');
});
