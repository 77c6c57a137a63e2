import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ERROR_TABLE } from '../../src/http/errors/error-table.js';
import { UPSCALE_HEADERS } from '../../src/http/schemas/image.js';
import { OPTION_NAMES } from '../../src/options/option-table.js';
import { atEnd } from '../at-end.js';
import { startApp } from './harness.js';
import { documentOf, operationsOf, schemasIn } from './openapi-document.js';

/** What `/openapi.json` says, judged by a linter and by what generated clients and forms make of it. */

const KEYS = { API_KEYS: 'a-key', RATE_LIMIT_MAX: '1000' };
const LINTER = join(dirname(fileURLToPath(import.meta.resolve('@redocly/cli/package.json'))), 'bin/cli.js');

for (const [which, settings] of [
  ['without keys', {}],
  ['with keys and a rate limit', KEYS],
] as const) {
  test(`the document ${which} satisfies every recommended rule of the linter`, async (t) => {
    const { origin } = await startApp(t, settings);
    const folder = await mkdtemp(join(tmpdir(), 'tessera-openapi-'));
    atEnd(t, () => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(await documentOf(origin)));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [LINTER, 'lint', '--extends=recommended', '--format=json', file],
      {
        cwd: folder,
        // It neither reports what it was used for nor asks for a newer version of itself.
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    );
    const { totals, problems } = JSON.parse(stdout) as { totals: object; problems: unknown };
    assert.deepEqual(problems, []);
    assert.deepEqual(totals, { errors: 0, warnings: 0, ignored: 0 });
  });
}

test('the document tells of its licence, its parts, and a server that is right behind a proxy', async (t) => {
  const { origin } = await startApp(t);
  const { info, tags, servers } = await documentOf(origin);
  assert.ok(info.description.length > 50);
  assert.deepEqual(info.license, { name: 'MIT', identifier: 'MIT' });
  assert.deepEqual(
    servers.map(({ url }) => url),
    ['/'],
  );
  for (const { name, description } of tags) assert.ok(description.length > 10, name);
});

test('every operation has a name that begins with a verb, one known tag, and a summary', async (t) => {
  const { origin } = await startApp(t);
  const document = await documentOf(origin);
  const operations = operationsOf(document).map(({ operation }) => operation);
  const names = operations.map(({ operationId }) => operationId);
  assert.deepEqual(names.toSorted(), [
    'createJobs',
    'deleteJob',
    'followJob',
    'getHealth',
    'getJob',
    'getJobResult',
    'getLiveness',
    'getMetrics',
    'getReadiness',
    'listModels',
    'upscale',
  ]);
  const known = document.tags.map(({ name }) => name);
  for (const { operationId, tags, summary } of operations) {
    assert.ok(tags.length === 1 && known.includes(tags[0] ?? ''), operationId);
    assert.ok(summary.length > 5, operationId);
  }
});

test('what is answered in JSON has a name and describes its members; a problem has an example of its status', async (t) => {
  const { origin } = await startApp(t);
  const document = await documentOf(origin);
  const { schemas } = document.components;
  const used = new Set<string>();
  for (const { operation } of operationsOf(document)) {
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const [type, { schema, example }] of Object.entries(content)) {
        if (type === 'application/problem+json') assert.equal(example?.status, Number(status));
        if (!type.endsWith('json')) continue;
        const name = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? '')?.[1];
        assert.ok(name !== undefined && name in schemas, `${operation.operationId} ${status} ${type}`);
        used.add(name);
      }
    }
  }
  assert.deepEqual([...used].sort(), ['Health', 'Job', 'JobList', 'ModelList', 'Plan', 'Probe', 'Problem']);
  for (const name of [
    'Attempt',
    'JobProblem',
    'JobProgress',
    'JobResult',
    'Model',
    'PlannedCandidate',
    'Provider',
  ]) {
    assert.ok(name in schemas, name);
  }
  for (const [name, schema] of Object.entries(schemas)) {
    for (const [way, member] of schemasIn(schema, name)) {
      if (member.$ref !== undefined || way.endsWith('[]')) continue;
      assert.ok((member.description ?? '').length >= 8, way);
      if (member.enum !== undefined) assert.equal(member.type, 'string', way);
    }
  }
});

