import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../until.js';
import { form, type Harness, startApp } from './harness.js';

/** `DEFAULT_…`: what options are for a whole service, where a request does not say it. */

const SETTINGS = {
  DEFAULT_SCALE: '2',
  DEFAULT_MODEL: 'realesrgan-x4plus',
  DEFAULT_FORMAT: 'webp',
  DEFAULT_QUALITY: '70',
  DEFAULT_TILE_SIZE: '200',
  DEFAULT_TILE_OVERLAP: '40',
  DEFAULT_BACKGROUND: '#ff8800',
  DEFAULT_METADATA: 'keep',
  DEFAULT_PROFILE: 'keep',
  DEFAULT_FALLBACK: 'false',
};

/** The options of the upscale that a request became. */
async function optionsOf(app: Harness, path: string, fields: Record<string, string> = {}) {
  const response = await fetch(app.origin + path, { method: 'POST', body: await form(fields) });
  assert.ok(response.ok, `${path}: ${await response.clone().text()}`);
  await response.arrayBuffer();
  await until(() => app.jobs.status().running + app.jobs.status().queued === 0, 'No job is left.');
  const task = app.engine.tasks.at(-1);
  assert.ok(task !== undefined);
  const { accept: _, timeoutSeconds: __, ...options } = task.options;
  return options;
}

test('the defaults of the service hold for what a request does not say, in /upscale and /jobs', async (t) => {
  const app = await startApp(t, SETTINGS);
  const usual = {
    scale: 2,
    model: 'realesrgan-x4plus',
    format: 'webp',
    quality: 70,
    tileSizePx: 200,
    tileOverlapPx: 40,
    background: [255, 136, 0],
    metadata: 'keep',
    profile: 'keep',
    fallback: false,
  };
  const said = { model: 'auto', scale: '4', format: 'auto', quality: '95', background: 'fff' };
  for (const path of ['/upscale', '/jobs']) {
    assert.deepEqual(await optionsOf(app, path), usual);
    assert.deepEqual(
      await optionsOf(app, path, { ...said, metadata: 'strip', profile: 'srgb', fallback: 'true' }),
      {
        scale: 4,
        format: 'auto',
        quality: 95,
        tileSizePx: 200,
        tileOverlapPx: 40,
        background: [255, 255, 255],
        metadata: 'strip',
        fallback: true,
      },
    );
    assert.deepEqual(await optionsOf(app, `${path}?use_realesrgan=false`), { ...usual, model: 'lanczos' });
    assert.deepEqual(await optionsOf(app, `${path}?use_realesrgan=true`), usual);
  }
});

test('a default overlap gives way to a smaller tile; one that the request names is judged', async (t) => {
  const app = await startApp(t, { DEFAULT_TILE_OVERLAP: '100', DEFAULT_TILE_SIZE: '400' });
  const { tileSizePx, tileOverlapPx } = await optionsOf(app, '/upscale?tile_size=64');
  assert.deepEqual([tileSizePx, tileOverlapPx], [64, 32]);
  const body = await form({ tile_overlap: '201' });
  const refused = await fetch(`${app.origin}/upscale`, { method: 'POST', body });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /at most half of tile_size, here 200/);
});

test('use_realesrgan=true takes the chain where the default is Lanczos', async (t) => {
  const app = await startApp(t, { DEFAULT_MODEL: 'lanczos' });
  assert.equal((await optionsOf(app, '/upscale')).model, 'lanczos');
  assert.equal((await optionsOf(app, '/upscale?use_realesrgan=true')).model, undefined);
});

test('the API documentation and the page tell the defaults of the service', async (t) => {
  const { origin } = await startApp(t, SETTINGS);
  const { paths } = (await (await fetch(`${origin}/openapi.json`)).json()) as {
    paths: Record<string, { post?: { parameters: { name: string }[] } }>;
  };
  const page = await (await fetch(`${origin}/`)).text();
  const [, attribute = ''] = /data-defaults="([^"]*)"/.exec(page) ?? [];
  const onPage = JSON.parse(attribute.replaceAll('&quot;', '"')) as Record<string, string>;
  for (const [setting, value] of Object.entries(SETTINGS)) {
    const name = setting.replace('DEFAULT_', '').toLowerCase();
    assert.equal(onPage[name], value);
    for (const path of ['/upscale', '/jobs']) {
      const parameter = paths[path]?.post?.parameters.find((each) => each.name === name);
      assert.ok(JSON.stringify(parameter).includes(value), `${path} ${name}`);
    }
  }
});
