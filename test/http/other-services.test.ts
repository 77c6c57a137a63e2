import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../until.js';
import { form, startApp } from './harness.js';

/** What clients of other services send, and what they find here. */

test('use_realesrgan chooses a network or Lanczos, in the query, the form and jobs', async (t) => {
  const app = await startApp(t);
  const modelFor = async (path: string, fields: Record<string, string> = {}) => {
    const response = await fetch(app.origin + path, { method: 'POST', body: await form(fields) });
    assert.ok(response.ok, `${path}: ${response.status}`);
    await response.arrayBuffer();
    await until(() => app.jobs.status().running + app.jobs.status().queued === 0, 'No job is left.');
    return app.engine.tasks.at(-1)?.options.model;
  };
  for (const path of ['/upscale', '/jobs']) {
    assert.equal(await modelFor(path), undefined);
    assert.equal(await modelFor(path, { use_realesrgan: 'true' }), undefined);
    assert.equal(await modelFor(path, { use_realesrgan: 'false' }), 'lanczos');
    assert.equal(await modelFor(`${path}?use_realesrgan=False`), 'lanczos');
    assert.equal(await modelFor(path, { use_realesrgan: '' }), undefined);
    assert.equal(await modelFor(path, { use_realesrgan: 'true', model: 'fake-x4' }), 'fake-x4');
    assert.equal(await modelFor(`${path}?model=lanczos`, { use_realesrgan: 'false' }), 'lanczos');
  }
});

test('use_realesrgan that contradicts the model is an error that names both', async (t) => {
  const { origin, engine } = await startApp(t);
  const cases = [
    ['false', 'fake-x4'],
    ['true', 'lanczos'],
  ] as const;
  for (const path of ['/upscale', '/jobs']) {
    for (const [use, model] of cases) {
      const body = await form({ use_realesrgan: use });
      const response = await fetch(`${origin}${path}?model=${model}`, { method: 'POST', body });
      assert.equal(response.status, 400);
      const { code, detail, parameter } = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([code, parameter], ['invalid_option', 'use_realesrgan']);
      assert.equal(
        detail,
        `The option "use_realesrgan" is "${use}"; expected ${use === 'false'} beside model=${model}, or only one of the two options.`,
      );
    }
  }
  assert.equal(engine.tasks.length, 0);
});

test('use_realesrgan is described without a default, which forms made from the document would send beside any model', async (t) => {
  const { origin } = await startApp(t);
  const { paths } = (await (await fetch(`${origin}/openapi.json`)).json()) as {
    paths: Record<string, { post?: { parameters: { name: string; schema: object; description: string }[] } }>;
  };
  for (const path of ['/upscale', '/jobs']) {
    const parameter = paths[path]?.post?.parameters.find(({ name }) => name === 'use_realesrgan');
    assert.match(parameter?.description ?? '', /written for other services/);
    assert.deepEqual(parameter?.schema, { type: 'boolean' });
  }
});

test('/redoc leads to /docs, under a prefix too and without a key', async (t) => {
  const { origin } = await startApp(t, { API_KEYS: 'secret' });
  for (const path of ['/redoc', '/redoc/']) {
    for (const method of ['GET', 'HEAD']) {
      const redirect = await fetch(origin + path, { method, redirect: 'manual' });
      assert.equal(redirect.status, 302, `${method} ${path}`);
      const location = redirect.headers.get('location') ?? '';
      assert.equal(
        new URL(location, `https://example.org/images/v1${path}`).href,
        'https://example.org/images/v1/docs',
      );
      const page = await fetch(origin + path, { method });
      assert.equal(page.status, 200);
      assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
      if (method === 'GET') assert.match(await page.text(), /swagger-ui/);
    }
  }
});