test('every option, header and problem is in the document, and uploads have the types of body that are taken', async (t) => {
  const { origin } = await startApp(t);
  const document = await documentOf(origin);
  const { parameters = [], responses, requestBody } = document.paths['/upscale']?.post ?? assert.fail();
  assert.deepEqual(
    parameters.map(({ name }) => name),
    [...OPTION_NAMES, 'prefer', 'idempotency-key'],
  );
  const { content } = requestBody ?? assert.fail();
  assert.deepEqual(Object.keys(content), ['multipart/form-data', 'image/*', 'application/octet-stream']);
  const fields = content['multipart/form-data']?.schema.properties ?? {};
  assert.deepEqual(Object.keys(fields), ['file']);
  assert.equal(fields.file?.format, 'binary');
  const headers = Object.keys(responses['200']?.headers ?? {});
  for (const name of UPSCALE_HEADERS) assert.ok(headers.includes(name), name);
  const described = operationsOf(document)
    .flatMap(({ operation }) => Object.values(operation.responses))
    .map(({ description }) => description);
  assert.ok(!described.includes('Default Response'));
  for (const code of Object.keys(ERROR_TABLE)) {
    // No operation is told of at a path with another method.
    if (code === 'method_not_allowed') continue;
    assert.ok(
      described.some((text) => text.includes(`\`${code}\``)),
      code,
    );
  }
});

test('every parameter says what it accepts and what is meant when it is left out, and none is sent unasked', async (t) => {
  const { origin } = await startApp(t, {
    DEFAULT_MODEL: 'lanczos',
    DEFAULT_TILE_OVERLAP: '200',
    DEFAULT_SCALE: '2',
  });
  for (const { operation } of operationsOf(await documentOf(origin))) {
    const { operationId, parameters = [], requestBody } = operation;
    for (const { name, in: where, description, schema } of parameters) {
      const which = `${operationId} ${name}`;
      if (where !== 'path') assert.match(description, / When left out: .+\.$/, which);
      assert.equal(schema.default, undefined, which);
      if (schema.type === 'number' || schema.type === 'integer') {
        assert.match(
          description,
          /Accepted: a (whole )?number (from|above) \d+ (to|and at most) \d+( px| s)?\./,
          which,
        );
        assert.ok('maximum' in schema && ('minimum' in schema || 'exclusiveMinimum' in schema), which);
      }
      if (schema.type === 'boolean') assert.match(description, /Accepted: true or false\./, which);
    }
    for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
      for (const [way, member] of schemasIn(schema, type)) {
        assert.equal(member.default, undefined, way);
        if (way.startsWith('multipart') && !way.endsWith('[]'))
          assert.ok(member.description !== undefined, way);
      }
    }
  }
});

test('the words for what is left out are the settings of the service, with their unit', async (t) => {
  const { origin } = await startApp(t, {
    DEFAULT_TILE_SIZE: '300',
    DEFAULT_TIMEOUT_SECONDS: '20',
    MAX_TIMEOUT_SECONDS: '90',
  });
  const document = await documentOf(origin);
  const leftOut = (path: string, option: string) =>
    document.paths[path]?.post?.parameters
      ?.find(({ name }) => name === option)
      ?.description.match(/When left out: (.+)\.$/)?.[1];
  assert.equal(leftOut('/upscale', 'tile_size'), '`300` px');
  assert.equal(leftOut('/upscale', 'timeout'), '`20` s');
  assert.equal(leftOut('/jobs', 'timeout'), '`90` s');
  assert.equal(leftOut('/upscale', 'scale'), "the model's (4)");
  assert.equal(leftOut('/upscale', 'format'), '`auto`');
});

test('an operation has a lock where it needs a key, and only there', async (t) => {
  const { origin } = await startApp(t, KEYS);
  const document = await documentOf(origin);
  for (const { path, method, operation } of operationsOf(document)) {
    const { status } = await fetch(origin + path.replace('{id}', 'x'), { method });
    const locks = operation.security ?? document.security;
    assert.equal(locks.length > 0, status === 401, operation.operationId);
    assert.equal('401' in operation.responses, status === 401, operation.operationId);
  }
  assert.deepEqual(document.security, [{ key: [] }, { bearer: [] }]);

  const open = await documentOf((await startApp(t)).origin);
  for (const { operation } of operationsOf(open)) {
    assert.deepEqual(operation.security ?? open.security, [], operation.operationId);
  }
});
