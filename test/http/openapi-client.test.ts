import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { atEnd } from '../at-end.js';
import { picture, startApp } from './harness.js';
import { documentOf } from './openapi-document.js';

/** A client's program: it names what it gets by the types of the document, and has no casts to types of its own. */
const PROGRAM = `
import type { components, operations } from './api.js';

type Schemas = components['schemas'];
type Answer<O extends keyof operations, S extends keyof operations[O]['responses']> =
  operations[O]['responses'][S] extends { content: infer C } ? C[keyof C] : never;

export async function run(origin: string, image: Uint8Array<ArrayBuffer>): Promise<string[]> {
  const query: NonNullable<operations['createJobs']['parameters']['query']> = { scale: 2, format: 'png', fallback: false };
  const body = new FormData();
  body.append('file', new Blob([image]), 'photo.png');
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const created = await fetch(origin + '/jobs?' + text, { method: 'POST', body });
  const { jobs }: Answer<'createJobs', 202> = await created.json();
  const [first] = jobs;
  if (first === undefined) throw new Error('no job');
  let job: Schemas['Job'] = first;
  while (job.state === 'queued' || job.state === 'running')
    job = (await (await fetch(origin + '/jobs/' + job.id)).json()) as Answer<'getJob', 200>;
  const result: Schemas['JobResult'] | undefined = job.result;
  const attempts: readonly Schemas['Attempt'][] = job.attempts;
  const refused = await fetch(origin + '/upscale?scale=9', { method: 'POST', body: image });
  const problem: Schemas['Problem'] = (await refused.json()) as Answer<'upscale', 400>;
  const planned = await fetch(origin + '/upscale?dry_run=true', { method: 'POST', body: image });
  const plan: Schemas['Plan'] = await planned.json();
  const { models }: Schemas['ModelList'] = await (await fetch(origin + '/models')).json();
  const health: Schemas['Health'] = await (await fetch(origin + '/health')).json();
  return [
    job.state,
    String(result?.width),
    attempts.map(({ outcome }) => outcome).join(),
    problem.code === 'invalid_option' ? String(problem.parameter) : problem.detail,
    String(plan.width),
    models.map(({ name }) => name).join(),
    health.status,
  ];
}

// @ts-expect-error: no job is ever in this state, so its type is not any text.
export const state: Schemas['Job']['state'] = 'lost';
// @ts-expect-error: a scale is a number.
export const query: operations['upscale']['parameters']['query'] = { scale: 'large' };
// @ts-expect-error: there is no such problem.
export const code: Schemas['Problem']['code'] = 'unlucky';
`;

const OPTIONS = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'DOM'],
    module: 'NodeNext',
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
  },
  files: ['program.ts'],
};

/**
 * The types that openapi-typescript makes of a document. It builds them with the compiler's own interface, which TypeScript 7 no longer
 * has: the one of TypeScript 5 comes from @ts-morph/common.
 */
async function typesOf(document: object): Promise<string> {
  const compiler = `data:text/javascript,import common from ${JSON.stringify(import.meta.resolve('@ts-morph/common'))}; export default common.ts;`;
  const hook = `export const resolve = (name, context, next) =>
    name === 'typescript' ? { url: ${JSON.stringify(compiler)}, shortCircuit: true } : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
  const { default: generate, astToString } = await import('openapi-typescript');
  return astToString(await generate(JSON.stringify(document)));
}

test('a client generated from the document compiles strictly, with every part by its name, and works', async (t) => {
  const { origin } = await startApp(t);
  const folder = await mkdtemp(join(tmpdir(), 'tessera-client-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'api.d.ts'), await typesOf(await documentOf(origin)));
  await writeFile(join(folder, 'program.ts'), PROGRAM);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(OPTIONS));
  const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc');
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
    (failed: { stdout?: string }) => assert.fail(failed.stdout),
  );
  assert.equal(stdout, '');
  const { run } = (await import(pathToFileURL(join(folder, 'program.js')).href)) as {
    run(origin: string, image: Uint8Array): Promise<string[]>;
  };
  assert.deepEqual(await run(origin, await picture(16, 12)), [
    'succeeded',
    '32',
    'skipped,served',
    'scale',
    '64',
    'fake-x4',
    'ok',
  ]);
});
